use super::Flaw;
use super::signature::Signature;
use crate::mime::HeaderSection;

/// Fields that a reader sees, that an answer follows, or that say which mail this one answers, so that nobody sends a signed
/// mail once more into another conversation: none of them may be there unsigned, nor twice.
const SEEN: [&str; 7] = ["from", "subject", "reply-to", "date", "sender", "in-reply-to", "references"];

/// Whether a signature covers all that a reader sees.
///
/// The standard asks for `From` alone (RFC 6376 5.4), and its section 8.2 says what can be done with the rest: `l=` lets
/// anybody add to the body, an unsigned `Content-Type` lets anybody choose what of it is shown.
pub(super) fn check(header: &HeaderSection, body: &[u8], signature: &Signature) -> Result<(), Flaw> {
    if !signature.whole_body {
        return Err(Flaw::OpenEnd);
    }
    let covers = |name: &str| signature.covered.iter().any(|covered| covered == name);
    for name in SEEN.into_iter().chain(["content-type", "content-transfer-encoding"]) {
        if header.count(name) > 1 {
            return Err(Flaw::Repeated);
        }
    }
    let seen = SEEN.into_iter().all(|name| header.count(name) == 0 || covers(name));
    match covers("from") && seen && (covers("content-type") || is_plain_or_tight(header, body)) {
        true => Ok(()),
        false => Err(Flaw::Uncovered),
    }
}

/// Whether an unsigned `Content-Type`, as some large providers send it, leaves no choice: the whole body is shown as it
/// is, or its first and last lines are the boundary's, so that no other boundary could show less of it.
fn is_plain_or_tight(header: &HeaderSection, body: &[u8]) -> bool {
    let Some(kind) = header.structured("content-type") else { return true };
    if kind.value == "text/plain" {
        return true;
    }
    let Some(boundary) = kind.parameter("boundary").filter(|_| kind.value.starts_with("multipart/")) else {
        return false;
    };
    let lines = body.trim_ascii();
    let (first, last) = (format!("--{boundary}"), format!("--{boundary}--"));
    let line_of = |line: Option<&[u8]>| line.map(|line| line.trim_ascii_end().to_vec());
    line_of(lines.split(|byte| *byte == b'\n').next()).as_deref() == Some(first.as_bytes())
        && line_of(lines.rsplit(|byte| *byte == b'\n').next()).as_deref() == Some(last.as_bytes())
}
