use std::borrow::Cow;

use super::uuencode::{Uu, uudecode};

/// Undoes a `Content-Transfer-Encoding` (RFC 2045 6), leniently: what does not belong is passed over.
pub fn transfer<'a>(encoding: &str, body: &'a [u8]) -> Cow<'a, [u8]> {
    match encoding {
        "base64" => Cow::Owned(base64(body)),
        "quoted-printable" => Cow::Owned(quoted_printable(body)),
        // Older than MIME, and still written (RFC 2045 6.3 names the way).
        "x-uuencode" | "x-uue" | "uuencode" => match uudecode(body).as_deref() {
            Some([Uu::File { bytes, .. }]) => Cow::Owned(bytes.clone()),
            _ => Cow::Borrowed(body),
        },
        _ => Cow::Borrowed(body),
    }
}

fn base64(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len() / 4 * 3 + 3);
    let (mut group, mut have) = (0u32, 0u32);
    for byte in body {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            // Padding ends a group; another encoded piece may follow it.
            b'=' => {
                (group, have) = (0, 0);
                continue;
            }
            _ => continue,
        };
        group = group << 6 | u32::from(value);
        have += 6;
        if have >= 8 {
            have -= 8;
            out.push((group >> have & 0xff) as u8);
        }
    }
    out
}

fn quoted_printable(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len());
    let mut at = 0;
    while let Some(byte) = body.get(at) {
        at += 1;
        if *byte != b'=' {
            out.push(*byte);
            continue;
        }
        let rest = body.get(at..).unwrap_or_default();
        if let Some(value) = hex_pair(rest) {
            out.push(value);
            at += 2;
        } else if let Some(skip) = soft_break(rest) {
            at += skip;
        } else {
            out.push(b'=');
        }
    }
    out
}

fn hex_pair(rest: &[u8]) -> Option<u8> {
    let digit = |at: usize| rest.get(at).and_then(|byte| char::from(*byte).to_digit(16));
    u8::try_from(digit(0)? * 16 + digit(1)?).ok()
}

/// Length of the line break after a soft `=`, white space before it included.
fn soft_break(rest: &[u8]) -> Option<usize> {
    let blank = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    match rest.get(blank..).unwrap_or_default() {
        [] => Some(blank),
        [b'\n', ..] => Some(blank + 1),
        [b'\r', b'\n', ..] => Some(blank + 2),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_what_mail_programs_write() {
        let cases: [(&str, &[u8], &[u8]); 10] = [
            ("x-uuencode", b"begin 644 a\n%:&5L;&\\\n`\nend\n", b"hello"),
            ("base64", b"aGVs\r\nbG8=", b"hello"),
            ("base64", b"aGVsbG8", b"hello"),
            ("base64", b"aGVsbG8=aGVsbG8=", b"hellohello"),
            ("base64", b"!!!", b""),
            ("quoted-printable", b"a=3Db =\r\nc=\n=e9", b"a=b c\xe9"),
            ("quoted-printable", b"a=ZZ", b"a=ZZ"),
            ("quoted-printable", b"end=", b"end"),
            ("7bit", b"a=3D", b"a=3D"),
            ("x-unknown", b"raw", b"raw"),
        ];
        for (encoding, input, expected) in cases {
            assert_eq!(&*transfer(encoding, input), expected, "{encoding} {input:?}");
        }
    }
}
