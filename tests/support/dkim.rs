//! Signs mail as a domain's mail server does (RFC 6376), apart from the code under test: canonical forms are made here, and
//! the mathematics is OpenSSL's.

use std::fs;
use std::path::Path;
use std::process::Command;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

/// A domain's key.
pub struct Signer {
    folder: TempDir,
    algorithm: &'static str,
    /// What its TXT record holds.
    pub record: String,
}

/// How a mail is signed.
#[derive(Clone)]
pub struct Way<'a> {
    pub domain: &'a str,
    pub selector: &'a str,
    /// Names of the signed fields, with colons.
    pub fields: &'a str,
    /// `relaxed` or `simple`, for header and body.
    pub forms: (&'a str, &'a str),
    /// Further tags, each with a semicolon behind it.
    pub tags: &'a str,
    /// How much of the body is hashed.
    pub length: Option<usize>,
}

pub const WAY: Way<'static> = Way {
    domain: "example.org",
    selector: "s1",
    fields: "from:to:subject:date:message-id:content-type",
    forms: ("relaxed", "relaxed"),
    tags: "",
    length: None,
};

impl Signer {
    pub fn rsa(bits: u32) -> Self {
        let bits = format!("rsa_keygen_bits:{bits}");
        Self::new("rsa-sha256", &["-algorithm", "RSA", "-pkeyopt", &bits], "rsa", 0)
    }

    pub fn ed25519() -> Self {
        // The record has the bare key, which is the end of its encoding (RFC 8463 4).
        Self::new("ed25519-sha256", &["-algorithm", "ED25519"], "ed25519", 12)
    }

    fn new(algorithm: &'static str, arguments: &[&str], kind: &str, skipped: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        openssl(folder.path(), &[&["genpkey", "-out", "key.pem"], arguments].concat());
        openssl(folder.path(), &["pkey", "-in", "key.pem", "-pubout", "-outform", "DER", "-out", "public"]);
        let public = fs::read(folder.path().join("public")).unwrap();
        let record = format!("v=DKIM1; k={kind}; p={}", STANDARD.encode(&public[skipped..]));
        Signer { folder, algorithm, record }
    }

    /// The mail, whose lines end in CRLF, with a signature above it.
    pub fn sign(&self, mail: &str, way: &Way) -> String {
        let (header, body) = mail.split_once("\r\n\r\n").unwrap();
        let (header_form, body_form) = way.forms;
        let body = canonical_body(body, body_form);
        let hash = STANDARD.encode(Sha256::digest(&body.as_bytes()[..way.length.unwrap_or(body.len())]));
        let field = format!(
            "DKIM-Signature: v=1; a={}; c={header_form}/{body_form}; d={}; s={};\r\n\th={}; {}bh={hash};\r\n\tb=",
            self.algorithm, way.domain, way.selector, way.fields, way.tags
        );
        let mut left: Vec<String> = unfolded(header);
        let mut signed = String::new();
        for name in way.fields.split(':') {
            let named = |field: &String| field.split(':').next().unwrap().trim().eq_ignore_ascii_case(name);
            if let Some(at) = left.iter().rposition(named) {
                signed += &canonical_field(&left.remove(at), header_form);
            }
        }
        signed += canonical_field(&format!("{field}\r\n"), header_form).trim_end_matches("\r\n");
        format!("{field}{}\r\n{mail}", STANDARD.encode(self.signature(signed.as_bytes())))
    }

    fn signature(&self, data: &[u8]) -> Vec<u8> {
        let path = self.folder.path();
        let ed25519 = self.algorithm.starts_with("ed25519");
        fs::write(path.join("data"), if ed25519 { Sha256::digest(data).to_vec() } else { data.to_vec() }).unwrap();
        match ed25519 {
            true => {
                openssl(path, &["pkeyutl", "-sign", "-rawin", "-inkey", "key.pem", "-in", "data", "-out", "signature"])
            }
            false => openssl(path, &["dgst", "-sha256", "-sign", "key.pem", "-out", "signature", "data"]),
        }
        fs::read(path.join("signature")).unwrap()
    }
}

fn openssl(folder: &Path, arguments: &[&str]) {
    let output = Command::new("openssl").args(arguments).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "openssl {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// The fields of a header section, folds and line breaks included.
fn unfolded(header: &str) -> Vec<String> {
    let mut fields: Vec<String> = Vec::new();
    for line in header.split("\r\n") {
        match fields.last_mut() {
            Some(field) if line.starts_with([' ', '\t']) => *field += &format!("{line}\r\n"),
            _ => fields.push(format!("{line}\r\n")),
        }
    }
    fields
}

fn canonical_field(field: &str, form: &str) -> String {
    if form == "simple" {
        return field.to_owned();
    }
    let (name, value) = field.split_once(':').unwrap();
    let words: Vec<&str> = value.split_whitespace().collect();
    format!("{}:{}\r\n", name.trim().to_lowercase(), words.join(" "))
}

fn canonical_body(body: &str, form: &str) -> String {
    let line = |line: &str| match form {
        "simple" => line.to_owned(),
        _ => {
            let indented = if line.starts_with([' ', '\t']) { " " } else { "" };
            let words: Vec<&str> = line.split_whitespace().collect();
            if words.is_empty() { String::new() } else { format!("{indented}{}", words.join(" ")) }
        }
    };
    let lines: Vec<String> = body.split("\r\n").map(line).collect();
    let text = lines.join("\r\n");
    let text = text.trim_end_matches("\r\n");
    if text.is_empty() && form == "relaxed" { String::new() } else { format!("{text}\r\n") }
}
