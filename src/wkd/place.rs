use data_encoding::Specification;
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use url::Host;

use crate::model::{Address, DnsQuestion};

/// The alphabet of z-base-32 (RFC 6189 5.1.6).
const ALPHABET: &str = "ybndrfg8ejkmcpqxot1uwisza345h769";

/// Where an address's certificates are published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub host: String,
    /// Path and query.
    pub path: String,
}

/// Both places of the draft (3.1), the advanced method first; `None` for an address that is on no public domain.
pub fn places(address: &Address) -> Option<[Place; 2]> {
    // A network address in brackets, or a name of the local network, is nothing to ask.
    let Ok(Host::Domain(domain)) = Host::parse(address.domain()) else { return None };
    let advanced = format!("openpgpkey.{domain}");
    let domain = domain.parse::<DnsQuestion>().ok()?.as_str().to_owned();
    let advanced = advanced.parse::<DnsQuestion>().ok()?.as_str().to_owned();
    // Only ASCII is lowered: mail systems agree on no more.
    let name = zbase32(digest(&SHA1_FOR_LEGACY_USE_ONLY, address.local().to_ascii_lowercase().as_bytes()).as_ref())?;
    let local = escaped(address.local());
    Some([
        Place { path: format!("/.well-known/openpgpkey/{domain}/hu/{name}?l={local}"), host: advanced },
        Place { path: format!("/.well-known/openpgpkey/hu/{name}?l={local}"), host: domain },
    ])
}

fn zbase32(bytes: &[u8]) -> Option<String> {
    let mut specification = Specification::new();
    specification.symbols.push_str(ALPHABET);
    Some(specification.encoding().ok()?.encode(bytes))
}

/// Everything but letters, digits and `-._~` as `%xx` (RFC 3986 2.1).
fn escaped(text: &str) -> String {
    text.bytes().fold(String::new(), |mut escaped, byte| {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => escaped.push(char::from(byte)),
            _ => escaped.push_str(&format!("%{byte:02X}")),
        }
        escaped
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_drafts_example_and_odd_addresses() {
        let example = places(&"Joe.Doe@Example.ORG".parse().unwrap()).unwrap();
        let name = "iy9q119eutrkn8s1mk4r39qejnbu3n5q?l=Joe.Doe";
        assert_eq!(example[0].host, "openpgpkey.example.org");
        assert_eq!(example[0].path, format!("/.well-known/openpgpkey/example.org/hu/{name}"));
        assert_eq!(example[1].host, "example.org");
        assert_eq!(example[1].path, format!("/.well-known/openpgpkey/hu/{name}"));
        let cases = [
            ("a+b/../c?d=e&f#g@example.org", Some("a%2Bb%2F..%2Fc%3Fd%3De%26f%23g"), "example.org"),
            ("jürgen@bücher.example", Some("j%C3%BCrgen"), "xn--bcher-kva.example"),
            ("a@localhost", None, ""),
            ("a@printer.local", None, ""),
            ("a@[127.0.0.1]", None, ""),
            ("a@127.0.0.1", None, ""),
            ("a@0x7f.1", None, ""),
            ("a@1.0.0.127.in-addr.arpa", None, ""),
        ];
        for (address, local, host) in cases {
            let found = places(&address.parse().unwrap());
            let Some(local) = local else {
                assert_eq!(found, None, "{address}");
                continue;
            };
            let [advanced, direct] = found.unwrap();
            assert_eq!((advanced.host, direct.host), (format!("openpgpkey.{host}"), host.to_owned()), "{address}");
            assert!(advanced.path.ends_with(&format!("?l={local}")), "{address}: {}", advanced.path);
        }
    }
}
