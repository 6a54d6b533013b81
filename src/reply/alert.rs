use time::macros::format_description;

use super::templates::{Name, Placeholder, Values};
use super::{ComposeError, Office, boundary, case_or_reference, message_id, outgoing};
use crate::mime::build::{self, AutoSubmitted, Heading, Part};
use crate::model::{
    Action, Address, Assessment, Authentication, ComposeOrder, Disclosure, Encryption, Filed, Kind, MailKind,
    MessageFacts, OpenedMessage, Outcome, OutgoingMail, PartContent, Report, SignatureStatus, doubtful_sender,
};
use crate::openpgp::{self, Cert};

/// Most bytes of text and attachments in one alert. Mail servers refuse what is much larger; what does not fit stays in
/// the mailbox, and the alert says so.
const MAX_CONTENT: usize = 10 << 20;

/// The alerts that `order` wants: one for each member of the team.
pub(super) fn compose(
    message: Option<(&OpenedMessage, &Report)>,
    order: &ComposeOrder,
    office: &Office<'_>,
) -> Result<Vec<OutgoingMail>, ComposeError> {
    let Some(kind) = kind(order) else { return Ok(Vec::new()) };
    let with_content = !order.actions.contains(&Action::AlertWithoutContent);
    let alert = Alert { message: message.filter(|_| with_content), order, office, kind };
    let (sealed, linked) = office.team(order.now);
    // Whoever got the urgent alert sealed has all of it.
    let link_only = !order.actions.iter().any(|action| is_for_all(*action));
    let mut mails = if link_only { Vec::new() } else { alert.sealed(&sealed)? };
    for address in linked {
        mails.push(alert.linked(address, mails.len() + 1)?);
    }
    Ok(mails)
}

fn kind(order: &ComposeOrder) -> Option<MailKind> {
    if order.actions.contains(&Action::AlertUrgent) {
        return Some(MailKind::UrgentAlert);
    }
    let normal = |action: &Action| is_for_all(*action) || *action == Action::AlertLink;
    order.actions.iter().any(normal).then_some(MailKind::Alert)
}

fn is_for_all(action: Action) -> bool {
    matches!(action, Action::Alert | Action::AlertUrgent | Action::AlertWithoutContent)
}

/// An alert in the making.
struct Alert<'a> {
    /// `None`: nothing of the message's content may be in it.
    message: Option<(&'a OpenedMessage, &'a Report)>,
    order: &'a ComposeOrder,
    office: &'a Office<'a>,
    kind: MailKind,
}

impl<'a> Alert<'a> {
    fn sealed(&self, recipients: &[(Address, &Cert)]) -> Result<Vec<OutgoingMail>, ComposeError> {
        let Some((first, _)) = recipients.first() else { return Ok(Vec::new()) };
        let boundary = boundary(self.order, self.kind);
        let (subject, parts) = self.content();
        let outer = format!("[{}] {}", case_or_reference(self.order), self.word());
        let heading = self.heading(first.clone(), subject, Some(outer), 1)?;
        let number = |number| message_id(self.order, self.office, self.kind, number, true);
        self.office.seal(self.kind, recipients, &heading, &parts, &boundary, number)
    }

    /// The link and nothing else, for somebody to whom nothing can be encrypted.
    fn linked(&self, to: Address, number: usize) -> Result<OutgoingMail, ComposeError> {
        let mut values = self.office.values(self.order);
        values.set(Placeholder::Case, case_or_reference(self.order));
        values.set(Placeholder::Alert, self.word());
        let advisory = self.filed();
        values.set_some(Placeholder::AdvisoryUrl, advisory.map(|filed| filed.url.clone()));
        let name = if advisory.is_some() { Name::AlertLinkOnly } else { Name::AlertNoLink };
        let templates = self.office.templates;
        let heading = self.heading(to, templates.subject(name, &values), None, number)?;
        let boundary = boundary(self.order, self.kind);
        let content = build::content(&[Part::text(&(templates.text(name, &values) + "\n"))], &boundary);
        let signature = self.office.keyring.sign_detached(&content, self.order.now)?;
        let bytes = build::signed(&heading, &content, &signature.armored, signature.micalg, &boundary);
        Ok(outgoing(self.kind, heading, bytes))
    }

    fn heading(
        &self,
        to: Address,
        subject: String,
        outer_subject: Option<String>,
        number: usize,
    ) -> Result<Heading, ComposeError> {
        Ok(Heading {
            name: self.office.identity.name.clone(),
            from: self.office.identity.address.clone(),
            to,
            subject,
            outer_subject,
            date: self.order.now,
            message_id: message_id(self.order, self.office, self.kind, number, true)?,
            in_reply_to: None,
            references: Vec::new(),
            auto_submitted: AutoSubmitted::Generated,
            urgent: self.kind == MailKind::UrgentAlert,
            certificate: self.office.certificate().map(openpgp::serialized),
        })
    }

