use std::fmt::Write;

use mail_parser::decoders::charsets::map::charset_decoder;

/// Bytes as text: by the named character set as far as the bytes fit it, else as what they look like. Nothing is dropped:
/// bytes that fit nothing are read as Windows-1252, in which each has a character.
pub fn charset(name: Option<&str>, bytes: &[u8]) -> String {
    let name = normal(name.unwrap_or_default());
    if let Some(text) = by_mark(bytes) {
        return text;
    }
    match name.as_str() {
        "utf_7" => return utf7(bytes),
        "utf_16" | "utf_16be" | "utf_16le" | "ucs_2" => return utf16(bytes, big_endian(&name, bytes)),
        "utf_32" | "utf_32be" | "utf_32le" => return utf32(bytes, name != "utf_32le"),
        "iso_2022_kr" => return decoded("euc-kr", &shifted(bytes, SHIFT_OUT, SHIFT_IN)),
        "hz_gb_2312" => return decoded("gbk", &shifted(bytes, b"~{", b"~}")),
        _ => {}
    }
    // Eight-bit text that is right UTF-8 is UTF-8, whatever a mail program called it.
    let utf8 = std::str::from_utf8(bytes).ok().filter(|_| !bytes.is_ascii());
    match utf8 {
        Some(text) if !is_multibyte(&name) => text.to_owned(),
        _ if is_ascii(&name) || charset_decoder(name.as_bytes()).is_none() => guessed(bytes),
        _ => decoded(&name, bytes),
    }
}

/// Marks of a Korean text in seven bits (RFC 1557).
const SHIFT_OUT: &[u8] = b"\x0e";
const SHIFT_IN: &[u8] = b"\x0f";

/// A name in lower case with underscores, without what mail programs put around it.
fn normal(name: &str) -> String {
    let bare = name.trim().trim_matches(['"', '\'', '<', '>', '=']).split('*').next().unwrap_or_default();
    let lower = bare.to_ascii_lowercase().replace('-', "_");
    match lower.as_str() {
        "utf7" | "unicode_1_1_utf_7" | "x_unicode_2_0_utf_7" | "csutf7" => "utf_7".to_owned(),
        "utf16" | "unicode" | "csunicode" | "csutf16" | "iso_10646_ucs_2" => "utf_16".to_owned(),
        "utf32" | "ucs_4" | "iso_10646_ucs_4" => "utf_32".to_owned(),
        "hz_gb2312" | "hz" => "hz_gb_2312".to_owned(),
        "csiso2022kr" => "iso_2022_kr".to_owned(),
        _ => lower,
    }
}

fn is_ascii(name: &str) -> bool {
    matches!(name, "" | "us_ascii" | "ascii" | "utf_8" | "utf8" | "csutf8" | "ansi_x3.4_1968" | "unknown_8bit" | "8bit")
}

/// Whether characters outside of ASCII take several bytes in it, so that they can look like UTF-8 by chance.
fn is_multibyte(name: &str) -> bool {
    [
        "big5",
        "gb",
        "euc",
        "shift",
        "sjis",
        "ms_kanji",
        "windows_31j",
        "ks_c",
        "korean",
        "cn_",
        "cp936",
        "cp949",
        "x_sjis",
    ]
    .iter()
    .any(|start| name.starts_with(start))
}

fn decoded(name: &str, bytes: &[u8]) -> String {
    let text = charset_decoder(name.as_bytes()).map(|decode| decode(bytes));
    // Sets that browsers refuse are one mark of replacement, whatever the text.
    text.filter(|text| text != "\u{fffd}").unwrap_or_else(|| guessed(bytes))
}

/// By a byte order mark.
fn by_mark(bytes: &[u8]) -> Option<String> {
    match bytes {
        [0xef, 0xbb, 0xbf, rest @ ..] => Some(mostly_utf8(rest)),
        [0xff, 0xfe, 0, 0, rest @ ..] => Some(utf32(rest, false)),
        [0, 0, 0xfe, 0xff, rest @ ..] => Some(utf32(rest, true)),
        [0xfe, 0xff, rest @ ..] => Some(utf16(rest, true)),
        [0xff, 0xfe, rest @ ..] => Some(utf16(rest, false)),
        _ => None,
    }
}

