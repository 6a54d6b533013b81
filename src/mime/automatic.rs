use super::author::author;
use super::entity::{Content, Entity};
use super::facts::{is_ours, list_addresses};
use super::header::HeaderSection;
use crate::model::{Automatic, CaseId, Identity, MailId};

/// Whether a program sent this, by structure alone: RFC 3834 fields, the null return path, report types, and the
/// gateway's own Message-IDs; never by words in its body.
pub fn automatic(mail: &Entity, identity: &Identity) -> Option<Automatic> {
    let header = &mail.header;
    if let Some(own) = own_mail(header, identity) {
        return Some(own);
    }
    if is_bounce(mail, identity) {
        return Some(Automatic::Bounce { of: bounced(mail, identity) });
    }
    if is_auto_reply(mail, identity) {
        return Some(Automatic::AutoReply);
    }
    (is_generated(header, identity) || speaks_for_mail_system(header)).then_some(Automatic::Generated)
}

fn own_mail(header: &HeaderSection, identity: &Identity) -> Option<Automatic> {
    let from_us = author(header).address.is_some_and(|address| is_ours(&address, identity));
    let id = header.ids("message-id").into_iter().find(|id| is_own_id(id, identity))?;
    from_us.then(|| Automatic::OwnMail { case: case_of(&id) })
}

/// Whether the gateway made this Message-ID: `<otel-sec-2026-0001.x@domain>`, `<intake.x@domain>`.
fn is_own_id(id: &MailId, identity: &Identity) -> bool {
    let (left, right) = id.as_str().rsplit_once('@').unwrap_or_default();
    let begins = left.split('.').next().unwrap_or_default();
    right.eq_ignore_ascii_case(&identity.message_id_domain)
        && (begins.eq_ignore_ascii_case("intake")
            || begins.to_ascii_lowercase().starts_with(&identity.case_prefix.to_ascii_lowercase()))
}

fn case_of(id: &MailId) -> Option<CaseId> {
    id.as_str().split('.').next()?.parse().ok()
}

/// A delivery status notification (RFC 3464), or what mail systems send that never heard of it.
///
/// People write from `postmaster` too, so that address alone makes a bounce only of what names a mail of ours.
fn is_bounce(mail: &Entity, identity: &Identity) -> bool {
    let header = &mail.header;
    let report = mail.media_type() == "multipart/report"
        && report_type(mail) != Some("disposition-notification".into())
        && report_type(mail) != Some("feedback-report".into());
    let status = mail.children().iter().any(|part| part.media_type() == "message/delivery-status");
    let returned = mail.children().iter().any(|part| matches!(part.content, Content::Message(_)));
    report
        || status
        || has_null_path(header) && returned
        // Exim's own report has no other mark.
        || header.count("x-failed-recipients") > 0 && is_postmaster(header)
        || is_mailer_daemon(header)
        || speaks_for_mail_system(header) && bounced(mail, identity).is_some_and(|id| is_own_id(&id, identity))
}

fn speaks_for_mail_system(header: &HeaderSection) -> bool {
    header.count("x-failed-recipients") > 0
        || (has_null_path(header) || header.count("return-path") == 0)
            && is_postmaster(header)
            && !is_written_by_postmaster(header)
}

/// A person who looks after a mail system and answers by hand: programs that bounce from `postmaster` make no subject of
/// an answer, and say that they are programs.
fn is_written_by_postmaster(header: &HeaderSection) -> bool {
    let local = author(header).address.map(|address| address.local().to_ascii_lowercase());
    let answers = header.text("subject").is_some_and(|subject| {
        let subject = subject.trim_start().to_ascii_lowercase();
        ["re:", "aw:", "sv:", "antw:", "rv:", "tr:"].iter().any(|mark| subject.starts_with(mark))
    });
    let marked = ["auto-submitted", "precedence", "x-autoreply"].iter().any(|name| header.count(name) > 0);
    local.as_deref() == Some("postmaster")
        && !has_null_path(header)
        && !marked
        && answers
        && !header.ids("in-reply-to").is_empty()
}

fn report_type(mail: &Entity) -> Option<String> {
    mail.content_type.parameter("report-type").map(str::to_ascii_lowercase)
}

fn has_null_path(header: &HeaderSection) -> bool {
    header.keyword("return-path").is_some_and(|path| path == "<>")
}

