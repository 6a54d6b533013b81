//! What a report says of itself: which CVE is its own, and whether it asks for silence.

use crate::triage::first_bytes;

/// What stands in a sentence with a CVE that is this finding's.
const OWN: &[&str] = &[
    "assigned",
    "reserved",
    "allocated",
    "got a cve",
    "tracked as",
    "tracked under",
    "cve id:",
    "cve-id:",
    "cve:",
    "cve_id",
    "identified as",
    "this is cve",
    "zugewiesen",
    "reserviert",
    "attribué",
    "réservé",
    "asignad",
    "reservad",
    "atribuíd",
    "分配",
    "割り当て",
];

/// What stands in a sentence with a CVE that is another finding's.
const OTHER: &[&str] = &[
    "like cve",
    "similar",
    "same class",
    "same as",
    "variant of",
    "bypass",
    "incomplete fix",
    "regression of",
    "fix for cve",
    "fix of cve",
    "related",
    "reminds",
    "compare",
    "cf.",
    "e.g.",
    "analogous",
    "unlike",
    "ähnlich",
    "similaire",
    "semejante",
    "parecid",
    "类似",
    "同様",
];

/// Of the CVEs `all`, those that the text says are this finding's. Nothing is guessed: one that is named without a word about
/// it is only mentioned.
pub(super) fn own_cves(text: &str, all: &[String]) -> Vec<String> {
    let lower = text.to_lowercase();
    let lines = lower.split_inclusive(['\n', '!', '?', ';', '。']);
    let sentences = lines.flat_map(|line| line.split(". ")).filter(|sentence| sentence.contains("cve"));
    let sentences: Vec<&str> = sentences.map(|sentence| first_bytes(sentence, LONGEST_SENTENCE)).collect();
    let claimed = |id: &&String| {
        let id = id.to_lowercase();
        let with = sentences.iter().filter(|sentence| sentence.contains(&id));
        with.filter(|s| !OTHER.iter().any(|word| s.contains(word))).any(|s| OWN.iter().any(|word| s.contains(word)))
    };
    all.iter().filter(claimed).cloned().collect()
}

/// How much of a sentence is read, in bytes: what is longer is no sentence.
const LONGEST_SENTENCE: usize = 4096;

/// What asks for silence.
const SILENCE: &[&str] = &[
    "under embargo",
    "embargo until",
    "embargoed",
    "request an embargo",
    "please keep this confidential",
    "please keep it confidential",
    "keep this private until",
    "keep this confidential",
    "do not disclose",
    "don't disclose",
    "do not share this",
    "not for further distribution",
    "tlp:red",
    "tlp:amber",
    "embargo bis",
    "vertraulich behandeln",
    "sous embargo",
    "rester confidentiel",
    "reste confidentiel",
    "garder confidentiel",
    "titre confidentiel",
    "bajo embargo",
    "mantener confidencial",
    "mantenerlo confidencial",
    "forma confidencial",
    "manter confidencial",
    "sob embargo",
    "保密",
    "請勿公開",
    "请勿公开",
    "公開しないで",
    "内密",
];

/// What says that there is no such wish.
const NO_SILENCE: &[&str] = &[
    "no embargo",
    "not under embargo",
    "without embargo",
    "embargo is over",
    "embargo has ended",
    "embargo was lifted",
    "embargo ended",
    "kein embargo",
    "pas d'embargo",
    "sin embargo,",
    "sem embargo",
];

/// Whether the text asks that nothing is published for now.
pub(super) fn asks_for_silence(text: &str) -> bool {
    let lower = text.to_lowercase();
    SILENCE.iter().any(|word| lower.contains(word)) && !NO_SILENCE.iter().any(|word| lower.contains(word))
}
