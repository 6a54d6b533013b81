use crate::model::{Address, Forwarded, Secret};

/// Lines that mail programs put over a mail that they forward in their own text.
const MARKS: [&str; 4] =
    ["forwarded message", "begin forwarded message:", "weitergeleitete nachricht", "message transféré"];

/// Lines after the mark in which the forwarded header section must begin.
const HEAD: usize = 12;

/// Reads the header section of a mail that was forwarded as text: a mark, then `From:` and `Subject:` lines.
pub(super) fn inline(text: &str) -> Option<Forwarded> {
    let mut lines = text.lines().skip_while(|line| !is_mark(line)).skip(1).take(HEAD);
    let (mut author, mut subject, mut found) = (None, String::new(), false);
    for line in &mut lines {
        let line = line.trim().trim_start_matches('>').trim().trim_start_matches('*');
        let Some((name, value)) = line.split_once(':') else { continue };
        let value = value.trim().trim_start_matches('*').trim();
        match name.trim_end_matches('*').to_ascii_lowercase().as_str() {
            "from" | "von" | "de" => {
                found = true;
                author = address_in(value);
            }
            "subject" | "betreff" | "objet" => subject = value.to_owned(),
            _ => {}
        }
    }
    found.then(|| Forwarded { author, subject: Secret::new(subject) })
}

fn is_mark(line: &str) -> bool {
    let bare = line.trim().trim_start_matches('>').trim();
    let inner = bare.trim_matches(|c: char| c == '-' || c.is_whitespace()).to_lowercase();
    // Dashes around it, or the whole line: never a sentence that says these words.
    MARKS.contains(&inner.as_str()) && (bare.starts_with("--") || bare.ends_with(':'))
}

fn address_in(text: &str) -> Option<Address> {
    let words = text.split(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '[' | ']' | '(' | ')' | '"' | ','));
    words.filter_map(|word| word.trim_start_matches("mailto:").parse().ok()).next_back()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_common_shapes_and_no_sentences() {
        let check = |text: &str, expected: Option<(Option<&str>, &str)>| {
            let found = inline(text);
            let shown = found.as_ref().map(|f| (f.author.as_ref().map(Address::as_str), f.subject.expose().as_str()));
            assert_eq!(shown, expected, "{text:?}");
        };
        check(
            "FYI\n\n---------- Forwarded message ---------\nFrom: Erin <erin@example.org>\nDate: x\nSubject: A bug\n\nhi",
            Some((Some("erin@example.org"), "A bug")),
        );
        check(
            "-------- Forwarded Message --------\nSubject: A bug\nFrom: erin@example.org\n",
            Some((Some("erin@example.org"), "A bug")),
        );
        check("Begin forwarded message:\n\n*From:* Erin\n*Subject:* A bug\n", Some((None, "A bug")));
        check("I saw a forwarded message\nFrom: x@example.org", None);
        check("---------- Forwarded message ---------\nnothing", None);
    }
}
