//! The day after which a reporter means to publish.

use time::{Date, Duration, Month};

use crate::triage::first_bytes;

/// Words of a line or sentence that speaks of publishing or of its date, in lower case.
const CUES: &[&str] = &[
    "publi",
    "pubbli",
    "публик",
    "раскры",
    "disclos",
    "embargo",
    "deadline",
    "days counted from",
    "days from today",
    "go live",
    "inform public",
    "days end",
    "days are over",
    "days expire",
    "days, then",
    "customers are informed",
    "customers will be informed",
    "inform our customers",
    "informieren wir unsere kunden",
    "kunden informiert",
    "confidential until",
    "vertraulich bis",
    "confidentiel jusqu",
    "confidencial hasta",
    "confidencial até",
    "riservato fino",
    "write-up",
    "writeup",
    "blog",
    "talk",
    "present",
    "veröffentlich",
    "frist",
    "offenleg",
    "divulg",
    "échéance",
    "fecha límite",
    "plazo",
    "prazo",
    "公开",
    "공개",
    "公開",
    "披露",
    "期限",
];

/// What denies a deadline: "no deadline from me".
const DENIALS: &[&str] = &[
    "no deadline",
    "not set a deadline",
    "no embargo",
    "keine frist",
    "sin plazo",
    "sem prazo",
    "already",
    "isn't going to be published",
    "is not going to be published",
    "isn't meant to be published",
    "is not meant to be published",
    "wird nicht veröffentlicht",
    "ne sera pas publié",
    "no se publicará",
    "não será publicad",
];

/// What tells that a number of days is over and no longer runs.
const EXPIRED: &[&str] = &[
    "days are over",
    "days are up",
    "days ended",
    "days have",
    "day deadline has",
    "deadline has passed",
    "expired",
    "elapsed",
    "i published",
    "we published",
    "was published",
    "been published",
    "i disclosed",
    "we disclosed",
    "abgelaufen",
    "sind vorbei",
    "sind um",
    "écoulés",
    "han pasado",
    "ha vencido",
    "passaram",
    "已过",
    "已經過",
    "が過ぎ",
    "経過し",
];

/// What tells so only of the days in its own sentence: "it went public by itself at the 90 day mark".
const OPENED: &[&str] = &[
    "went public",
    "became public",
    "turned public",
    "flipped",
    "öffentlich geworden",
    "devenu public",
    "se hizo público",
];

/// What makes the end of the days one that is still to come: "once the 90 days are over".
const CONDITIONS: &[&str] =
    &["when ", "once ", "until ", "as soon as ", "sobald ", "wenn ", "dès que ", "cuando ", "quando "];

/// Longest time ahead that is believed, in days.
const FARTHEST: i64 = 730;

/// Farthest ahead that a day without a year is believed to lie, in days: what is farther was this year, and is over.
const FARTHEST_WITHOUT_YEAR: i64 = 270;

/// How much of a sentence is read, in bytes: what is longer is no sentence.
const LONGEST_SENTENCE: usize = 4096;

/// The deadline that `text` states, counted from the day it was `sent`.
///
/// A date or a number of days counts when its sentence or the line speaks of publishing, and when it lies ahead.
pub(super) fn deadline(text: &str, sent: Date) -> Option<Date> {
    let candidates = text.lines().map(str::to_owned).chain(sentences(text));
    let spoken = |candidate: &String| CUES.iter().any(|cue| candidate.contains(cue));
    let denied = |candidate: &String| DENIALS.iter().any(|denial| candidate.contains(denial));
    let lower = candidates.map(|candidate| first_bytes(&candidate, LONGEST_SENTENCE).to_lowercase());
    let telling: Vec<String> = lower.filter(|candidate| spoken(candidate) && !denied(candidate)).collect();
    // A date says more than a number of days, which may have begun earlier.
    let date = telling.iter().find_map(|candidate| date_in(candidate, sent));
    let over = |candidate: &String| {
        let says = |words: &[&str]| words.iter().any(|word| candidate.contains(word));
        let opened = || says(OPENED) && !candidate.contains(". ") && span_in(candidate, sent).is_some();
        (says(EXPIRED) || opened()) && !says(CONDITIONS)
    };
    date.or_else(|| {
        // Whoever says anywhere that the days are over means the same days everywhere.
        let running = telling.iter().all(|candidate| !over(candidate));
        telling.iter().filter(|_| running).find_map(|candidate| span_in(candidate, sent))
    })
}

