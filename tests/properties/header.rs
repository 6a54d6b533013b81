//! What is read out of a header section.

use advisory_intake::mime::{self, Entity};
use advisory_intake::model::Address;

use super::{BENCH, is_one_line, small};

/// One author or none, addresses that are addresses, and nothing that could begin another line.
pub fn check(header: &[u8]) {
    let identity = &BENCH.settings.identity;
    let mail = Entity::headers_only(header, &small());
    let author = mime::author(&mail.header);
    assert!(is_one_line(&author.name), "name {:?}", author.name);
    if let Some(address) = &author.address {
        is_an_address(address);
        assert_eq!(mail.header.mailboxes("from").len().min(2), 1, "an author, though From names several or nobody");
    }
    let headers = mime::headers(&mail.header, identity);
    headers.recipients.iter().chain(&headers.answer_to).for_each(is_an_address);
    let ids = headers.in_reply_to.iter().chain(&headers.references).chain(&headers.message_id);
    for id in ids {
        let text = id.as_str();
        assert!(text.bytes().all(|b| b.is_ascii_graphic()) && !text.contains(['<', '>']), "Message-ID {text:?}");
    }
    assert!(headers.mail_program.is_none_or(|program| is_one_line(&program)));
    for name in ["subject", "from", "to", "x"] {
        assert!(mail.header.text(name).is_none_or(|text| is_one_line(&text)), "{name}");
    }
    mime::automatic(&mail, identity);
    mail.header.date();
}

fn is_an_address(address: &Address) {
    let text = address.as_str();
    let Some((local, domain)) = text.rsplit_once('@') else { panic!("no address: {text:?}") };
    assert!(!local.is_empty() && !domain.is_empty(), "half an address: {text:?}");
    assert!(!text.chars().any(|c| c.is_control() || c.is_whitespace() || matches!(c, '<' | '>' | ',')), "{text:?}");
    assert!(text.len() <= 320, "an address of {} bytes", text.len());
}
