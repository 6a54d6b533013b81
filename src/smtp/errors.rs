use std::error::Error as _;

use lettre::transport::smtp::Error;

use crate::model::Address;
use crate::ports::SendError;

/// How far a sending had come when it failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    Connect,
    Login,
    /// `anonymous`: no login is configured.
    Envelope {
        anonymous: bool,
    },
    /// The message is on its way: without a reply nobody knows.
    Message,
}

/// Whose fault it is and whether to try again (RFC 5321 4.2.1: 4yz later, 5yz never).
pub(super) fn sort(error: &Error, stage: Stage, host: &str) -> SendError {
    let said = error.source().map(|source| without_addresses(&source.to_string())).unwrap_or_default();
    let Some(code) = error.status() else {
        return without_reply(error, stage, host, &said);
    };
    let text = format!("{host} answered {code} {said}");
    match (stage, u16::from(code)) {
        (_, 400..500) => SendError::Later(text),
        (Stage::Login, _) => SendError::Setup(format!("{text}: check user and password of the mail server")),
        // RFC 4954 6: these are about us and not about this mail.
        (_, 530 | 534 | 535 | 538) => SendError::Setup(format!("{text}: the mail server wants another login")),
        // RFC 3463 5.7.1, which Postfix says at RCPT to whoever did not log in.
        (Stage::Envelope { anonymous: true }, _) if said.starts_with("5.7.") => {
            SendError::Setup(format!("{text}: the mail server wants a login"))
        }
        (Stage::Connect, _) => SendError::Setup(format!("{text}: the mail server does not serve this machine")),
        (Stage::Envelope { .. } | Stage::Message, _) => SendError::Refused(text),
    }
}

fn without_reply(error: &Error, stage: Stage, host: &str, said: &str) -> SendError {
    if stage == Stage::Message {
        return SendError::Unknown(format!("the connection to {host} broke after the mail was handed over: {said}"));
    }
    if stage == Stage::Login && error.is_client() {
        return SendError::Setup(format!("{host} offers no login by password (PLAIN or LOGIN): {said}"));
    }
    SendError::Later(format!("the connection to {host} broke: {said}"))
}

/// A reply line fit for logs: one line of bounded length, every address masked.
pub(super) fn without_addresses(text: &str) -> String {
    const MAX_CHARS: usize = 200;
    let words = text.split_whitespace().map(|word| {
        if !word.contains('@') {
            return word.chars().filter(|c| !c.is_control()).collect();
        }
        let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
        bare.parse::<Address>().map_or_else(|_| "…".to_owned(), |address| address.to_string())
    });
    words.collect::<Vec<String>>().join(" ").chars().take(MAX_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reply_lines_keep_codes_and_lose_addresses() {
        let cases = [
            ("250 2.0.0 Ok: queued as 4D1F", "250 2.0.0 Ok: queued as 4D1F"),
            ("550 5.1.1 <erin@example.org>: no such user", "550 5.1.1 e…@example.org no such user"),
            ("bad\r\n\x1b[31maddress a@@b", "bad [31maddress …"),
        ];
        for (text, expected) in cases {
            assert_eq!(without_addresses(text), expected);
        }
        assert_eq!(without_addresses(&"x".repeat(5_000)).len(), 200);
    }
}