    /// The protected subject and the parts: the gateway's block first, then what came from outside, each in its own part,
    /// where it cannot pass for the block.
    fn content(&self) -> (String, Vec<Part>) {
        let mut notes = self.order.notes.clone();
        if let Some((repository, reason)) = &self.order.refused {
            notes.push(format!("{repository} did not take it: {reason}"));
        }
        let others = &self.order.others;
        notes.extend(
            others
                .filed
                .iter()
                .map(|filed| format!("also filed as {} in {}: {}", filed.ghsa_id, filed.repository, filed.url)),
        );
        notes.extend(others.refused.iter().map(|(repository, reason)| {
            format!("{repository} was to have an advisory of its own, and did not take it: {reason}")
        }));
        let mut outside = Vec::new();
        if let Some((opened, report)) = self.message {
            notes.extend(doubtful_sender(&opened.sender).map(str::to_owned));
            let mut room = MAX_CONTENT;
            outside.push(text_part("report.txt", report.text.expose(), &mut room, &mut notes));
            if let Some(clear) = &report.clear_text {
                notes.push("a part of the message was not encrypted: see outside-the-encryption.txt".into());
                outside.push(text_part("outside-the-encryption.txt", clear.expose(), &mut room, &mut notes));
            }
            outside.extend(attachments(opened, &mut room, &mut notes));
        }
        let values = self.values(&notes);
        let name = match self.kind {
            _ if self.message.is_none() && self.kind != MailKind::UrgentAlert => Name::AlertWithoutContent,
            MailKind::UrgentAlert => Name::AlertUrgent,
            _ => Name::Alert,
        };
        let text = self.office.templates.text(name, &values) + "\n";
        let parts = std::iter::once(Part::text(&text)).chain(outside).collect();
        (self.office.templates.subject(name, &values), parts)
    }

    fn values(&self, notes: &[String]) -> Values {
        let mut values = self.office.values(self.order);
        let assessment = self.order.assessment.as_ref();
        values.set(Placeholder::Case, case_or_reference(self.order));
        values.set(Placeholder::Alert, self.word());
        values.set(Placeholder::What, assessment.map_or("message".into(), what));
        let verdict_repository = assessment.and_then(|a| a.verdict.destination.as_ref());
        let repository = self.filed().map(|filed| &filed.repository).or(verdict_repository);
        values.set(Placeholder::Repository, repository.map_or("no repository", |repository| repository.as_str()));
        values.set_some(Placeholder::Advisory, self.filed().map(|filed| filed.ghsa_id.as_str().to_owned()));
        values.set_some(Placeholder::AdvisoryUrl, self.filed().map(|filed| filed.url.clone()));
        values.set_some(Placeholder::Outcome, self.order.outcome.as_ref().map(outcome));
        values.set(Placeholder::Status, self.status());
        values.set(Placeholder::Notes, listed(notes.iter().cloned()));
        let evidence = assessment.map(|a| a.verdict.evidence.as_slice()).unwrap_or_default();
        let lines = evidence.iter().map(|e| format!("{:+.1} {}: {}", e.weight, e.says, e.because));
        values.set(Placeholder::Evidence, listed(lines));
        values
    }

    /// The gateway's own block: what is known about the message, and how.
    fn status(&self) -> String {
        let format = format_description!("[year]-[month]-[day] [hour]:[minute] UTC");
        let received = self.order.received.to_offset(time::UtcOffset::UTC).format(format).unwrap_or_default();
        let mut lines = vec![
            ("Case", case_or_reference(self.order)),
            ("Message", self.order.message.to_string()),
            ("Received", received),
        ];
        if let Some(assessment) = &self.order.assessment {
            lines.extend(facts(&assessment.facts, self.message.map(|(opened, _)| opened)));
            lines.extend(verdict(assessment));
        }
        if let Some((_, report)) = self.message
            && let Some(deadline) = report.deadline
        {
            lines.push(("Deadline", format!("the reporter means to publish after {deadline}")));
        }
        let lines: Vec<String> =
            lines.into_iter().map(|(name, value)| format!("{:<12}{value}", format!("{name}:"))).collect();
        lines.join("\n")
    }

    fn word(&self) -> &'static str {
        if self.kind == MailKind::UrgentAlert { "Urgent" } else { "Alert" }
    }

    fn filed(&self) -> Option<&'a Filed> {
        match self.order.outcome.as_ref()? {
            Outcome::Filed(advisory) | Outcome::Commented { advisory, .. } => Some(advisory),
            _ => None,
        }
    }
}

