use super::header::{HeaderSection, Mailbox};
use crate::model::{Address, Headers, Identity};

/// Recipients of one mail that are kept.
const MOST_RECIPIENTS: usize = 200;

/// Who wrote a mail, from its header section.
///
/// A mailing list that rewrites `From` (DMARC) keeps the author in `X-Original-From`; that one counts where `From` is an
/// address of the list, and nowhere else. `address` is `None` when it is missing or several people are named.
pub fn author(header: &HeaderSection) -> Mailbox {
    let from = header.mailboxes("from");
    let [sender] = &from[..] else { return nobody(&from) };
    if header.count("from") != 1 {
        return nobody(&from);
    }
    match &header.mailboxes("x-original-from")[..] {
        [author] if author.address.is_some() && is_of_list(sender, header) => author.clone(),
        _ => sender.clone(),
    }
}

/// A sender who is several people, or none.
fn nobody(mailboxes: &[Mailbox]) -> Mailbox {
    Mailbox { name: mailboxes.first().map(|mailbox| mailbox.name.clone()).unwrap_or_default(), address: None }
}

/// Whether the domain of `sender` is the list's, or one above or below it (`groups.io` and `project.groups.io`).
fn is_of_list(sender: &Mailbox, header: &HeaderSection) -> bool {
    let Some(sender) = &sender.address else { return false };
    let below = |inner: &str, outer: &str| inner.strip_suffix(outer).is_some_and(|rest| rest.ends_with('.'));
    header.values("list-post").filter_map(mailto).any(|list| {
        let (sender, list) = (sender.domain(), list.domain());
        sender == list || below(sender, list) || below(list, sender) && sender.contains('.')
    })
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

/// `Reply-To` where it names one address that may be answered, else the author; of several authors the one who sent it for
/// all of them, whom `Sender` has to name (RFC 5322 3.6.2). Never ourselves, never a list.
fn answer_to(header: &HeaderSection, identity: &Identity) -> Option<Address> {
    let lists = list_addresses(header);
    let may_be_answered =
        |address: &Address| !is_ours(address, identity) && !lists.iter().any(|list| list.same_mailbox(address));
    let reply_to = header.mailboxes("reply-to");
    let single = match &reply_to[..] {
        [one] => one.address.clone().filter(may_be_answered),
        _ => None,
    };
    single
        .or_else(|| author(header).address.filter(may_be_answered))
        .or_else(|| sender_for_several(header).filter(may_be_answered))
}

/// The one `Sender` of a mail by several authors.
fn sender_for_several(header: &HeaderSection) -> Option<Address> {
    let several = header.count("from") == 1 && header.mailboxes("from").len() > 1;
    match &header.mailboxes("sender")[..] {
        [one] if several => one.address.clone(),
        _ => None,
    }
}

/// Whether mail to or from `address` is the gateway's own.
pub(super) fn is_ours(address: &Address, identity: &Identity) -> bool {
    identity.address.same_mailbox(address) || identity.aliases.iter().any(|alias| alias.same_mailbox(address))
}

/// Addresses of the mailing list that a mail came through: its posting address, and the `From` that it put in.
pub(super) fn list_addresses(header: &HeaderSection) -> Vec<Address> {
    let mut found: Vec<Address> = header.values("list-post").filter_map(mailto).collect();
    if header.count("x-original-from") > 0 {
        let senders = header.mailboxes("from");
        found.extend(
            senders.into_iter().filter(|sender| is_of_list(sender, header)).filter_map(|sender| sender.address),
        );
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
            && found.len() < MOST_RECIPIENTS
            && !found.contains(&address)
        {
            found.push(address);
        }
    }
    found
}
