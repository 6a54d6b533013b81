use super::header::{HeaderSection, Mailbox};
use crate::model::Address;

/// Who wrote a mail, from its header section.
///
/// A mailing list that puts its own address into `From` (so that DMARC holds) keeps the author in `X-Original-From`, or
/// in `Reply-To`; those count where `From` is an address of the list, and nowhere else. `address` is `None` when it is
/// missing, when several people are named, or when two programs could read the field in two ways.
pub fn author(header: &HeaderSection) -> Mailbox {
    let Some(sender) = sole(header, "from") else { return nobody(header) };
    behind_list(header, &sender).unwrap_or(sender)
}

/// The address in `From`, which is what a mail domain can answer for; `None` as for [`author`].
pub fn from(header: &HeaderSection) -> Option<Address> {
    sole(header, "from")?.address
}

/// A sender who is several people, or none.
fn nobody(header: &HeaderSection) -> Mailbox {
    Mailbox { name: header.mailboxes("from").first().map(|m| m.name.clone()).unwrap_or_default(), address: None }
}

/// Whom a list that put its own address into `From` speaks for.
pub(super) fn behind_list(header: &HeaderSection, sender: &Mailbox) -> Option<Mailbox> {
    let address = sender.address.as_ref()?;
    let lists: Vec<Address> = header.values("list-post").filter_map(mailto).collect();
    let of_list = lists.iter().any(|list| shares_domain(address, list));
    let original = sole(header, "x-original-from").filter(|author| author.address.is_some() && of_list);
    // `erin=example.org@lists.example` stands for the author, too.
    let stands_in = lists.iter().any(|list| list.same_mailbox(address)) || of_list && address.local().contains('=');
    let reply_to = || {
        let all = header.mailboxes("reply-to");
        let single = if all.len() == 1 { sole(header, "reply-to")?.address } else { None };
        let is_person = |mailbox: &Mailbox| {
            mailbox.address.as_ref().is_none_or(|person| {
                !lists.iter().any(|list| list.same_mailbox(person)) && !person.same_mailbox(address)
            })
        };
        // The list may name itself, too.
        let mut people = all.iter().filter(|mailbox| is_person(mailbox));
        let (Some(person), None) = (people.next(), people.next()) else { return None };
        let named = all.len() > 1 && person.address.is_some() || single.is_some();
        (named && header.count("reply-to") == 1 && stands_in).then(|| person.clone())
    };
    original.or_else(reply_to)
}

/// Whether the domain of `sender` is the list's, or one above or below it (`groups.io` and `project.groups.io`).
fn shares_domain(sender: &Address, list: &Address) -> bool {
    let below = |inner: &str, outer: &str| inner.strip_suffix(outer).is_some_and(|rest| rest.ends_with('.'));
    let (sender, list) = (sender.domain(), list.domain());
    sender == list || below(sender, list) || below(list, sender) && sender.contains('.')
}

/// The address of a `mailto:` link in a `List-…` field (RFC 2369).
pub(super) fn mailto(value: &[u8]) -> Option<Address> {
    let text = String::from_utf8_lossy(value);
    let (_, rest) = text.split_once("mailto:")?;
    rest.split(['>', '?', ',']).next()?.trim().parse().ok()
}

/// The one mailbox in the one field of that name, where it is written so that all programs read the same.
fn sole(header: &HeaderSection, name: &str) -> Option<Mailbox> {
    let mut values = header.values(name);
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    let mut mailboxes = header.mailboxes(name);
    let mailbox = mailboxes.pop().filter(|_| mailboxes.is_empty())?;
    let plain = mailbox.address.as_ref().is_none_or(|address| is_plain(value, address));
    plain.then_some(mailbox)
}

/// Whether `value` names `address` and nothing else: as `address` or `name <address>` (RFC 5322 3.4), without a group, a
/// second address in the name, an encoded word where the address is, or a control character.
fn is_plain(value: &[u8], address: &Address) -> bool {
    let Some(bare) = without_quotes_and_comments(&String::from_utf8_lossy(value)) else { return false };
    let same = |text: &str| {
        let compact: String = text.split_whitespace().collect();
        compact.to_lowercase() == address.as_str().to_lowercase()
    };
    if bare.chars().any(|c| matches!(c, ':' | ';' | ',') || c.is_control() && !matches!(c, '\t' | '\r' | '\n')) {
        return false;
    }
    let Some((name, rest)) = bare.split_once('<') else { return same(&bare) };
    let Some((inner, after)) = rest.split_once('>') else { return false };
    let named = !name.contains(['@', '>']) || same(name);
    named && after.trim().is_empty() && same(inner)
}