fn facts(facts: &MessageFacts, opened: Option<&OpenedMessage>) -> Vec<(&'static str, String)> {
    let author = facts.author.as_ref().map_or("nobody that can be named", |address| address.as_str());
    let authenticated = match facts.authenticated {
        Authentication::Signature => "shown by a signature",
        Authentication::Dkim => "shown by the sending domain (DKIM)",
        Authentication::None => "NOT authenticated",
    };
    let why = facts.sender_shortfall.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
    let encryption = match facts.encryption {
        Encryption::Whole => "all of it was encrypted",
        Encryption::Partial => "only a part of it was encrypted",
        Encryption::None => "it was NOT encrypted",
        Encryption::Failed => "it could not be decrypted",
    };
    let signature = match facts.signature {
        SignatureStatus::Good => "good",
        SignatureStatus::Bad => "BAD",
        SignatureStatus::UnknownKey => "by a key that is not known",
        SignatureStatus::Partial => "valid, with a shortfall",
        SignatureStatus::None => "none",
    };
    let signer = facts.signer.as_ref().map(|signer| format!(", {}", signer.spaced())).unwrap_or_default();
    let shortfall = opened.and_then(|o| o.signature.shortfall.as_ref()).map(|s| format!("; {s}")).unwrap_or_default();
    let mut lines = vec![
        ("From", format!("{author} ({authenticated}{why})")),
        ("Protection", encryption.to_owned()),
        ("Signature", format!("{signature}{signer}{shortfall}")),
    ];
    if let Some(since) = facts.acquaintance.since {
        lines.push(("Signer", since.explain()));
    }
    if let Some(change) = &facts.acquaintance.change {
        lines.push(("WARNING", change.explain()));
    }
    if facts.is_forward {
        let author = facts.forwarded_author.as_ref().map_or("somebody else", |address| address.as_str());
        lines.push(("Forwarded", format!("a mail by {author}, who was not answered")));
    }
    lines.extend(facts.doubts.iter().map(|doubt| ("Odd", doubt.explain().to_owned())));
    lines.extend(facts.whom_it_names().map(|whom| ("Encrypted to", whom)));
    if facts.private_key_attached {
        lines.push(("Secret key", "one was attached by accident; the sender should revoke it".into()));
    }
    lines
}

fn verdict(assessment: &Assessment) -> Vec<(&'static str, String)> {
    let verdict = &assessment.verdict;
    let sure = |value: f32| format!("{:.0} % sure", value * 100.0);
    let mut lines = vec![("Kind", format!("{} ({})", verdict.kind, sure(verdict.confidence.kind)))];
    if let Some(disclosure) = verdict.disclosure {
        lines.push(("Disclosure", format!("{} ({})", disclosure.as_str(), sure(verdict.confidence.disclosure))));
    }
    if let Some(repository) = &verdict.destination {
        lines.push(("Repository", format!("{repository} ({})", sure(verdict.confidence.repository))));
    }
    if !verdict.also.is_empty() {
        let also: Vec<&str> = verdict.also.iter().map(|repository| repository.as_str()).collect();
        lines.push(("Also", also.join(", ")));
    }
    lines
}

fn what(assessment: &Assessment) -> String {
    match (assessment.verdict.kind, assessment.verdict.disclosure) {
        (Kind::Report, Some(Disclosure::Public)) => "public report".into(),
        (Kind::Report, _) => "private report".into(),
        (kind, _) => kind.to_string(),
    }
}

fn outcome(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Filed(filed) => format!("filed as {} in {}", filed.ghsa_id, filed.repository),
        Outcome::Commented { advisory, .. } => format!("added to {} in {}", advisory.ghsa_id, advisory.repository),
        Outcome::Answered => "answered".into(),
        Outcome::Held(reason) => format!("held: {}", reason.explain()),
        Outcome::Ignored(reason) => format!("ignored: {}", reason.explain()),
    }
}

/// A list with dashes, a line each whatever is in an entry; empty without any.
fn listed(entries: impl Iterator<Item = String>) -> String {
    let lines: Vec<String> =
        entries.map(|entry| format!("- {}", entry.split_whitespace().collect::<Vec<_>>().join(" "))).collect();
    lines.join("\n")
}

fn text_part(name: &str, text: &str, room: &mut usize, notes: &mut Vec<String>) -> Part {
    let cut = text.floor_char_boundary(*room);
    if cut < text.len() {
        notes.push(format!("{name} is cut after {cut} bytes: the whole is in the mailbox"));
    }
    *room -= cut;
    Part::named_text(name, &text[..cut])
}

fn attachments(opened: &OpenedMessage, room: &mut usize, notes: &mut Vec<String>) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut left_out = 0;
    for part in &opened.parts {
        let PartContent::Attachment(attachment) = &part.content else { continue };
        let bytes = attachment.bytes.expose();
        if bytes.len() > *room {
            left_out += 1;
            continue;
        }
        *room -= bytes.len();
        parts.push(Part::file(attachment.name.expose(), &attachment.media_type, bytes));
    }
    if left_out > 0 {
        notes.push(format!("{left_out} attachments are too large to send: they are in the mailbox"));
    }
    parts
}
