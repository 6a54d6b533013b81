use super::charset::charset;
use super::decode;

/// A header value as text on one line: encoded words decoded (RFC 2047), the rest read as UTF-8 or what it looks like.
///
/// Neighbouring words of one character set are decoded together, since many programs split a character between two.
/// What is no right encoded word stays as it stands.
pub(super) fn decode_words(value: &[u8]) -> String {
    let text = charset(None, value);
    let (mut out, mut rest) = (String::with_capacity(text.len()), text.as_str());
    let mut run: Option<Run> = None;
    while let Some(at) = rest.find("=?") {
        let (before, from) = rest.split_at(at);
        let Some((word, behind)) = encoded_word(from) else {
            finish(&mut run, &mut out);
            out.push_str(before);
            out.push_str("=?");
            rest = from.get(2..).unwrap_or_default();
            continue;
        };
        // White space between two encoded words belongs to neither (RFC 2047 6.2).
        let neighbours = run.is_some() && before.trim().is_empty();
        if !neighbours {
            finish(&mut run, &mut out);
            out.push_str(before);
        }
        match &mut run {
            Some(run) if run.charset.eq_ignore_ascii_case(word.charset) => run.bytes.extend(word.bytes),
            _ => {
                finish(&mut run, &mut out);
                run = Some(Run { charset: word.charset.to_owned(), bytes: word.bytes });
            }
        }
        rest = behind;
    }
    finish(&mut run, &mut out);
    out.push_str(rest);
    out
}

/// Longest encoded word that is looked for, in bytes; RFC 2047 allows 75.
const LONGEST: usize = 2_000;

struct Run {
    charset: String,
    bytes: Vec<u8>,
}

struct Word<'a> {
    charset: &'a str,
    bytes: Vec<u8>,
}

fn finish(run: &mut Option<Run>, out: &mut String) {
    if let Some(run) = run.take() {
        out.push_str(&charset(Some(&run.charset), &run.bytes));
    }
}

/// The encoded word at the beginning of `text`, and what follows it.
fn encoded_word(text: &str) -> Option<(Word<'_>, &str)> {
    let cut = text.floor_char_boundary(LONGEST.min(text.len()));
    let (charset, rest) = text.get(..cut)?.strip_prefix("=?")?.split_once('?')?;
    let (encoding, rest) = rest.split_once('?')?;
    let (content, _) = rest.split_once("?=")?;
    let behind = text.get(charset.len() + encoding.len() + content.len() + 6..)?;
    let token = |text: &str| !text.is_empty() && text.len() < 64 && text.bytes().all(|byte| byte.is_ascii_graphic());
    // A fold in mid-word is forgiven, words that are none are not.
    let bytes = match encoding {
        "q" | "Q" => decode::transfer("quoted-printable", content.replace('_', " ").as_bytes()).into_owned(),
        "b" | "B" => decode::transfer("base64", content.as_bytes()).into_owned(),
        _ => return None,
    };
    token(charset).then_some((Word { charset: charset.split('*').next().unwrap_or_default(), bytes }, behind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_what_mail_programs_write() {
        let cases: &[(&[u8], &str)] = &[
            (b"plain", "plain"),
            (b"gr\xc3\xbcn", "grün"),
            (b"gr\xfcn", "grün"),
            (b"=?utf-8?q?gr=C3=BCn?=", "grün"),
            (b"a =?UTF-8?Q?b_c?= d", "a b c d"),
            (b"=?utf-8?b?w7w=?= =?utf-8?b?w7w=?=", "üü"),
            (b"=?utf-8?b?w7w=?=\r\n =?utf-8?q?x?=", "üx"),
            (b"=?utf-8?b?w7w=?= and =?utf-8?b?w7w=?=", "ü and ü"),
            // A character split between words, base64 without its end.
            (b"=?utf-8?q?gr=C3?= =?utf-8?q?=BCn?=", "grün"),
            (b"=?utf-8?b?w7w?=", "ü"),
            (b"=?iso-8859-1?q?gr=FCn?= =?utf-8?q?=C3=BC?=", "grünü"),
            (b"=?iso-2022-jp?b?GyRCRnxLXBsoQg==?=", "日本"),
            (b"=?utf-8*en?q?x?=", "x"),
            (b"=?x-no-such?q?gr=FCn?=", "grün"),
            // No encoded words.
            (b"=?utf-8?x?abc?=", "=?utf-8?x?abc?="),
            (b"=?utf-8?q?never closed", "=?utf-8?q?never closed"),
            (b"a=?b", "a=?b"),
            (b"=??q?x?=", "=??q?x?="),
        ];
        for (value, expected) in cases {
            assert_eq!(decode_words(value), *expected, "{:?}", String::from_utf8_lossy(value));
        }
        // Many beginnings without an end take no quadratic time.
        for piece in ["=?a?q?x", "=?", "=?a", "=?a?q?"] {
            assert!(decode_words(piece.repeat(20_000).as_bytes()).contains('a') == piece.contains('a'), "{piece}");
        }
    }
}
