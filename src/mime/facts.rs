use super::author::{author, behind_list, mailto};
use super::header::HeaderSection;
use crate::model::{Address, Headers, Identity};

/// Recipients of one mail that are kept.
const MOST_RECIPIENTS: usize = 200;

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
    let senders = header.mailboxes("from").into_iter().filter(|sender| behind_list(header, sender).is_some());
    found.extend(senders.filter_map(|sender| sender.address));
    found
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
