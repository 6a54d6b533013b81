//! The real GnuPG with a home of its own: what a reporter and a team member open their mail with.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// A GnuPG home in a temporary folder; its agent is stopped with it.
pub struct GnuPg {
    home: TempDir,
}

/// What GnuPG said about a message.
#[derive(Debug)]
pub struct Opened {
    pub plaintext: Vec<u8>,
    /// Fingerprints of good signatures' primary keys (`VALIDSIG`).
    pub valid_signatures: Vec<String>,
}

impl GnuPg {
    /// An empty home.
    pub fn new() -> Self {
        // A short path: the agent's socket lies in it, and those end at 108 bytes.
        let home = tempfile::Builder::new().prefix("gpg").tempdir_in("/tmp").unwrap();
        fs::set_permissions(home.path(), fs::Permissions::from_mode(0o700)).unwrap();
        GnuPg { home }
    }

    /// A home that knows these keys and certificates.
    pub fn with_keys(files: &[PathBuf]) -> Self {
        let gnupg = GnuPg::new();
        for file in files {
            gnupg.import(&fs::read(file).unwrap());
        }
        gnupg
    }

    /// Imports armored or binary keys.
    pub fn import(&self, keys: &[u8]) {
        self.run(&["--import"], keys);
    }

    /// The secret keys of `address` without the primary one, of which only a stub is left. Armored.
    pub fn export_secret_subkeys(&self, address: &str) -> Vec<u8> {
        self.run(&["--armor", "--export-secret-subkeys", address], b"")
    }

    /// Makes a key without password for a user id.
    pub fn generate(&self, user_id: &str) {
        self.run(&["--quick-generate-key", user_id, "default", "default", "never"], b"");
    }

    /// The certificate of `address`.
    pub fn export(&self, address: &str, armored: bool) -> Vec<u8> {
        let armor = if armored { "--armor" } else { "--no-armor" };
        self.run(&[armor, "--export", address], b"")
    }

    /// Encrypts to one recipient, and signs with `signer` where given. Armored.
    pub fn encrypt(&self, plaintext: &[u8], recipient: &str, signer: Option<&str>) -> Vec<u8> {
        let mut arguments = vec!["--armor", "--trust-model", "always", "--recipient", recipient];
        if let Some(signer) = signer {
            arguments.extend(["--local-user", signer, "--sign"]);
        }
        arguments.push("--encrypt");
        self.run(&arguments, plaintext)
    }

    /// A detached signature by `signer` over `content`. Armored.
    pub fn sign_detached(&self, content: &[u8], signer: &str) -> Vec<u8> {
        self.run(&["--armor", "--local-user", signer, "--detach-sign"], content)
    }

    /// Opens a message; fails the test when GnuPG cannot.
    pub fn decrypt(&self, ciphertext: &[u8]) -> Opened {
        let output = self.output(&["--decrypt"], ciphertext);
        let status = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(status.contains("DECRYPTION_OKAY"), "gpg could not open it: {status}");
        Opened { plaintext: output.stdout, valid_signatures: valid_signatures(&status) }
    }

    /// Whether this home has a key that opens `ciphertext`.
    pub fn can_decrypt(&self, ciphertext: &[u8]) -> bool {
        String::from_utf8_lossy(&self.output(&["--decrypt"], ciphertext).stderr).contains("DECRYPTION_OKAY")
    }

    /// Verifies a detached signature over `content`; gives the fingerprints of good signatures.
    pub fn verify(&self, content: &[u8], signature: &[u8]) -> Vec<String> {
        let file = self.home.path().join("signature.asc");
        fs::write(&file, signature).unwrap();
        let output = self.output(&["--verify", file.to_str().unwrap(), "-"], content);
        valid_signatures(&String::from_utf8_lossy(&output.stderr))
    }

    /// The primary key's fingerprint of the certificate for `address`.
    pub fn fingerprint(&self, address: &str) -> String {
        let listed = self.run(&["--with-colons", "--list-keys", address], b"");
        let listed = String::from_utf8(listed).unwrap();
        let line = listed.lines().find(|line| line.starts_with("fpr:")).expect("a key for the address");
        line.split(':').nth(9).unwrap().to_owned()
    }

    fn run(&self, arguments: &[&str], input: &[u8]) -> Vec<u8> {
        let output = self.output(arguments, input);
        assert!(output.status.success(), "gpg {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    }

    fn output(&self, arguments: &[&str], input: &[u8]) -> Output {
        let mut child = Command::new("gpg")
            .env("GNUPGHOME", self.home.path())
            .args(["--batch", "--no-tty", "--pinentry-mode", "loopback", "--passphrase", "", "--status-fd", "2"])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("gpg is needed for this test: make setup-test installs it");
        let mut stdin = child.stdin.take().unwrap();
        let input = input.to_vec();
        let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap();
        output
    }
}

impl Drop for GnuPg {
    fn drop(&mut self) {
        let _ = Command::new("gpgconf").env("GNUPGHOME", self.home.path()).args(["--kill", "all"]).output();
    }
}

fn valid_signatures(status: &str) -> Vec<String> {
    status
        .lines()
        .filter_map(|line| line.strip_prefix("[GNUPG:] VALIDSIG "))
        .filter_map(|line| line.split(' ').next_back().map(str::to_owned))
        .collect()
}
