use serde::{Deserialize, Serialize};

use super::ContentDigest;

/// What a look at the chain of outcomes found: each link holds a message's identity, its outcome and when it came to it, and
/// the hash of the link before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chain {
    /// Links, from the first on, up to the first broken one.
    pub links: u64,
    /// The hash of the last of them; `None` where there is none yet.
    pub head: Option<ContentDigest>,
    pub broken: Option<BrokenLink>,
}

/// The first link at which the chain is not what was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BrokenLink {
    pub link: i64,
    /// One sentence.
    pub what: String,
}

/// A link that somebody noted at another time, written `NUMBER:HASH`. While it is in the chain, no link up to it was removed or
/// changed, whoever could write to the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownLink {
    pub link: i64,
    pub hash: ContentDigest,
}

impl std::str::FromStr for KnownLink {
    type Err = super::InvalidId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = super::InvalidId::new("link", "NUMBER:HASH, as case verify prints it");
        let Some((link, hash)) = text.split_once(':') else { return Err(invalid) };
        match (link.parse(), ContentDigest::try_from(hash.to_owned())) {
            (Ok(link), Ok(hash)) => Ok(KnownLink { link, hash }),
            _ => Err(invalid),
        }
    }
}

impl std::fmt::Display for KnownLink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.link, self.hash)
    }
}

impl Chain {
    /// The last link, to be noted.
    pub fn last(&self) -> Option<KnownLink> {
        Some(KnownLink { link: i64::try_from(self.links).ok()?, hash: self.head? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_read_as_it_is_written() {
        let link = KnownLink { link: 12, hash: ContentDigest::of(b"x") };
        assert_eq!(link.to_string().parse(), Ok(link));
        for bad in ["", "12", "12:", "x:00", "12:00", ":"] {
            assert!(bad.parse::<KnownLink>().is_err(), "{bad:?}");
        }
    }
}
