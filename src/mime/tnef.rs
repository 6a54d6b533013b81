//! What Outlook packs into `winmail.dat` ([MS-OXTNEF]): the text of a mail, and its files.

/// What a container holds; borrowed from it, nothing is copied.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Tnef<'a> {
    /// The text, in the sender's character set as a rule.
    pub text: Option<&'a [u8]>,
    pub html: Option<&'a [u8]>,
    pub files: Vec<TnefFile<'a>>,
    /// It has a body in compressed RTF, which is not read here.
    pub rtf: bool,
}

#[derive(Debug, Default, PartialEq, Eq)]
pub struct TnefFile<'a> {
    pub name: Option<String>,
    pub media_type: Option<String>,
    pub bytes: &'a [u8],
}

/// A container whose lengths do not fit what is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a damaged TNEF container")]
pub struct BrokenTnef;

/// The first bytes of every container (2.1.3.1).
const SIGNATURE: [u8; 4] = 0x223e_9f78_u32.to_le_bytes();
/// Files in one container that are told apart.
const MOST_FILES: usize = 1_000;
/// Properties of one object; Outlook writes some dozens.
const MOST_PROPERTIES: u32 = 4_096;

/// Attributes (2.1.3.4): type and name together.
mod attribute {
    pub const BODY: u32 = 0x0002_800c;
    pub const PROPERTIES: u32 = 0x0006_9003;
    pub const FILE_BEGINS: u32 = 0x0006_9002;
    pub const FILE_TITLE: u32 = 0x0001_8010;
    pub const FILE_DATA: u32 = 0x0006_800f;
    pub const FILE_PROPERTIES: u32 = 0x0006_9005;
}

/// Properties ([MS-OXPROPS]).
mod property {
    pub const BODY: u16 = 0x1000;
    pub const RTF: u16 = 0x1009;
    pub const HTML: u16 = 0x1013;
    pub const FILE_DATA: u16 = 0x3701;
    pub const FILE_NAME: u16 = 0x3704;
    pub const LONG_FILE_NAME: u16 = 0x3707;
    pub const MEDIA_TYPE: u16 = 0x370e;
}

/// Whether `bytes` begin like a container.
pub fn is_tnef(bytes: &[u8]) -> bool {
    bytes.starts_with(&SIGNATURE)
}

/// Reads a container. Each length is held against what is left before anything is taken.
///
/// # Errors
///
/// When a length does not fit: then nothing of it is believed.
pub fn tnef(bytes: &[u8]) -> Result<Tnef<'_>, BrokenTnef> {
    let mut input = Input { bytes };
    if input.take(4)? != SIGNATURE {
        return Err(BrokenTnef);
    }
    input.take(2)?;
    let mut found = Tnef::default();
    while !input.bytes.is_empty() {
        input.take(1)?;
        let id = input.number()?;
        let data = input.sized()?;
        let sum = input.take(2)?;
        let right = data.iter().fold(0u16, |sum, byte| sum.wrapping_add(u16::from(*byte)));
        if sum != right.to_le_bytes() {
            return Err(BrokenTnef);
        }
        found.take(id, data)?;
    }
    Ok(found)
}

impl<'a> Tnef<'a> {
    fn take(&mut self, id: u32, data: &'a [u8]) -> Result<(), BrokenTnef> {
        match id {
            attribute::BODY => self.text = Some(until_zero(data)),
            attribute::PROPERTIES => {
                for Property { id, kind: _, value } in properties(data)? {
                    match id {
                        property::BODY if self.text.is_none() => self.text = Some(until_zero(value)),
                        property::HTML => self.html = Some(value),
                        property::RTF => self.rtf = true,
                        _ => {}
                    }
                }
            }
            attribute::FILE_BEGINS if self.files.len() >= MOST_FILES => return Err(BrokenTnef),
            attribute::FILE_BEGINS => self.files.push(TnefFile::default()),
            _ => {
                if let Some(file) = self.files.last_mut() {
                    file.take(id, data)?;
                }
            }
        }
        Ok(())
    }
}

