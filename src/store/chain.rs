//! The chain of outcomes: each link's hash covers the hash before it, so that none is removed or changed unseen.

use std::collections::HashMap;

use crate::model::{BrokenLink, Chain, ContentDigest, KnownLink, MessageId, Outcome};
use crate::store::convert::json;

/// Before everything that is hashed: which program's chain this is, and in which form its links are.
const FORM: &[u8] = b"advisory-intake outcome 1";

/// A message, and how it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// From 1 on, without gaps.
    pub number: i64,
    pub message: i64,
    /// The digest of the message's bytes, and where it lies.
    pub digest: Vec<u8>,
    pub origin: String,
    /// As JSON.
    pub outcome: String,
    /// Microseconds since 1970.
    pub at: i64,
}

impl Link {
    /// SHA-256 over the hash `before` it and all its fields. Each has its length in front, so that no two links are written
    /// alike.
    pub fn hash(&self, before: &[u8]) -> ContentDigest {
        digest(&[
            FORM,
            before,
            &self.number.to_be_bytes(),
            &self.message.to_be_bytes(),
            &self.digest,
            self.origin.as_bytes(),
            self.outcome.as_bytes(),
            &self.at.to_be_bytes(),
        ])
    }
}

fn digest(fields: &[&[u8]]) -> ContentDigest {
    let mut bytes = Vec::new();
    for field in fields {
        bytes.extend((field.len() as u64).to_be_bytes());
        bytes.extend(*field);
    }
    ContentDigest::of(&bytes)
}

/// A message's last link.
struct Latest {
    number: i64,
    /// Of the message's identity and its outcome.
    content: ContentDigest,
}

/// Follows the chain from its first link, and then holds the messages to it.
#[derive(Default)]
pub struct Walk {
    links: i64,
    head: Option<ContentDigest>,
    latest: HashMap<i64, Latest>,
    broken: Option<BrokenLink>,
}

impl Walk {
    /// The next link with the hash that was stored beside it. `known`, if it is this one, must have the hash that was noted.
    pub fn link(&mut self, link: &Link, stored: &[u8], known: Option<KnownLink>) {
        if self.broken.is_some() {
            return;
        }
        let (number, message) = (self.links + 1, MessageId::new(link.message));
        if link.number != number {
            return self.breaks(number, "it was removed".to_owned());
        }
        let before = self.head.map(|head| head.as_bytes().to_vec()).unwrap_or_default();
        let hash = link.hash(&before);
        if hash.as_bytes() != stored {
            return self.breaks(number, format!("it was changed, or another one before it; it is about {message}"));
        }
        if known.is_some_and(|known| known.link == number && known.hash != hash) {
            return self
                .breaks(number, "it is not the link that was noted: it or one before it was changed".to_owned());
        }
        self.links = number;
        self.head = Some(hash);
        let content = content(&link.digest, &link.origin, &link.outcome);
        self.latest.insert(link.message, Latest { number, content });
    }

    /// A message as it stands in the store; `outcome` where it has one.
    pub fn message(&mut self, message: i64, digest: &[u8], origin: &str, outcome: Option<&Outcome>) {
        let latest = self.latest.remove(&message);
        let (None, Some(outcome)) = (&self.broken, outcome) else { return };
        let name = MessageId::new(message);
        let Some(latest) = latest else {
            return self.breaks(self.links + 1, format!("it is missing: {name} has an outcome and no link"));
        };
        let outcome = json(outcome).unwrap_or_default();
        if content(digest, origin, &outcome) != latest.content {
            self.breaks(latest.number, format!("it says otherwise than the record of {name}, which was changed"));
        }
    }

    /// What was found, once all links and all messages were seen.
    pub fn end(mut self, known: Option<KnownLink>) -> Chain {
        let orphan = self.latest.iter().min_by_key(|(_, latest)| latest.number);
        let orphan = orphan.map(|(message, latest)| (latest.number, MessageId::new(*message)));
        match (orphan, known) {
            _ if self.broken.is_some() => {}
            (Some((link, message)), _) => self.breaks(link, format!("the record of {message} was removed")),
            (None, Some(known)) if known.link > self.links || known.link < 1 => {
                self.breaks(self.links + 1, format!("it was removed, as all up to link {}", known.link));
            }
            _ => {}
        }
        Chain { links: u64::try_from(self.links).unwrap_or_default(), head: self.head, broken: self.broken }
    }

    fn breaks(&mut self, link: i64, what: String) {
        self.broken = Some(BrokenLink { link, what });
    }
}

/// What a link and the message's record must have in common. An outcome that another version wrote may be written otherwise.
fn content(digest_of_bytes: &[u8], origin: &str, outcome: &str) -> ContentDigest {
    let outcome = serde_json::from_str::<Outcome>(outcome).ok().and_then(|outcome| json(&outcome).ok());
    digest(&[digest_of_bytes, origin.as_bytes(), outcome.unwrap_or_default().as_bytes()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_of_a_link_stays_what_it_is() {
        let link = Link {
            number: 1,
            message: 7,
            digest: vec![1; 32],
            origin: "\"pipe\"".into(),
            outcome: "\"answered\"".into(),
            at: 1_795_348_800_000_000,
        };
        // Chains that were written by earlier versions must stay true.
        assert_eq!(link.hash(&[]).hex(), "d8a12be48bc455593d76cbfa935d036593a8a419c0a3f9238809ecfa01b62a34");
        let moved = Link { origin: "\"pipe\"\"".into(), outcome: "answered\"".into(), ..link.clone() };
        assert_ne!(moved.hash(&[]), link.hash(&[]), "where one field ends and the next begins is covered");
        assert_ne!(link.hash(link.hash(&[]).as_bytes()), link.hash(&[]));
    }
}