/// The mailbox that speaks for a mail system (RFC 5321 4.5.5 and long custom).
fn is_postmaster(header: &HeaderSection) -> bool {
    let local = author(header).address.map(|address| address.local().to_ascii_lowercase());
    matches!(local.as_deref(), Some("mailer-daemon" | "postmaster"))
}

/// No person writes under this name; mail servers that never heard of reports bounce under it.
fn is_mailer_daemon(header: &HeaderSection) -> bool {
    let named = author(header).address.is_some_and(|address| address.local().eq_ignore_ascii_case("mailer-daemon"));
    named && (has_null_path(header) || header.count("return-path") == 0)
}

/// The Message-ID of the mail that came back: from the returned message or its returned header section, else one of our
/// own that the report mentions.
fn bounced(mail: &Entity, identity: &Identity) -> Option<MailId> {
    let parts = mail.walk();
    let returned = parts.iter().skip(1).find_map(|part| match part.media_type() {
        "text/rfc822-headers" | "message/rfc822-headers" => {
            let decoded = part.decoded();
            HeaderSection::parse_some(&decoded, &Default::default()).ids("message-id").into_iter().next()
        }
        _ => None,
    });
    let nested = || {
        parts.iter().find_map(|part| match &part.content {
            Content::Message(message) => message.header.ids("message-id").into_iter().next(),
            _ => None,
        })
    };
    let answered = || header_ids(mail).into_iter().find(|id| is_own_id(id, identity));
    returned.or_else(nested).or_else(answered).or_else(|| mentioned(mail, identity))
}

fn header_ids(mail: &Entity) -> Vec<MailId> {
    [mail.header.ids("in-reply-to"), mail.header.ids("references")].concat()
}

/// An old-style bounce quotes the header section in its text.
fn mentioned(mail: &Entity, identity: &Identity) -> Option<MailId> {
    let decoded = mail.decoded();
    let text = String::from_utf8_lossy(&decoded);
    text.split('<').filter_map(|rest| rest.split_once('>')?.0.parse().ok()).find(|id: &MailId| is_own_id(id, identity))
}

fn is_auto_reply(mail: &Entity, identity: &Identity) -> bool {
    let header = &mail.header;
    let says = |name: &str, value: &str| header.keyword(name).is_some_and(|v| v.starts_with(value));
    let answers_us = || header_ids(mail).iter().any(|id| is_own_id(id, identity));
    // Somebody read our mail (RFC 8098), or called it abuse (RFC 5965).
    let answers = ["disposition-notification", "feedback-report"];
    mail.media_type() == "multipart/report" && report_type(mail).is_some_and(|kind| answers.contains(&kind.as_str()))
        || says("auto-submitted", "auto-replied")
        || says("precedence", "auto_reply")
        || ["x-autoreply", "x-autorespond", "x-auto-reply-from"].iter().any(|name| header.count(name) > 0)
        // Exchange says auto-generated for an absence notice; what tells it is that it answers.
        || header.count("x-auto-response-suppress") > 0 && says("auto-submitted", "auto-") && !header_ids(mail).is_empty()
        || has_null_path(header) && answers_us()
}

/// Mail that went through so many servers goes in circles (RFC 5321 6.3).
const MOST_HOPS: usize = 100;

/// Other mail of programs. A list that reports come through is no program: its members write by hand.
fn is_generated(header: &HeaderSection, identity: &Identity) -> bool {
    let submitted = header.keyword("auto-submitted").is_some_and(|value| !value.starts_with("no"));
    let precedence = header.keyword("precedence").unwrap_or_default();
    let bulk = match precedence.as_str() {
        "bulk" | "junk" => true,
        "list" => header.count("list-unsubscribe") > 0,
        _ => false,
    };
    let our_list = list_addresses(header).iter().any(|list| is_ours(list, identity));
    // Exchange's word for programs that want no answer from programs.
    let suppressed = header.keyword("x-auto-response-suppress").unwrap_or_default();
    let suppressed = ["all", "oof", "autoreply"].iter().any(|word| suppressed.contains(word));
    let looped =
        header.mailboxes("x-loop").iter().filter_map(|loops| loops.address.as_ref()).any(|a| is_ours(a, identity));
    submitted
        || has_null_path(header)
        || suppressed
        || looped
        || header.count("received") >= MOST_HOPS
        || bulk && !our_list
}