/// Text whose character set is not named, or by no name that is known.
fn guessed(bytes: &[u8]) -> String {
    let (even, odd) = (zeros(bytes, 0), zeros(bytes, 1));
    let many = (even + odd) * 3 > bytes.len().min(1_024) && even + odd > 1;
    // The letters of UTF-16 have their zeros on one side; a run of zeros in a text is only that.
    if many && even.min(odd) * 8 <= even.max(odd) {
        return utf16(bytes, big_endian("", bytes));
    }
    let japanese = memchr::memmem::find(bytes, b"\x1b$B").is_some() && memchr::memmem::find(bytes, b"\x1b(").is_some();
    if japanese && bytes.is_ascii() {
        return decoded("iso-2022-jp", bytes);
    }
    mostly_utf8(bytes)
}

/// UTF-8, and what is not as Windows-1252.
fn mostly_utf8(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.push_str(&decoded_or_lossy(chunk.invalid()));
    }
    text
}

fn decoded_or_lossy(bytes: &[u8]) -> String {
    charset_decoder(b"windows-1252").map_or_else(|| String::from_utf8_lossy(bytes).into_owned(), |decode| decode(bytes))
}

/// Whether the high byte comes first; where nothing says so (RFC 2781 4.3), the zeros of ASCII tell.
fn big_endian(name: &str, bytes: &[u8]) -> bool {
    match name {
        "utf_16be" => true,
        "utf_16le" => false,
        _ => zeros(bytes, 0) >= zeros(bytes, 1),
    }
}

/// Zeros near the beginning, at even (0) or odd (1) places.
fn zeros(bytes: &[u8], odd: usize) -> usize {
    bytes.iter().take(1_024).skip(odd).step_by(2).filter(|byte| **byte == 0).count()
}

fn utf16(bytes: &[u8], big: bool) -> String {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let units = pairs.iter().map(|pair| if big { u16::from_be_bytes(*pair) } else { u16::from_le_bytes(*pair) });
    let text = char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER));
    text.chain(rest.iter().map(|_| char::REPLACEMENT_CHARACTER)).collect()
}

fn utf32(bytes: &[u8], big: bool) -> String {
    let (quads, rest) = bytes.as_chunks::<4>();
    let codes = quads.iter().map(|quad| if big { u32::from_be_bytes(*quad) } else { u32::from_le_bytes(*quad) });
    let text = codes.map(|code| char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
    text.chain(rest.iter().take(1).map(|_| char::REPLACEMENT_CHARACTER)).collect()
}

/// With the high bit set between two marks, which fall away: seven-bit text of two-byte sets.
fn shifted(bytes: &[u8], begin: &[u8], end: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let (mut rest, mut inside) = (bytes, false);
    while let Some(byte) = rest.first() {
        if let Some(after) = rest.strip_prefix(if inside { end } else { begin }) {
            (rest, inside) = (after, !inside);
        } else if let Some(after) = rest.strip_prefix(b"\x1b$)C") {
            rest = after;
        } else {
            // A line ends it, too.
            inside &= *byte != b'\n';
            out.push(if inside { byte | 0x80 } else { *byte });
            rest = rest.get(1..).unwrap_or_default();
        }
    }
    out
}

/// UTF-7 (RFC 2152). What is no right base64 stays as it stands.
fn utf7(bytes: &[u8]) -> String {
    let text = mostly_utf8(bytes);
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once('+') {
        out.push_str(before);
        let end = after.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '+' | '/'))).unwrap_or(after.len());
        let (encoded, behind) = after.split_at(end);
        rest = behind.strip_prefix('-').unwrap_or(behind);
        match base64_units(encoded) {
            _ if encoded.is_empty() => out.push('+'),
            Some(units) => {
                out.extend(char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)))
            }
            None => {
                let _ = write!(out, "+{encoded}");
                rest = behind;
            }
        }
    }
    out.push_str(rest);
    out
}

