//! What is odd about the shape of a mail.

use super::walk::Walk;
use crate::mime::{HeaderSection, Structured};
use crate::model::{Address, Doubt, LearnedFrom, PartContent};

/// Words beside a certificate that say no more than that it comes.
const FEW_WORDS: usize = 30;

/// Whether a header section says twice, and differently, what follows: which one counts, every program decides for itself.
pub(super) fn is_ambiguous(header: &HeaderSection) -> bool {
    let differ = |name: &str, same: fn(&Structured, &Structured) -> bool| {
        header.count(name) > 1 && {
            let all = header.all_structured(name);
            all.windows(2).any(|pair| !matches!(pair, [one, other] if same(one, other)))
        }
    };
    let same_type = |one: &Structured, other: &Structured| {
        one.value == other.value && one.parameter("boundary") == other.parameter("boundary")
    };
    let boundaries = || header.structured("content-type").is_some_and(|kind| kind.has_two_different("boundary"));
    differ("content-type", same_type)
        || differ("content-transfer-encoding", |one, other| one.value == other.value)
        || boundaries()
}

/// All that is odd about a mail that was walked through.
pub(super) fn doubts(walk: &Walk, author: Option<&Address>) -> Vec<Doubt> {
    let mut doubts = walk.doubts.clone();
    let untouched = walk.tried == 0 && walk.failure.is_none();
    let more = [
        (Doubt::QuotedCiphertext, walk.quoted && walk.opened == 0),
        (Doubt::ShutPiece, walk.opened > 0 && !walk.shut.is_empty()),
        (Doubt::OnlyCertificates, untouched && only_certificates(walk)),
        (Doubt::Blank, untouched && walk.seen.is_empty() && author.is_none()),
    ];
    doubts.extend(more.into_iter().filter(|(_, holds)| *holds).map(|(doubt, _)| doubt));
    doubts
}

fn only_certificates(walk: &Walk) -> bool {
    let words = walk.seen.iter().map(|seen| match &seen.part.content {
        PartContent::Text(text) => text.expose().split_whitespace().take(FEW_WORDS + 1).count(),
        PartContent::Attachment(_) => FEW_WORDS + 1,
    });
    let attached = walk.keys.in_model().iter().any(|cert| cert.learned_from == LearnedFrom::Attachment);
    attached && words.sum::<usize>() <= FEW_WORDS
}