impl<'a> TnefFile<'a> {
    fn take(&mut self, id: u32, data: &'a [u8]) -> Result<(), BrokenTnef> {
        match id {
            attribute::FILE_TITLE if self.name.is_none() => self.name = Some(text(data)),
            attribute::FILE_DATA => self.bytes = data,
            attribute::FILE_PROPERTIES => {
                for property in properties(data)? {
                    match property.id {
                        property::LONG_FILE_NAME => self.name = Some(property.text()),
                        property::FILE_NAME if self.name.is_none() => self.name = Some(property.text()),
                        property::MEDIA_TYPE => self.media_type = Some(property.text().to_ascii_lowercase()),
                        property::FILE_DATA if self.bytes.is_empty() => self.bytes = property.value,
                        _ => {}
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }
}

/// A property and the first of its values.
struct Property<'a> {
    id: u16,
    kind: u16,
    value: &'a [u8],
}

impl Property<'_> {
    fn text(&self) -> String {
        if self.kind & 0x0fff != UNICODE {
            return text(self.value);
        }
        let units =
            self.value.chunks_exact(2).map(|pair| pair.iter().rev().fold(0, |n, byte| n << 8 | u16::from(*byte)));
        String::from_utf16_lossy(&units.take_while(|unit| *unit != 0).collect::<Vec<_>>())
    }
}

const UNICODE: u16 = 0x1f;

/// A list of properties (2.1.3.5.1): named ones have their name before the value, values of several bytes are padded to four.
fn properties(data: &[u8]) -> Result<Vec<Property<'_>>, BrokenTnef> {
    let mut input = Input { bytes: data };
    let count = input.number()?;
    if count > MOST_PROPERTIES {
        return Err(BrokenTnef);
    }
    let mut found = Vec::new();
    for _ in 0..count {
        let tag = input.number()?;
        let (kind, id) = ((tag & 0xffff) as u16, (tag >> 16) as u16);
        if id >= 0x8000 {
            input.take(16)?;
            match input.number()? {
                0 => input.take(4)?,
                _ => input.padded()?,
            };
        }
        let value = match kind & 0x0fff {
            0x1e | UNICODE | 0x102 | 0x0d => {
                let mut first = None;
                for _ in 0..input.number()? {
                    let value = input.padded()?;
                    first.get_or_insert(value);
                }
                // An object (an attached mail) has the identifier of its kind before its content.
                let value = first.unwrap_or_default();
                if kind & 0x0fff == 0x0d { value.get(16..).unwrap_or_default() } else { value }
            }
            fixed => {
                let size: usize = match fixed {
                    2 | 3 | 4 | 0x0a | 0x0b => 4,
                    5 | 6 | 7 | 0x14 | 0x40 => 8,
                    0x48 => 16,
                    _ => return Err(BrokenTnef),
                };
                let many = if kind & 0x1000 == 0 { 1 } else { input.number()? as usize };
                input.take(size.checked_mul(many).ok_or(BrokenTnef)?)?
            }
        };
        found.push(Property { id, kind, value });
    }
    Ok(found)
}

/// What is left to read.
struct Input<'a> {
    bytes: &'a [u8],
}

impl<'a> Input<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], BrokenTnef> {
        let (taken, rest) = self.bytes.split_at_checked(count).ok_or(BrokenTnef)?;
        self.bytes = rest;
        Ok(taken)
    }

    fn number(&mut self) -> Result<u32, BrokenTnef> {
        Ok(self.take(4)?.iter().rev().fold(0, |number, byte| number << 8 | u32::from(*byte)))
    }

    /// What comes behind its length.
    fn sized(&mut self) -> Result<&'a [u8], BrokenTnef> {
        let length = usize::try_from(self.number()?).map_err(|_| BrokenTnef)?;
        self.take(length)
    }

    /// The same, and up to three bytes that fill it up.
    fn padded(&mut self) -> Result<&'a [u8], BrokenTnef> {
        let value = self.sized()?;
        let fill = value.len().next_multiple_of(4) - value.len();
        self.take(fill.min(self.bytes.len()))?;
        Ok(value)
    }
}

fn until_zero(text: &[u8]) -> &[u8] {
    text.split(|byte| *byte == 0).next().unwrap_or_default()
}

fn text(bytes: &[u8]) -> String {
    super::charset(None, until_zero(bytes))
}

#[cfg(test)]
mod tests;
