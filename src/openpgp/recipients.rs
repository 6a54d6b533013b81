use sequoia_openpgp::packet::PKESK;
use sequoia_openpgp::parse::{PacketParser, PacketParserResult, Parse};
use sequoia_openpgp::{Cert, Packet};

use super::certificate::fingerprint;
use super::keyring::{Keyring, has_key};
use crate::model::NamedRecipient;

/// Recipients that are looked at, and that are listed; a ciphertext can name thousands.
const LOOKED_AT: usize = 256;
const LISTED: usize = 8;

impl Keyring {
    /// Whom a ciphertext, armored or binary, names as its recipients (RFC 9580 5.1), those of ours first: what anybody can see
    /// who holds it. No key is tried. Empty for what is no ciphertext.
    pub fn named_recipients(&self, ciphertext: &[u8]) -> Vec<NamedRecipient> {
        let mut named: Vec<NamedRecipient> = Vec::new();
        let mut next = PacketParser::from_bytes(ciphertext).ok();
        for _ in 0..LOOKED_AT {
            let Some(PacketParserResult::Some(parser)) = next.take() else { break };
            let Packet::PKESK(recipient) = &parser.packet else { break };
            let found = self.named(recipient);
            if !named.contains(&found) {
                named.push(found);
            }
            next = parser.next().ok().map(|(_, following)| following);
        }
        named.sort_by_key(|named| named.ours.is_none());
        named.truncate(LISTED);
        named
    }

    fn named(&self, recipient: &PKESK) -> NamedRecipient {
        let handle = recipient.recipient();
        let ours = handle.as_ref().and_then(|handle| self.own.iter().find(|cert: &&Cert| has_key(cert, handle)));
        NamedRecipient { key: handle.map(|handle| handle.to_hex()), ours: ours.and_then(fingerprint) }
    }
}
