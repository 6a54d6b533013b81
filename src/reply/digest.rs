use time::OffsetDateTime;
use time::macros::format_description;

use super::templates::{Name, Placeholder, Values};
use super::{ComposeError, Office};
use crate::mime::build::{AutoSubmitted, Heading, Part};
use crate::model::{CaseId, Digest, DigestOrder, InvalidId, Listing, MailId, MailKind, MessageId, OutgoingMail};
use crate::openpgp;

/// Composes a digest: a sealed mail for each member of the team to whom something can be encrypted. The others get
/// nothing: there is no advisory to link to.
///
/// # Errors
///
/// When the gateway's own key cannot sign, or the configuration makes no valid mail.
pub fn digest(order: &DigestOrder, office: &Office<'_>) -> Result<Vec<OutgoingMail>, ComposeError> {
    let now = order.digest.until;
    let (recipients, _) = office.team(now);
    let Some((first, _)) = recipients.first() else { return Ok(Vec::new()) };
    let values = values(&order.digest, office);
    let heading = Heading {
        name: office.identity.name.clone(),
        from: office.identity.address.clone(),
        to: first.clone(),
        subject: office.templates.subject(Name::Digest, &values),
        outer_subject: Some(format!("[{}] Digest", office.identity.project)),
        date: now,
        message_id: message_id(order, office, 1)?,
        in_reply_to: None,
        references: Vec::new(),
        auto_submitted: AutoSubmitted::Generated,
        urgent: false,
        certificate: office.certificate().map(openpgp::serialized),
    };
    let text = office.templates.text(Name::Digest, &values) + "\n";
    let boundary = format!("{:016x}_digest", order.nonce);
    let number = |number| message_id(order, office, number);
    office.seal(MailKind::Digest, &recipients, &heading, &[Part::text(&text)], &boundary, number)
}

fn message_id(order: &DigestOrder, office: &Office<'_>, number: usize) -> Result<MailId, InvalidId> {
    format!("intake.digest-{:016x}-{number}@{}", order.nonce, office.identity.message_id_domain).parse()
}

fn values(digest: &Digest, office: &Office<'_>) -> Values {
    let mut values = Values::default();
    values.set(Placeholder::Project, &office.identity.project);
    values.set(Placeholder::Address, office.identity.address.as_str());
    values.set(Placeholder::Since, digest.since.map_or_else(|| "the beginning".into(), minute));
    values.set(Placeholder::Until, minute(digest.until));
    values.set(Placeholder::Messages, digest.ended().to_string());
    let waiting = digest.held.total.saturating_add(digest.unfinished.total);
    values.set(Placeholder::Waiting, waiting.to_string());
    let endings = digest.endings.iter().map(|(ending, count)| format!("{count:>6}  {}", ending.as_str()));
    values.set(Placeholder::Endings, lines(endings));
    let kinds = digest
        .kinds
        .iter()
        .map(|(kind, count)| format!("{count:>6}  {}", kind.map_or("never judged", |kind| kind.as_str())));
    values.set(Placeholder::Kinds, lines(kinds));
    values.set(
        Placeholder::Held,
        listed(&digest.held, |held| {
            let named = named(held.message, held.case.as_ref());
            format!("{named}, since {}:\n  {}", minute(held.since), held.reason.explain())
        }),
    );
    values.set(
        Placeholder::Unfinished,
        listed(&digest.unfinished, |waits| {
            let named = named(waits.message, waits.case.as_ref());
            format!("{named}, since {}: waits for \"{}\"", minute(waits.recorded), waits.stage)
        }),
    );
    values.set(
        Placeholder::Failed,
        listed(&digest.failed, |mail| {
            let why = if mail.refused { "REFUSED by the mail server" } else { "given up after many tries" };
            let about = mail.message.map(|message| format!(" about {}", named(message, mail.case.as_ref())));
            format!("{}{}, {}: {why}", mail.kind.as_str(), about.unwrap_or_default(), minute(mail.at))
        }),
    );
    values.set_some(Placeholder::LastLink, digest.last_link.map(|link| link.to_string()));
    values
}

fn named(message: MessageId, case: Option<&CaseId>) -> String {
    match case {
        Some(case) => format!("{message} ({})", case.as_str()),
        None => message.to_string(),
    }
}

/// An entry a dash, and how many more there are.
fn listed<T>(listing: &Listing<T>, entry: impl Fn(&T) -> String) -> String {
    let entries = listing.first.iter().map(|item| format!("- {}", entry(item)));
    let more = (listing.total as usize).saturating_sub(listing.first.len());
    lines(entries.chain((more > 0).then(|| format!("- and {more} more"))))
}

fn lines(lines: impl Iterator<Item = String>) -> String {
    lines.collect::<Vec<_>>().join("\n")
}

fn minute(time: OffsetDateTime) -> String {
    let format = format_description!("[year]-[month]-[day] [hour]:[minute] UTC");
    time.to_offset(time::UtcOffset::UTC).format(format).unwrap_or_default()
}

#[cfg(test)]
mod tests;
