use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::HeaderSection;
use crate::model::Address;

/// Most bytes of key material in one header; the specification recommends at most 10 KiB.
const MOST_KEYDATA: usize = 64 << 10;

/// Programs leave the padding out, and bits in it.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// What an `Autocrypt` header says (Autocrypt Level 1, "The Autocrypt Header").
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Autocrypt {
    /// For whom the certificate is; it counts only when this is the author of the mail.
    pub address: Address,
    /// The certificate as it came, binary.
    pub keydata: Vec<u8>,
}

/// The one valid `Autocrypt` header of a header section. Where there are several valid ones, none counts, as the
/// specification demands. `Autocrypt-Gossip` speaks for others and is never looked at.
pub fn autocrypt(header: &HeaderSection) -> Option<Autocrypt> {
    let mut valid = header.values("autocrypt").filter_map(parse);
    valid.next().filter(|_| valid.next().is_none())
}

fn parse(value: &[u8]) -> Option<Autocrypt> {
    let text = std::str::from_utf8(value).ok()?;
    let (mut address, mut keydata, mut preference) = (None, None, None);
    for attribute in text.split(';').map(str::trim).filter(|attribute| !attribute.is_empty()) {
        let (name, value) = attribute.split_once('=')?;
        let slot = match name.trim() {
            "addr" => &mut address,
            "keydata" => &mut keydata,
            "prefer-encrypt" => &mut preference,
            // Attributes that may be passed over begin with an underscore; any other one makes the header invalid.
            other if other.starts_with('_') => continue,
            _ => return None,
        };
        if slot.replace(value.trim()).is_some() {
            return None;
        }
    }
    let compact: String = keydata?.split_whitespace().collect();
    let within = compact.len() <= MOST_KEYDATA * 4 / 3 + 4;
    let keydata = within.then(|| BASE64.decode(compact).ok()).flatten()?;
    (!keydata.is_empty()).then_some(Autocrypt { address: address?.parse().ok()?, keydata })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Limits;

    #[test]
    fn one_valid_header_counts_and_nothing_else_does() {
        let key = "keydata=AAEC";
        let huge = format!("Autocrypt: addr=a@b.example; keydata={}", "AAAA".repeat(MOST_KEYDATA / 3 + 2));
        let valid = Some("a@b.example");
        let cases: [(&str, String, Option<&str>); 15] = [
            ("plain", format!("Autocrypt: addr=a@b.example; {key}"), valid),
            ("with a preference", format!("Autocrypt: addr=a@b.example; prefer-encrypt=mutual; {key}"), valid),
            (
                "an unknown preference is none",
                format!("Autocrypt: addr=a@b.example; prefer-encrypt=maybe; {key}"),
                valid,
            ),
            ("folded", "Autocrypt: addr=a@b.example;\r\n keydata=AA\r\n EC".into(), valid),
            ("an attribute that may be unknown", format!("Autocrypt: addr=a@b.example; _x=1; {key}"), valid),
            ("one that must be known", format!("Autocrypt: addr=a@b.example; x=1; {key}"), None),
            ("no address", format!("Autocrypt: {key}"), None),
            ("no mail address", format!("Autocrypt: addr=nobody; {key}"), None),
            ("two addresses", format!("Autocrypt: addr=a@b.example; addr=c@b.example; {key}"), None),
            ("no key", "Autocrypt: addr=a@b.example".into(), None),
            ("an empty key", "Autocrypt: addr=a@b.example; keydata=".into(), None),
            ("no base64", "Autocrypt: addr=a@b.example; keydata=%%%".into(), None),
            ("too large", huge, None),
            (
                "several valid ones",
                format!("Autocrypt: addr=a@b.example; {key}\r\nAutocrypt: addr=a@b.example; {key}"),
                None,
            ),
            ("gossip", format!("Autocrypt-Gossip: addr=a@b.example; {key}"), None),
        ];
        for (name, header, expected) in cases {
            let header = format!("{header}\r\n\r\n");
            let header = HeaderSection::parse_some(header.as_bytes(), &Limits::default());
            let found = autocrypt(&header);
            assert_eq!(found.as_ref().map(|found| found.address.as_str()), expected, "{name}");
            assert!(found.is_none_or(|found| found.keydata == [0, 1, 2]), "{name}");
        }
        let both = format!("Autocrypt: addr=a@b.example; x=1; {key}\r\nAutocrypt: addr=c@d.example; {key}\r\n\r\n");
        let found = autocrypt(&HeaderSection::parse_some(both.as_bytes(), &Limits::default())).unwrap();
        assert_eq!(found.address.as_str(), "c@d.example", "an invalid one does not count");
    }
}