/// What is left of a field without quoted strings and comments (RFC 5322 3.2.2, 3.2.4); `None` where one has no end.
fn without_quotes_and_comments(text: &str) -> Option<String> {
    let (mut bare, mut quoted, mut depth) = (String::new(), false, 0_usize);
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\0' => return None,
            '\\' if quoted || depth > 0 => {
                chars.next()?;
            }
            '"' if depth == 0 => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => depth = depth.checked_sub(1)?,
            c if !quoted && depth == 0 => bare.push(c),
            _ => {}
        }
    }
    (!quoted && depth == 0).then_some(bare)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Limits;

    #[test]
    fn the_author_is_who_is_plainly_named() {
        let groups = "List-Post: <mailto:security@lists.example>\n";
        let cases: [(&str, &str); 33] = [
            ("From: erin@example.org", "erin@example.org"),
            ("From: Erin T <erin@example.org>", "erin@example.org"),
            ("From: \"Erin, T\" <erin@example.org>", "erin@example.org"),
            ("From: erin@example.org (Erin \\) T)", "erin@example.org"),
            ("From: Erin\n <erin@example.org>", "erin@example.org"),
            ("From: =?utf-8?q?J=C3=BCrgen?= <j@b\u{fc}cher.example>", "j@b\u{fc}cher.example"),
            ("From: erin@example.org <Erin@Example.org>", "Erin@example.org"),
            ("From: \"boss@example.org\" <mallory@evil.example>", "mallory@evil.example"),
            ("From: mallory@evil.example (boss@example.org)", "mallory@evil.example"),
            // Two readers, two authors: nobody.
            ("From: boss@example.org <mallory@evil.example>", ""),
            ("From: <boss@example.org> <mallory@evil.example>", ""),
            ("From: boss@example.org, mallory@evil.example", ""),
            ("From: boss@example.org; mallory@evil.example", ""),
            ("From: team: erin@example.org;", ""),
            ("From: boss@example.org\nFrom: mallory@evil.example", ""),
            ("From: boss@example.org\nfrom : mallory@evil.example", ""),
            ("From: <=?utf-8?q?boss=40example.org?=>", ""),
            ("From: =?utf-8?q?boss=40example.org?= mallory@evil.example", ""),
            ("From: <boss@example.org\0@evil.example>", ""),
            ("From: boss@example.org\0 <mallory@evil.example>", ""),
            ("From: boss@example.org (", ""),
            ("From: \"x\" <erin@example.org> boss", ""),
            ("Sender: boss@example.org", ""),
            ("Sender: boss@example.org\nFrom: mallory@evil.example", "mallory@evil.example"),
            // Lists that put themselves into From.
            (
                "From: Erin via list <security@lists.example>\nX-Original-From: Erin <erin@example.org>\nL",
                "erin@example.org",
            ),
            ("From: Erin via list <security@lists.example>\nReply-To: Erin <erin@example.org>\nL", "erin@example.org"),
            ("From: Erin <erin=example.org@lists.example>\nReply-To: erin@example.org\nL", "erin@example.org"),
            (
                "From: Erin via list <security@lists.example>\nReply-To: security@lists.example, Erin <erin@example.org>\nL",
                "erin@example.org",
            ),
            (
                "From: Erin via list <security@lists.example>\nReply-To: a@example.org, erin@example.org\nL",
                "security@lists.example",
            ),
            ("From: erin@example.org.", ""),
            (
                "From: Erin via list <security@lists.example>\nReply-To: security@lists.example\nL",
                "security@lists.example",
            ),
            // A member who writes from the list's domain is the author; and who is on no list is nobody else.
            ("From: ana@lists.example\nReply-To: ana@home.example\nL", "ana@lists.example"),
            (
                "From: mallory@evil.example\nX-Original-From: boss@example.org\nReply-To: boss@example.org\nL",
                "mallory@evil.example",
            ),
        ];
        for (header, expected) in cases {
            let bytes = format!("{}\n\n", header.replace("\nL", format!("\n{groups}").trim_end()));
            let limits = Limits::default();
            let section = HeaderSection::parse_some(bytes.as_bytes(), &limits);
            let found = author(&section).address;
            assert_eq!(found.as_ref().map_or("", Address::as_str), expected, "{header:?}");
        }
    }
}