/// Pieces between full stops and empty lines, each in one line.
fn sentences(text: &str) -> impl Iterator<Item = String> {
    let paragraphs = text.split("\n\n").map(|paragraph| paragraph.split_whitespace().collect::<Vec<_>>().join(" "));
    paragraphs.flat_map(|paragraph| {
        let ends: Vec<String> = paragraph
            .replace(". ", ".\n")
            .replace("! ", "!\n")
            .replace("? ", "?\n")
            .replace('。', "。\n")
            .lines()
            .map(str::to_owned)
            .collect();
        // "3. August" is one date and no sentence's end.
        ends.into_iter().fold(Vec::new(), |mut joined: Vec<String>, piece| {
            match joined.last_mut() {
                Some(last)
                    if last.ends_with('.') && last.trim_end_matches('.').ends_with(|c: char| c.is_ascii_digit()) =>
                {
                    last.push(' ');
                    last.push_str(&piece);
                }
                _ => joined.push(piece),
            }
            joined
        })
    })
}

fn ahead(date: Date, sent: Date) -> Option<Date> {
    let days = (date - sent).whole_days();
    (days > 0 && days <= FARTHEST).then_some(date)
}

/// A calendar date: ISO, `3 August 2026`, `August 3`, `3.8.2026`, `2026年8月3日`. Without a year the next such day.
fn date_in(text: &str, sent: Date) -> Option<Date> {
    let words: Vec<&str> =
        text.split(|c: char| !(c.is_alphanumeric() || c == '-')).filter(|word| !word.is_empty()).collect();
    let iso = words.iter().find_map(|word| iso_date(word).and_then(|date| ahead(date, sent)));
    iso.or_else(|| (0..words.len()).find_map(|at| named_date(&words, at, sent)))
        .or_else(|| ideographic(text, ['年', '月', '日'], sent))
        .or_else(|| ideographic(text, ['년', '월', '일'], sent))
        .or_else(|| slashed(text, sent))
        .or_else(|| {
            (0..words.len()).find_map(|at| {
                // Day before month: the only order that is written with dots.
                let [day, month, year] = words.get(at..at + 3)? else { return None };
                let date = calendar(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?)?;
                ahead(date, sent).filter(|_| text.contains(&format!("{day}.{month}.{year}")))
            })
        })
}

