/// Tags of one list; signatures have about ten.
const MOST_TAGS: usize = 40;

/// A tag list (RFC 6376 3.2): `v=1; d=example.org`.
pub(super) struct Tags<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Tags<'a> {
    /// `None` for what is no tag list, and for one that names a tag twice: two readers could take different ones.
    pub fn parse(value: &'a [u8]) -> Option<Tags<'a>> {
        let text = std::str::from_utf8(value).ok().filter(|text| text.is_ascii() && !text.contains('\0'))?;
        let mut tags: Vec<(&str, &str)> = Vec::new();
        let list = text.trim();
        for tag in list.strip_suffix(';').unwrap_or(list).split(';') {
            let (name, value) = tag.split_once('=')?;
            let name = name.trim();
            let named = name.starts_with(|c: char| c.is_ascii_alphabetic())
                && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
            if !named || tags.len() == MOST_TAGS || tags.iter().any(|(known, _)| *known == name) {
                return None;
            }
            tags.push((name, value.trim()));
        }
        Some(Tags(tags))
    }

    /// The value as it stands, without spaces around it.
    pub fn get(&self, name: &str) -> Option<&'a str> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
    }

    /// The value without the folds and spaces that may be in it.
    pub fn compact(&self, name: &str) -> Option<String> {
        self.get(name).map(|value| value.split_ascii_whitespace().collect())
    }

    /// The items of a value that colons separate, in lower case.
    pub fn items(&self, name: &str) -> Option<Vec<String>> {
        let value = self.compact(name)?;
        Some(value.split(':').map(str::to_ascii_lowercase).collect())
    }
}
