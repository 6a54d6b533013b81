use base64::Engine;
use base64::alphabet::IMAP_MUTF7;
use base64::engine::general_purpose::{GeneralPurpose, NO_PAD};

/// A mailbox name as the server wants it (RFC 3501 5.1.3).
pub(super) fn encode(name: &str) -> String {
    const BASE64: GeneralPurpose = GeneralPurpose::new(&IMAP_MUTF7, NO_PAD);
    let (mut encoded, mut foreign) = (String::new(), Vec::new());
    let flush = |encoded: &mut String, foreign: &mut Vec<u8>| {
        if !foreign.is_empty() {
            *encoded += &format!("&{}-", BASE64.encode(&*foreign));
            foreign.clear();
        }
    };
    for c in name.chars() {
        if !c.is_ascii() {
            let mut units = [0; 2];
            foreign.extend(c.encode_utf16(&mut units).iter().flat_map(|unit| unit.to_be_bytes()));
            continue;
        }
        flush(&mut encoded, &mut foreign);
        encoded.push(c);
        if c == '&' {
            encoded.push('-');
        }
    }
    flush(&mut encoded, &mut foreign);
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodes_what_is_not_ascii() {
        let cases = [
            ("Processed", "Processed"),
            ("A&B", "A&-B"),
            ("~peter/mail/台北/日本語", "~peter/mail/&U,BTFw-/&ZeVnLIqe-"),
            ("Entwürfe", "Entw&APw-rfe"),
            ("😀", "&2D3eAA-"),
        ];
        for (name, expected) in cases {
            assert_eq!(encode(name), expected);
        }
    }
}
