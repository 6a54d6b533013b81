//! What headers and structure decide without a look at the words (RFC 3834, RFC 3464, our own Message-IDs).

use super::Decided;
use crate::model::{Automatic, CaseId, Identity, Kind, MailId, OpenedMessage, Report};

/// The kind that the structure alone decides, if it does.
pub(super) fn decide(message: &OpenedMessage, report: &Report, identity: &Identity) -> Option<Decided> {
    let decided = |kind, case, because| Some(Decided { kind, case, confidence: 0.99, because });
    let named = case_of(message, identity);
    match &message.automatic {
        Some(Automatic::Bounce { of }) => {
            let case = of.as_ref().and_then(|id| case_in_id(id, identity)).or(named);
            return decided(Kind::Bounce, case, "a delivery status notification, or mail from the null path");
        }
        Some(Automatic::AutoReply) => {
            return decided(Kind::AutoReply, named, "its headers say that a program answered for a person");
        }
        Some(Automatic::OwnMail { case }) => {
            return decided(Kind::AutoReply, case.clone(), "the gateway's own mail, come back");
        }
        // Generated mail can be a scanner's real report: its words decide.
        Some(Automatic::Generated) | None => {}
    }
    if message.failure.is_some() {
        return decided(Kind::Unreadable, named, "it holds ciphertext that gave nothing");
    }
    if let Some(case) = named {
        return decided(Kind::FollowUp, Some(case), "it names a case in its subject, or answers mail about one");
    }
    is_empty(message, report).then_some(())?;
    decided(Kind::Empty, None, "no words, no attachment, and no subject that says anything")
}

/// Nothing to read and nothing attached.
fn is_empty(message: &OpenedMessage, report: &Report) -> bool {
    let blank = |text: &str| !text.chars().any(char::is_alphanumeric);
    let clear = report.clear_text.as_ref().is_none_or(|text| blank(text.expose()));
    // A certificate alone counts as an attachment; the words around it decide what it is for.
    let attached = !report.attachments.is_empty() || !message.certificates.is_empty();
    let words = message.subject.expose().split_whitespace().count();
    blank(report.text.expose()) && clear && !attached && words < 3
}

/// The case in the subject, else the one that the mail answers to.
fn case_of(message: &OpenedMessage, identity: &Identity) -> Option<CaseId> {
    let subject = case_in(message.subject.expose(), &identity.case_prefix);
    let answered = || {
        let ids = message.headers.in_reply_to.iter().chain(message.headers.references.iter().rev());
        ids.filter_map(|id| case_in_id(id, identity)).next()
    };
    subject.or_else(answered)
}

/// A case in one of our own Message-IDs; nobody else's say anything.
fn case_in_id(id: &MailId, identity: &Identity) -> Option<CaseId> {
    let (left, right) = id.as_str().rsplit_once('@')?;
    right.eq_ignore_ascii_case(&identity.message_id_domain).then(|| case_in(left, &identity.case_prefix))?
}

/// The first case of ours that `text` names.
pub(super) fn case_in(text: &str, prefix: &str) -> Option<CaseId> {
    let (upper, mark) = (text.to_ascii_uppercase(), format!("{}-", prefix.to_ascii_uppercase()));
    upper.match_indices(&mark).find_map(|(at, _)| {
        let rest = upper.get(at..)?;
        let number = rest.get(mark.len()..)?;
        let digits = number.find(|c: char| !(c.is_ascii_digit() || c == '-')).unwrap_or(number.len());
        let whole = rest.get(..mark.len() + digits)?;
        // `2026-0031-2` names the case and a counter behind it.
        let two: Vec<&str> = whole.get(mark.len()..)?.splitn(3, '-').take(2).collect();
        format!("{mark}{}", two.join("-")).parse().ok()
    })
}