fn iso_date(word: &str) -> Option<Date> {
    let mut parts = word.splitn(3, '-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    (year.len() == 4).then(|| calendar(year.parse().ok()?, month.parse().ok()?, day.get(..2)?.parse().ok()?))?
}

fn ideographic(text: &str, [year, month, day]: [char; 3], sent: Date) -> Option<Date> {
    let (before, after) = text.split_once(year)?;
    let year = before.get(before.len().checked_sub(4)?..)?.parse().ok()?;
    let (month, rest) = after.split_once(month)?;
    let day = rest.split_once(day)?.0;
    ahead(calendar(year, month.trim().parse().ok()?, day.trim().parse().ok()?)?, sent)
}

/// `2026/06/15`, `15/06/2026`, `06/15/2026`. Where day and month could be either, the earlier day is meant: who waits for
/// the later one may be too late.
fn slashed(text: &str, sent: Date) -> Option<Date> {
    let words = text.split(|c: char| !(c.is_ascii_digit() || c == '/'));
    words.filter(|word| word.len() <= 10).find_map(|word| {
        let [a, b, c] = *word.split('/').collect::<Vec<_>>() else { return None };
        let of = |year: &str, month: &str, day: &str| {
            let date = (year.len() == 4).then(|| calendar(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?));
            ahead(date??, sent)
        };
        [of(a, b, c), of(c, b, a), of(c, a, b)].into_iter().flatten().min()
    })
}

fn named_date(words: &[&str], at: usize, sent: Date) -> Option<Date> {
    let month = month(words.get(at)?)?;
    let number =
        |word: Option<&&str>| word.and_then(|w| w.trim_end_matches(|c: char| c.is_alphabetic()).parse::<u16>().ok());
    let (before, after) = (at.checked_sub(1).and_then(|b| number(words.get(b))), number(words.get(at + 1)));
    // "3 de agosto de 2026", "3rd of August".
    let de = matches!(words.get(at.wrapping_sub(1)), Some(&"de" | &"of"));
    let before = if de { at.checked_sub(2).and_then(|b| number(words.get(b))) } else { before };
    let is_day = |n: &u16| (1..=31).contains(n);
    let (day, next) = match (before.filter(is_day), after.filter(is_day)) {
        (Some(day), _) => (day, at + if words.get(at + 1) == Some(&"de") { 2 } else { 1 }),
        (None, Some(day)) => (day, at + 2),
        (None, None) => return None,
    };
    let day = u8::try_from(day).ok()?;
    match number(words.get(next)).filter(|year| (2000..2100).contains(year)) {
        Some(year) => ahead(calendar(i32::from(year), month, day)?, sent),
        None => {
            let next = [sent.year(), sent.year() + 1].into_iter();
            let next = next.filter_map(|year| calendar(year, month, day)).find_map(|date| ahead(date, sent));
            next.filter(|date| (*date - sent).whole_days() <= FARTHEST_WITHOUT_YEAR)
        }
    }
}

fn calendar(year: i32, month: u8, day: u8) -> Option<Date> {
    Date::from_calendar_date(year, Month::try_from(month).ok()?, day).ok()
}

/// Beginnings of month names in English, German, French, Spanish, Portuguese, Italian and Russian, by month.
const MONTHS: &[(&[&str], u8)] = &[
    (&["jan", "ene", "gen", "янв"], 1),
    (&["feb", "fév", "fev", "фев"], 2),
    (&["mar", "mär", "мар"], 3),
    (&["apr", "avr", "abr", "апр"], 4),
    (&["may", "mai", "mayo", "maio", "mag", "мая"], 5),
    (&["jun", "juin", "giu", "июн"], 6),
    (&["jul", "juil", "lug", "июл"], 7),
    (&["aug", "aoû", "aou", "ago", "авг"], 8),
    (&["sep", "set", "сен"], 9),
    (&["oct", "okt", "out", "ott", "окт"], 10),
    (&["nov", "ноя"], 11),
    (&["dec", "dez", "déc", "dic", "дек"], 12),
];

/// Words that begin like a month and are none.
const NO_MONTHS: &[&str] = &[
    "may",
    "set",
    "out",
    "mark",
    "marked",
    "market",
    "decide",
    "decided",
    "outside",
    "output",
    "setup",
    "octet",
    "june",
    "general",
    "generate",
    "generated",
    "generic",
    "gentle",
    "magic",
    "maintain",
    "maintainer",
    "main",
    "mail",
    "marginal",
];

fn month(word: &str) -> Option<u8> {
    let long_enough = word.chars().count() >= 3 && word.chars().all(char::is_alphabetic) && word.chars().count() <= 10;
    let exact = match word {
        "may" => Some(5),
        "june" => Some(6),
        _ => None,
    };
    exact.or_else(|| {
        let begins = |names: &&[&str]| names.iter().any(|name| word.starts_with(name));
        let found = MONTHS.iter().find(|(names, _)| begins(names))?;
        (long_enough && !NO_MONTHS.contains(&word)).then_some(found.1)
    })
}

/// Units of time in days.
const UNITS: &[(&str, i64)] = &[
    ("day", 1),
    ("tag", 1),
    ("kalendertag", 1),
    ("jour", 1),
    ("día", 1),
    ("dia", 1),
    ("week", 7),
    ("woche", 7),
    ("semaine", 7),
    ("semana", 7),
    ("giorn", 1),
    ("дн", 1),
    ("settiman", 7),
    ("недел", 7),
    ("month", 30),
    ("monat", 30),
    ("mois", 30),
    ("mes", 30),
    ("mês", 30),
    ("месяц", 30),
];

/// "90 days", "90-day", "three months", "90天", "90日" counted from `sent`.
fn span_in(text: &str, sent: Date) -> Option<Date> {
    let words: Vec<&str> = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let spelled = |word: &str| {
        const NUMBERS: &[(&str, i64)] = &[
            ("two", 2),
            ("three", 3),
            ("four", 4),
            ("six", 6),
            ("thirty", 30),
            ("sixty", 60),
            ("ninety", 90),
            ("dreißig", 30),
            ("sechzig", 60),
            ("neunzig", 90),
            ("trente", 30),
            ("soixante", 60),
            ("treinta", 30),
            ("sesenta", 60),
            ("noventa", 90),
            ("trinta", 30),
            ("sessenta", 60),
        ];
        word.parse().ok().or_else(|| NUMBERS.iter().find(|(name, _)| *name == word).map(|(_, n)| *n))
    };
    // "45 calendar days" are 45 days.
    let words: Vec<&str> = words.into_iter().filter(|word| *word != "calendar" && *word != "full").collect();
    let pair = words.windows(2).find_map(|pair| {
        let [count, unit] = pair else { return None };
        // With an ending at most: "messages" are no months.
        let is =
            |name: &str| unit.starts_with(name) && unit.chars().count() <= name.chars().count() + 2 && *unit != "tags";
        let (_, days) = UNITS.iter().find(|(name, _)| is(name))?;
        spelled(count).filter(|n: &i64| (1..=FARTHEST).contains(n)).map(|n| n * days)
    });
    let east = || {
        let at = text.find(['天', '日'])?;
        let digits: String =
            text.get(..at)?.chars().rev().skip_while(|c| c.is_whitespace()).take_while(char::is_ascii_digit).collect();
        digits.chars().rev().collect::<String>().parse().ok()
    };
    // Long past spans ("released 3 days ago") are no deadline.
    let past = ["ago", "vor ", "il y a", "hace", "há "].iter().any(|word| text.contains(word));
    let days = pair.or_else(east).filter(|days| !past && *days >= 5)?;
    sent.checked_add(Duration::days(days)).and_then(|date| ahead(date, sent))
}
