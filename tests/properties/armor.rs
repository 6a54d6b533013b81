//! Armor in a text: what is found, and that nothing around it is lost.

use advisory_intake::model::PartContent;
use advisory_intake::openpgp;

use super::{opened, opening};

const HEAD: &[u8] = b"From: Mira <mira@halden-labs.example>\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n";

/// A text with anything in it shows every line that stands before the first mark of armor and behind the last.
pub fn check(text: &[u8]) {
    if let Some(binary) = openpgp::dearmor(text) {
        assert!(binary.len() <= text.len(), "armor that grows");
        openpgp::kind(&binary);
    }
    openpgp::kind(text);

    let mail = [HEAD, text].concat();
    let opening = opening(&mail);
    opened::tells_one_story(&opening);
    opened::is_bounded(&opening, mail.len());
    let shown: Vec<&str> = opening
        .parts
        .iter()
        .filter_map(|part| match &part.content {
            PartContent::Text(text) => Some(text.expose().as_str()),
            PartContent::Attachment(_) => None,
        })
        .collect();
    for line in clear_lines(text) {
        assert!(shown.iter().any(|text| text.contains(line)), "lost {line:?} of {shown:?}");
    }
}

/// Lines that no armor can reach, of plain words.
fn clear_lines(text: &[u8]) -> Vec<&str> {
    let Ok(text) = std::str::from_utf8(text) else { return Vec::new() };
    let marks: Vec<usize> = text.match_indices("PGP").map(|(at, _)| at).collect();
    let (before, behind) = match (marks.first(), marks.last()) {
        (Some(first), Some(last)) => (text.get(..*first), text.get(*last..)),
        _ => (Some(text), None),
    };
    let before = before.unwrap_or_default();
    // The line that a mark stands in belongs to neither.
    let before = before.rsplit_once('\n').map_or(if marks.is_empty() { before } else { "" }, |(lines, _)| lines);
    let behind = behind.and_then(|text| text.split_once('\n')).map_or("", |(_, lines)| lines);
    let plain = |line: &&str| !line.is_empty() && line.bytes().all(|b| b.is_ascii_alphanumeric());
    // Such words may be of a uuencoded file, of mail in mail, or of armor in base64 as well, and a secret
    // key without an end takes all that follows with it.
    let other =
        ["begin", "From", "Content", "PRIVATE", "rivate", "LS0tLS1CRUdJTiBQR1A"].iter().any(|word| text.contains(word));
    before.lines().chain(behind.lines()).filter(plain).filter(|_| !other).collect()
}
