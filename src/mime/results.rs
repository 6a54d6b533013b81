use super::HeaderSection;
use super::dkim::{self, Flaw};
use crate::model::{Address, SenderRules};

/// Whether the mail server of the mailbox says that the domain of `author` signed the mail (`Authentication-Results`, RFC
/// 8601). `None`: it says nothing about that.
///
/// Anybody can write such a field. It is believed when it carries the configured name, stands where only that server can
/// have put it (above the first `Received`, or above as many as are configured), and the signature that it speaks of
/// covers all that a reader sees: servers do not look at that.
///
/// # Errors
///
/// Why a pass that the server found does not count.
pub fn believed(
    header: &HeaderSection,
    body: &[u8],
    rules: &SenderRules,
    author: &Address,
) -> Option<Result<(), Flaw>> {
    let server = rules.authserv_id.as_deref()?;
    let mut received = 0;
    let mut found: Option<Result<(), Flaw>> = None;
    for (name, value) in header.fields() {
        if name.eq_ignore_ascii_case("received") {
            received += 1;
        }
        if received > rules.authserv_received {
            break;
        }
        if !name.eq_ignore_ascii_case("authentication-results") {
            continue;
        }
        for domain in passed(value, server).into_iter().filter(|domain| dkim::is_aligned(domain, author)) {
            let covered = dkim::covering(header, body, &domain);
            if found.is_none_or(|known| known.is_err()) {
                found = Some(covered);
            }
        }
    }
    found
}

/// The domains whose DKIM signatures `server` found to be right.
fn passed(value: &[u8], server: &str) -> Vec<String> {
    let Some(text) = without_comments(&String::from_utf8_lossy(value)) else { return Vec::new() };
    let mut results = text.split(';');
    let mut head = results.next().unwrap_or_default().split_whitespace();
    let ours = head.next().is_some_and(|id| id.eq_ignore_ascii_case(server));
    let version = head.next().is_none_or(|version| version == "1");
    if !ours || !version || head.next().is_some() {
        return Vec::new();
    }
    results.filter_map(passed_domain).collect()
}

/// The domain of one result, `dkim=pass header.d=example.org`; from `header.i` where the server says no more.
fn passed_domain(result: &str) -> Option<String> {
    let tight = result.split('=').map(str::trim).collect::<Vec<_>>().join("=").to_ascii_lowercase();
    let mut words = tight.split_whitespace();
    if !matches!(words.next()?, "dkim=pass" | "dkim/1=pass") {
        return None;
    }
    let words: Vec<&str> = words.collect();
    let property = |name: &str| {
        let mut values = words.iter().filter_map(|word| word.strip_prefix(name));
        values.next().filter(|_| values.next().is_none())
    };
    let named = |name: &str| words.iter().any(|word| word.starts_with(name));
    let domain = match named("header.d=") {
        true => property("header.d=")?,
        false => property("header.i=")?.rsplit_once('@')?.1,
    };
    Some(domain.to_owned())
}

/// Without comments (RFC 5322 3.2.2); what is quoted loses everything that could be taken for structure. `None` where one
/// has no end.
fn without_comments(text: &str) -> Option<String> {
    let (mut bare, mut quoted, mut depth) = (String::new(), false, 0_usize);
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' if quoted || depth > 0 => {
                chars.next()?;
            }
            '"' if depth == 0 => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => depth = depth.checked_sub(1)?,
            c if quoted => {
                bare.push(if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '@') { c } else { '?' })
            }
            c if depth == 0 => bare.push(c),
            _ => {}
        }
    }
    (!quoted && depth == 0).then_some(bare)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Limits;

    const SIGNATURE: &str = "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.org; s=s1; \
                             h=from:subject:date:content-type; bh=eA==; b=eA==\n";

    #[test]
    fn results_are_believed_from_the_servers_own_field_alone() {
        let pass = "Authentication-Results: mx.example.net; dkim=pass header.d=example.org\n";
        let received = "Received: from somewhere by mx.example.net; Sun, 22 Nov 2026 12:00:00 +0000\n";
        let cases: Vec<(String, u32, Option<bool>)> = vec![
            (pass.to_owned(), 0, Some(true)),
            (format!("Return-Path: <erin@example.org>\n{pass}{received}"), 0, Some(true)),
            ("Authentication-Results: MX.example.net 1; spf=fail;\n dkim = pass (2048-bit; \"ok) header.i=@Example.org\n".into(), 0, Some(true)),
            ("Authentication-Results: \"mx.example.net\"; dkim=pass header.i=erin@example.org\n".into(), 0, Some(true)),
            // Below what the server wrote: the sender can have put it there.
            (format!("{received}{pass}"), 0, None),
            (format!("{received}{pass}"), 1, Some(true)),
            (format!("{received}{received}{pass}"), 1, None),
            (format!("Authentication-Results: mx.example.net; dkim=fail header.d=example.org\n{received}{pass}"), 0, None),
            // Other names, other words.
            (pass.replace("mx.example.net", "mx.example.net.evil.example"), 0, None),
            (pass.replace("mx.example.net", "other.example"), 0, None),
            (pass.replace("mx.example.net", "mx.example.net 2"), 0, None),
            (pass.replace("mx.example.net", "mx.example.net mx.example.net 1"), 0, None),
            (pass.replace("dkim=pass", "dkim=fail reason=\"dkim=pass header.d=example.org\""), 0, None),
            (pass.replace("dkim=pass", "spf=pass (dkim=pass; dkim=pass)"), 0, None),
            (pass.replace("dkim=pass", "x=\"; dkim=pass header.d=example.org"), 0, None),
            (pass.replace("dkim=pass", "dkim=policy"), 0, None),
            (pass.replace("header.d=example.org", "header.d=evil.example"), 0, None),
            (pass.replace("header.d=example.org", "header.d=evil.example header.d=example.org"), 0, None),
            (pass.replace("header.d=example.org", "header.d=org"), 0, None),
            (pass.replace("header.d=example.org", "header.d=mail.example.org"), 0, None),
        ];
        let body = "From: Erin <erin@example.org>\nSubject: x\nDate: x\nContent-Type: text/plain\n";
        for (trace, hops, expected) in cases {
            let header = format!("{trace}{SIGNATURE}{body}\n");
            let found = check(&header, hops).map(|result| result.is_ok());
            assert_eq!(found, expected, "{trace}");
        }
        assert_eq!(check(&format!("{pass}{body}\n"), 0), Some(Err(Flaw::NotAligned)), "nothing is signed");
        for (from, to, flaw) in [
            ("h=from:subject", "h=from", Flaw::Uncovered),
            ("; bh=", "; l=0; bh=", Flaw::OpenEnd),
            ("Subject: x\n", "Subject: x\nSubject: y\n", Flaw::Repeated),
        ] {
            let header = format!("{pass}{SIGNATURE}{body}\n").replace(from, to);
            assert_eq!(check(&header, 0), Some(Err(flaw)), "{to}");
        }
    }

    fn check(header: &str, authserv_received: u32) -> Option<Result<(), Flaw>> {
        let rules = SenderRules { authserv_id: Some("mx.example.net".into()), authserv_received, dkim: false };
        let limits = Limits::default();
        let section = HeaderSection::parse_some(header.as_bytes(), &limits);
        let none = SenderRules::default();
        let author = "erin@example.org".parse().unwrap();
        assert_eq!(believed(&section, b"", &none, &author), None, "without a configured name");
        believed(&section, b"", &rules, &author)
    }
}
