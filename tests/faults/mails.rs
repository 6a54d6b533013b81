//! A few mails of every kind, no two alike, and what has to come of each.

use sequoia_openpgp::Cert;
use sequoia_openpgp::parse::Parse;

use crate::support::ciphertext::{PublicKey, Sealing, encryption_key};
use crate::support::world::{ADDRESS, fixture};

/// A mail, and what has to come of it.
#[derive(Debug)]
pub struct Sent {
    /// Stands in the subject, the text and every address of it, and in no other mail.
    pub token: String,
    pub bytes: Vec<u8>,
    /// As `Outcome::name` calls it.
    pub ends: &'static str,
    /// Where it is filed, or added to an advisory.
    pub repository: Option<String>,
    /// Whether it is announced before it is filed.
    pub urgent: bool,
    pub replies: usize,
}

/// Makes mails.
pub struct Mails {
    key: PublicKey,
    made: usize,
}

impl Mails {
    pub fn new() -> Self {
        let cert = Cert::from_file(fixture("keys/intake.pub.asc")).unwrap();
        Mails { key: encryption_key(&cert).unwrap(), made: 0 }
    }

    /// One of each kind; reports are about `repository`.
    pub fn mixed(&mut self, repository: &str) -> Vec<Sent> {
        vec![self.sealed(repository), self.plain(repository), self.public(repository), self.question(), self.spam()]
    }

    /// An encrypted report.
    pub fn sealed(&mut self, repository: &str) -> Sent {
        let token = self.token();
        let sealed = Sealing::default().seal(&finding(&token, repository), &[&self.key]);
        let content = "MIME-Version: 1.0\r\nContent-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary=\"b\"";
        let armored = String::from_utf8(sealed).unwrap();
        let body = format!(
            "--b\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n\
             --b\r\nContent-Type: application/octet-stream\r\n\r\n{armored}\r\n--b--\r\n"
        );
        filed(mail(&token, "...", content, &body), token, repository, false)
    }

    /// A report in clear.
    pub fn plain(&mut self, repository: &str) -> Sent {
        let token = self.token();
        let body = finding(&token, repository);
        filed(mail(&token, "Crash by one request", "", &body), token, repository, false)
    }

    /// A report of what is public already.
    pub fn public(&mut self, repository: &str) -> Sent {
        let token = self.token();
        let body = format!(
            "{}\r\nThere is a blog post about it since this morning, the exploit is public at https://exploit-archive.example/{token} ,\r\n\
             and it is being exploited in the wild.\r\n",
            finding(&token, repository)
        );
        filed(mail(&token, "Exploit published", "", &body), token, repository, true)
    }

    /// What the reporter of `first` writes later, which is added to its advisory.
    pub fn follow_up(&mut self, first: &str, repository: &str) -> Sent {
        let token = self.token();
        let body = format!("Hello,\r\n\r\nthe same happens with a frame of one byte, after the word {token}.\r\n");
        let answers = format!("In-Reply-To: <{first}@reporter.example>");
        let text = String::from_utf8(mail(&token, "Re: Crash by one request", &answers, &body)).unwrap();
        let bytes = text.replacen(&format!("From: <{token}@"), &format!("From: <{first}@"), 1).into_bytes();
        Sent { ends: "commented", ..filed(bytes, token, repository, false) }
    }

    /// A question, which is answered and nothing else.
    pub fn question(&mut self) -> Sent {
        let token = self.token();
        let body = format!(
            "Hello,\r\n\r\nwe are new to OpenTelemetry and would like to know how to remove passwords from span attributes before they\r\n\
             leave our network ({token}). Is the redaction processor the right thing? Is there a recommended configuration?\r\n"
        );
        let bytes = mail(&token, "How do we keep passwords out of our traces?", "", &body);
        Sent { token, bytes, ends: "answered", repository: None, urgent: false, replies: 1 }
    }

    /// Spam, which nobody hears of.
    pub fn spam(&mut self) -> Sent {
        let token = self.token();
        let body = format!(
            "Dear website owner,\r\n\r\nwe visited opentelemetry.io and found that you lose visitors every day! Our experts build 5,000 quality\r\n\
             backlinks for $199. Guest posts, traffic, social followers. Limited offer {token}, answer today.\r\n\r\n\
             To unsubscribe click here: http://rank-higher.example/u/118\r\n"
        );
        let fields = "List-Unsubscribe: <mailto:stop@rank-higher.example>\r\nPrecedence: bulk";
        let bytes = mail(&token, "Get your site on page one - 70% off this week", fields, &body);
        Sent { token, bytes, ends: "ignored", repository: None, urgent: false, replies: 0 }
    }

    fn token(&mut self) -> String {
        self.made += 1;
        format!("token{}x", self.made)
    }
}

fn filed(bytes: Vec<u8>, token: String, repository: &str, urgent: bool) -> Sent {
    Sent { token, bytes, ends: "filed", repository: Some(repository.to_owned()), urgent, replies: 1 }
}

fn finding(token: &str, repository: &str) -> String {
    format!(
        "Hello,\r\n\r\nthe parser of https://github.com/{repository} can be crashed by one unauthenticated request. The request\r\n\
         holds a frame with a length of zero, twice, after the word {token}.\r\n\r\nCVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H, CWE-770.\r\n"
    )
}

fn mail(token: &str, subject: &str, fields: &str, body: &str) -> Vec<u8> {
    let fields = if fields.is_empty() { String::new() } else { format!("{fields}\r\n") };
    let head = format!(
        "From: <{token}@reporter.example>\r\nTo: <{ADDRESS}>\r\nSubject: {subject} {token}\r\nMessage-ID: <{token}@reporter.example>\r\n\
         Date: Sun, 22 Nov 2026 12:00:00 +0000\r\n{fields}\r\n"
    );
    format!("{head}{body}").into_bytes()
}