/// The UTF-16 units of a base64 run; `None`: it is none.
fn base64_units(encoded: &str) -> Option<Vec<u16>> {
    let (mut units, mut bits, mut have) = (Vec::new(), 0u32, 0);
    for byte in encoded.bytes() {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            _ => 63,
        };
        bits = bits << 6 | u32::from(value);
        have += 6;
        if have >= 16 {
            have -= 16;
            units.push((bits >> have & 0xffff) as u16);
            bits &= (1 << have) - 1;
        }
    }
    (!units.is_empty() && have < 6 && bits == 0).then_some(units)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_any_character_set() {
        let cases: &[(Option<&str>, &[u8], &str)] = &[
            (None, "grün".as_bytes(), "grün"),
            (Some("utf-8"), b"gr\xfcn", "grün"),
            (Some("ISO-8859-1"), b"gr\xfcn", "grün"),
            (Some("\"windows-1251\""), b"\xcf\xf0\xe8\xe2\xe5\xf2", "Привет"),
            (Some("windows-1252"), b"\x93quoted\x94 \x80", "“quoted” €"),
            (Some("koi8-r"), b"\xf0\xd2\xc9\xd7\xc5\xd4", "Привет"),
            (Some("Shift_JIS"), b"\x93\xfa\x96{", "日本"),
            (Some("euc-jp"), b"\xc6\xfc\xcb\xdc", "日本"),
            (Some("gb18030"), b"\xc4\xe3\xba\xc3", "你好"),
            (Some("GB2312"), b"\xc4\xe3\xba\xc3", "你好"),
            (Some("big5"), b"\xa7A\xa6n", "你好"),
            (Some("iso-2022-jp"), b"\x1b$BF|K\\\x1b(B ok", "日本 ok"),
            (None, b"\x1b$BF|K\\\x1b(B ok", "日本 ok"),
            (Some("iso-2022-kr"), b"\x1b$)C\n\x0eGQ1[\x0f ok", "\n한글 ok"),
            (Some("hz-gb-2312"), b"~{<:Ky~} ok", "己所 ok"),
            // Seven and sixteen bits.
            (Some("utf-7"), b"Hi +AOk- +- 1 +- 1", "Hi é + 1 + 1"),
            (Some("UNICODE-1-1-UTF-7"), b"+APw-ber +AKM 5, +2D3eAA", "über £ 5, 😀"),
            (Some("utf-7"), b"a+b = c+d, 1+1", "a+b = c+d, 1+1"),
            (Some("utf-16"), b"\xfe\xff\x00h\x00i", "hi"),
            (Some("utf-16"), b"\x00h\x00i", "hi"),
            (Some("utf-16"), b"h\x00i\x00", "hi"),
            (Some("utf-16le"), b"h\x00i\x00x", "hi\u{fffd}"),
            (Some("utf-16be"), b"\xd8\x3d\xde\x00", "😀"),
            (Some("utf-32"), b"\x00\x00\x00h", "h"),
            (None, b"h\x00e\x00y\x00", "hey"),
            (None, b"\xff\xfeh\x00i\x00", "hi"),
            (None, b"hey\x00\x00\x00\x00\x00", "hey\0\0\0\0\0"),
            (Some("us-ascii"), b"\xef\xbb\xbfgr\xc3\xbcn", "grün"),
            // Called by a wrong name, or by none that is known.
            (Some("iso-8859-1"), "grün “x”".as_bytes(), "grün “x”"),
            (Some("us-ascii"), "grün".as_bytes(), "grün"),
            (Some("us-ascii"), b"gr\xfcn", "grün"),
            (Some("no-such-set"), b"gr\xfcn", "grün"),
            (Some("no-such-set"), "grün".as_bytes(), "grün"),
            (Some("unknown-8bit"), b"gr\xfcn", "grün"),
            (Some(""), b"plain", "plain"),
            (Some("utf-8"), b"gr\xc3\xbcn and gr\xfcn", "grün and grün"),
            (Some("utf-8*en"), "grün".as_bytes(), "grün"),
        ];
        for (name, bytes, expected) in cases {
            assert_eq!(charset(*name, bytes), *expected, "{name:?} {bytes:?}");
        }
    }

    #[test]
    fn no_name_and_no_bytes_lose_ascii() {
        let text: String = (0x20..0x7e).map(char::from).filter(|c| !matches!(c, '+' | '~' | '\\')).collect();
        for name in [
            "utf-8",
            "x-mac-roman",
            "cp437",
            "tis-620",
            "iso-8859-16",
            "iso-2022-cn",
            "viscii",
            "ebcdic",
            "\0",
            "é",
            "utf-7",
        ] {
            assert_eq!(charset(Some(name), text.as_bytes()), text, "{name:?}");
            let all: Vec<u8> = (0..=255).collect();
            assert!(charset(Some(name), &all).contains("abc"), "{name:?}");
        }
    }
}
