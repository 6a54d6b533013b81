//! The gateway between real servers: Postfix in front, Dovecot with everybody's mailbox, GitHub's double behind.

use std::path::{Path, PathBuf};

use super::daemon::{Gateway, wait_for};
use super::dovecot::{Dovecot, PASSWORD};
use super::github_double::GithubDouble;
use super::postfix::Postfix;
use super::proxy::Proxy;

/// The mailbox that the gateway reads: Postfix delivers by the local part.
pub const MAILBOX: &str = "security-intake";
/// The address of that mailbox.
pub const ADDRESS: &str = "security-intake@otel.example";

/// All servers and a gateway that is not started yet.
pub struct World {
    pub dovecot: Dovecot,
    pub postfix: Postfix,
    pub github: GithubDouble,
    /// Between the gateway and Postfix, without TLS, so that everything it sends can be looked at.
    pub wire: Proxy,
    pub gateway: Gateway,
}

impl World {
    /// Starts the servers and writes the gateway's configuration, with `more` at its end.
    pub fn new(more: &str) -> Self {
        let dovecot = Dovecot::start();
        let postfix = Postfix::start(&dovecot);
        let github = GithubDouble::start();
        github.add_owner("open-telemetry");
        let wire = Proxy::to(postfix.plain_port);
        let gateway = Gateway::new(&configuration(&dovecot, &github, wire.port, more));
        std::fs::create_dir(gateway.folder().join("state")).unwrap();
        gateway.put("imap-password", PASSWORD.as_bytes());
        gateway.put("github-token", github.token().as_bytes());
        World { dovecot, postfix, github, wire, gateway }
    }

    /// Waits until `done` gives something.
    pub fn wait_for<T>(&self, what: &str, done: impl FnMut() -> Option<T>) -> T {
        wait_for(&self.gateway, what, done)
    }

    /// Messages in a folder of the gateway's mailbox.
    pub fn folder(&self, name: &str) -> Vec<Vec<u8>> {
        self.dovecot.messages(MAILBOX, name)
    }

    /// Everything in somebody's INBOX.
    pub fn inbox(&self, who: &str) -> Vec<Vec<u8>> {
        self.dovecot.messages(who, "INBOX")
    }
}

/// A file or folder of `fixtures/`.
pub fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)
}

/// The `keys` section, without the key that has a password: unlocking takes seconds in a debug build.
pub fn test_keys() -> String {
    let path = |name: &str| fixture(name).display().to_string();
    format!(
        "[keys]\nsecret = [{{ file = {:?} }}, {{ file = {:?} }}]\nteam = [{:?}]\nknown = [{:?}]\n",
        path("keys/intake.sec.asc"),
        path("keys/intake-2023.sec.asc"),
        path("keys/team"),
        path("keys/reporters"),
    )
}

fn configuration(dovecot: &Dovecot, github: &GithubDouble, smtp_port: u16, more: &str) -> String {
    format!(
        r#"
[identity]
address = "{ADDRESS}"
aliases = ["security@opentelemetry.io"]

[mailbox.main]
host = "localhost"
port = {imap_port}
ca_file = {ca:?}
user = "{MAILBOX}"
password = {{ file = "imap-password" }}

[smtp]
host = "127.0.0.1"
port = {smtp_port}
tls = "none"

[github]
api = "{api}"
token = {{ file = "github-token" }}
timeout_seconds = 5

{keys}

[store]
path = "state/intake.sqlite"
{more}
"#,
        imap_port = dovecot.imaps_port,
        ca = dovecot.ca.ca_file.display().to_string(),
        api = github.uri(),
        keys = test_keys(),
    )
}
