//! The inputs that are kept: found by fuzzing, or shapes of mail that fuzzing starts from.

use std::fs;
use std::path::Path;

use super::*;

/// Panics where something does not hold.
type Check = fn(&[u8]);

/// Every target with its check; a new one is a line here and a file in `fuzz/fuzz_targets`.
const TARGETS: [(&str, Check); 8] = [
    ("open", opened::check),
    ("inside", inside::check),
    ("armor", armor::check),
    ("limits", limits::check),
    ("header", header::check),
    ("neutral", neutral::check),
    ("routing", routing::check),
    ("whole", whole::check),
];

/// Largest seed, in bytes: a corpus of small inputs is a fast one.
const LARGEST: u64 = 200_000;

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

#[test]
fn what_fuzzing_found_holds() {
    for (target, check) in TARGETS {
        let seeds = files(&root().join("fuzz/seeds").join(target));
        assert!(!seeds.is_empty(), "no seeds for {target}");
        for seed in seeds {
            let data = fs::read(&seed).unwrap();
            assert!(data.len() as u64 <= LARGEST, "{} is too large", seed.display());
            let held = std::panic::catch_unwind(|| check(&data));
            assert!(held.is_ok(), "{}", seed.display());
        }
    }
}

#[test]
fn every_target_is_listed() {
    let mut named: Vec<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    let stem = |path: PathBuf| path.file_stem().unwrap().to_str().unwrap().to_owned();
    let mut there: Vec<String> = files(&root().join("fuzz/fuzz_targets")).into_iter().map(stem).collect();
    named.sort();
    there.sort();
    assert_eq!(named, there);
}

/// Inputs for each target below; a fixed sequence, so that what fails once fails again.
const ROUNDS: usize = 60;

/// A few changed seeds each time the tests run, without any fuzzer. `ROUNDS=20000` makes more of them.
#[test]
fn changed_seeds_hold() {
    let rounds = std::env::var("ROUNDS").map_or(ROUNDS, |rounds| rounds.parse().unwrap());
    for (target, check) in TARGETS {
        let seeds: Vec<Vec<u8>> =
            files(&root().join("fuzz/seeds").join(target)).iter().map(|seed| fs::read(seed).unwrap()).collect();
        let words = words();
        let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
        for round in 0..rounds {
            let mut data = seeds[dice.below(seeds.len())].clone();
            for _ in 0..=dice.below(4) {
                change(&mut data, &seeds, &words, &mut dice);
            }
            let held = std::panic::catch_unwind(|| check(&data));
            if held.is_err() {
                let kept = std::env::temp_dir().join(format!("{target}-{round}"));
                fs::write(&kept, &data).unwrap();
                panic!("{target} fails on {}", kept.display());
            }
        }
    }
}

/// The words of the dictionaries.
fn words() -> Vec<Vec<u8>> {
    let lines = files(&root().join("fuzz/dict")).into_iter().map(|file| fs::read_to_string(file).unwrap());
    let all: Vec<String> = lines.flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>()).collect();
    all.iter().map(|line| unescaped(line.trim_matches('"'))).collect()
}

/// A dictionary's `\x0a` and `\"`.
fn unescaped(text: &str) -> Vec<u8> {
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let Some((first, after)) = rest.split_first() {
        let hex = after.strip_prefix(b"x").and_then(|digits| digits.get(..2));
        let byte = hex.and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        rest = match (first, byte) {
            (b'\\', Some(byte)) => {
                bytes.push(byte);
                &after[3..]
            }
            (b'\\', None) => {
                bytes.extend(after.first());
                after.get(1..).unwrap_or_default()
            }
            _ => {
                bytes.push(*first);
                after
            }
        };
    }
    bytes
}

/// Xorshift (Marsaglia 2003).
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % most.max(1) as u64).unwrap()
    }

    /// A stretch of something so long.
    fn stretch(&mut self, length: usize) -> std::ops::Range<usize> {
        let start = self.below(length);
        start..start + self.below((length - start).min(200))
    }
}

/// One change, of the kinds that fuzzers make.
fn change(data: &mut Vec<u8>, seeds: &[Vec<u8>], words: &[Vec<u8>], dice: &mut Dice) {
    let at = dice.below(data.len() + 1);
    match dice.below(7) {
        0 if at < data.len() => data[at] ^= 1 << dice.below(8),
        1 if at < data.len() => data[at] = u8::try_from(dice.below(256)).unwrap(),
        2 => drop(data.drain(dice.stretch(data.len()))),
        3 => {
            let again = data[dice.stretch(data.len())].repeat(1 + dice.below(20));
            data.splice(at..at, again);
        }
        4 => {
            let other = &seeds[dice.below(seeds.len())];
            data.splice(at..at, other[dice.stretch(other.len())].iter().copied());
        }
        5 => data.truncate(at),
        _ => {
            let word = &words[dice.below(words.len())];
            data.splice(at..at, word.iter().copied());
        }
    }
}
