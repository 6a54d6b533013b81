use super::header::{HeaderSection, Mailbox};
use crate::model::{Address, Headers, Identity};

/// Who wrote a mail, from its header section.
///
/// A mailing list that rewrites `From` (DMARC) keeps the author in `X-Original-From`; that one counts then. `address` is
/// `None` when it is missing or several people are named.
pub fn author(header: &HeaderSection) -> Mailbox {
    let original = header.mailboxes("x-original-from");
    if let [author] = &original[..]
        && author.address.is_some()
    {
        return author.clone();
    }
    let name = |mailboxes: &[Mailbox]| mailboxes.first().map(|m| m.name.clone()).unwrap_or_default();
    match &header.mailboxes("from")[..] {
        [one] if header.count("from") == 1 => one.clone(),
        several => Mailbox { name: name(several), address: None },
    }
}

/// The outer header section in the words of the model.
pub fn headers(header: &HeaderSection, identity: &Identity) -> Headers {
    Headers {
        message_id: header.ids("message-id").into_iter().next(),
        in_reply_to: header.ids("in-reply-to"),
        references: header.ids("references"),
        date: header.date(),
        answer_to: answer_to(header, identity),
        recipients: recipients(header),
        mail_program: header.text("user-agent").or_else(|| header.text("x-mailer")).filter(|text| !text.is_empty()),
    }
}

/// `Reply-To` where it names one address that may be answered, else the author; never ourselves, never a list.
fn answer_to(header: &HeaderSection, identity: &Identity) -> Option<Address> {
    let lists = list_addresses(header);
    let may_be_answered =
        |address: &Address| !is_ours(address, identity) && !lists.iter().any(|list| list.same_mailbox(address));
    let reply_to = header.mailboxes("reply-to");
    let single = match &reply_to[..] {
        [one] => one.address.clone().filter(may_be_answered),
        _ => None,
    };
    single.or_else(|| author(header).address.filter(may_be_answered))
}

/// Whether mail to or from `address` is the gateway's own.
pub(super) fn is_ours(address: &Address, identity: &Identity) -> bool {
    identity.address.same_mailbox(address) || identity.aliases.iter().any(|alias| alias.same_mailbox(address))
}

/// Addresses of the mailing list that a mail came through: its posting address, and the `From` that it put in.
pub(super) fn list_addresses(header: &HeaderSection) -> Vec<Address> {
    let mut found: Vec<Address> = header.values("list-post").filter_map(mailto).collect();
    if header.count("x-original-from") > 0 {
        found.extend(header.mailboxes("from").into_iter().filter_map(|mailbox| mailbox.address));
    }
    found
}

fn mailto(value: &[u8]) -> Option<Address> {
    let text = String::from_utf8_lossy(value);
    let (_, rest) = text.split_once("mailto:")?;
    rest.split(['>', '?', ',']).next()?.trim().parse().ok()
}

fn recipients(header: &HeaderSection) -> Vec<Address> {
    let mut found: Vec<Address> = Vec::new();
    for mailbox in header.mailboxes("to").into_iter().chain(header.mailboxes("cc")) {
        if let Some(address) = mailbox.address
            && !found.contains(&address)
        {
            found.push(address);
        }
    }
    found
}
