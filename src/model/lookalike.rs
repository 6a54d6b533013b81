use super::Sender;

/// What people should look at twice about a sender; proves nothing, and is never decided by.
pub fn doubtful_sender(sender: &Sender) -> Option<&'static str> {
    let address = sender.address.as_ref();
    let other = |word: &str| {
        let word = word.trim_matches(|c: char| !c.is_alphanumeric());
        word.parse::<super::Address>().is_ok_and(|shown| address.is_none_or(|own| !own.same_mailbox(&shown)))
    };
    if sender.name.split_whitespace().any(other) {
        return Some("The sender's name shows another mail address than the one that the mail came from.");
    }
    let words = || {
        sender
            .name
            .split(|c: char| !c.is_alphabetic())
            .chain(address.into_iter().flat_map(|address| address.as_str().split(['@', '.', '-'])))
    };
    let foreign_domain = address.is_some_and(|address| {
        !address.domain().is_ascii() || address.domain().split('.').any(|label| label.starts_with("xn--"))
    });
    if foreign_domain || words().any(mixes_alphabets) {
        return Some("The sender's name or address holds letters that look like others.");
    }
    None
}

/// Whether a word has both Latin letters and Cyrillic or Greek ones, many of which look like them.
fn mixes_alphabets(word: &str) -> bool {
    let latin = |c: char| c.is_ascii_alphabetic() || matches!(u32::from(c), 0xc0..=0x24f);
    let alike = |c: char| matches!(u32::from(c), 0x370..=0x52f | 0x13a0..=0x13ff | 0xff21..=0xff5a);
    word.contains(latin) && word.contains(alike)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Authentication;

    #[test]
    fn names_that_pretend_are_told() {
        let cases = [
            ("Erin", "erin@example.org", false),
            ("Erin (erin@example.org)", "erin@example.org", false),
            ("security@github.com", "mallory@example.net", true),
            ("'security@github.com' via x", "mallory@example.net", true),
            ("Ирина Петрова", "irina@example.org", false),
            ("Ελένη", "eleni@example.org", false),
            ("GitНub Security", "x@example.org", true),
            ("Erin", "erin@xn--exmple-cua.org", true),
            ("Erin", "erin@ex\u{430}mple.org", true),
            ("", "erin@example.org", false),
        ];
        for (name, address, expected) in cases {
            let sender = Sender {
                address: address.parse().ok(),
                name: name.into(),
                authenticated: Authentication::None,
                shortfall: None,
            };
            assert_eq!(doubtful_sender(&sender).is_some(), expected, "{name} {address}");
        }
    }
}
