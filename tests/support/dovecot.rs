//! A real Dovecot on ports and in a folder of its own, with mailboxes for whoever logs in with [`PASSWORD`].

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use advisory_intake::imap::{self, Login, Tls};
use advisory_intake::model::FolderNames;
use tempfile::TempDir;

use super::ca::Ca;
use super::process::{Server, folder_of, free_ports, is_root, shared_folder};

/// Everybody's password.
pub const PASSWORD: &str = "secret";

/// `nobody` and `nogroup` on Debian.
const NOBODY: (u32, u32) = (65_534, 65_534);

/// A running Dovecot.
#[derive(Debug)]
pub struct Dovecot {
    server: Option<Server>,
    folder: TempDir,
    pub ca: Ca,
    pub imap_port: u16,
    pub imaps_port: u16,
    /// Where Postfix asks whether a login is right.
    pub auth_port: u16,
    /// Where Postfix delivers (LMTP, RFC 2033).
    pub lmtp_port: u16,
    owner: Option<(u32, u32)>,
    counter: AtomicU32,
}

impl Dovecot {
    /// Starts it as it comes from Debian.
    pub fn start() -> Self {
        Dovecot::start_with("")
    }

    /// Starts it with more lines at the end of its configuration.
    pub fn start_with(more: &str) -> Self {
        let folder = shared_folder();
        let ports = free_ports();
        let [imap_port, imaps_port, auth_port, lmtp_port] = ports;
        let ca = Ca::new(folder.path());
        let root = is_root(&folder);
        let owner = root.then_some(NOBODY);
        let mine = fs::metadata(folder.path()).unwrap();
        let ids = owner.unwrap_or((mine.uid(), mine.gid()));
        folder_of(&folder.path().join("mail"), owner);
        let file = folder.path().join("dovecot.conf");
        let config = configuration(folder.path(), ports, ids, root);
        fs::write(&file, format!("{config}\n{more}\n")).unwrap();
        let server = Some(run(folder.path(), &ports));
        let counter = AtomicU32::new(0);
        Dovecot { server, folder, ca, imap_port, imaps_port, auth_port, lmtp_port, owner, counter }
    }

    /// Stops it and starts it again.
    pub fn restart(&mut self) {
        drop(self.server.take());
        let ports = [self.imap_port, self.imaps_port, self.auth_port, self.lmtp_port];
        self.server = Some(run(self.folder.path(), &ports));
    }

    /// Makes it number the messages of a folder anew, under another UIDVALIDITY.
    pub fn renumber(&self, user: &str, mailbox: &str) {
        for file in fs::read_dir(self.maildir(user, mailbox)).unwrap().map(|entry| entry.unwrap()) {
            let name = file.file_name().into_string().unwrap();
            if name.starts_with("dovecot-uid") || name.starts_with("dovecot.index") {
                fs::remove_file(file.path()).unwrap();
            }
        }
    }

    /// Settings with which `user`'s INBOX is read.
    pub fn settings(&self, user: &str) -> imap::Settings {
        imap::Settings {
            name: "test".into(),
            host: "localhost".into(),
            port: self.imaps_port,
            tls: Tls::Implicit,
            ca_file: Some(self.ca.ca_file.clone()),
            user: user.into(),
            login: Login::Password(PASSWORD.into()),
            mailbox: "INBOX".into(),
            folders: FolderNames::default(),
            message_size: 1 << 20,
            poll: Duration::from_secs(60),
            timeout: Duration::from_secs(10),
        }
    }

    /// Puts a message into a folder of `user`, past all protocols; `INBOX` or a name.
    pub fn append(&self, user: &str, mailbox: &str, message: &[u8]) {
        let number = self.counter.fetch_add(1, Ordering::Relaxed);
        let maildir = self.maildir(user, mailbox);
        for part in [self.folder.path().join("mail").join(user), self.maildir(user, "INBOX"), maildir.clone()] {
            folder_of(&part, self.owner);
        }
        for part in ["tmp", "new", "cur"] {
            folder_of(&maildir.join(part), self.owner);
        }
        let name = format!("{}.M{number:06}.test", 1_700_000_000 + number);
        let tmp = maildir.join("tmp").join(&name);
        fs::write(&tmp, message).unwrap();
        fs::rename(tmp, maildir.join("new").join(name)).unwrap();
    }

    /// All messages in a folder of `user`, oldest first; none if there is no such folder.
    pub fn messages(&self, user: &str, mailbox: &str) -> Vec<Vec<u8>> {
        maildir_messages(&self.maildir(user, mailbox))
    }

    fn maildir(&self, user: &str, mailbox: &str) -> PathBuf {
        let maildir = self.folder.path().join("mail").join(user).join("Maildir");
        if mailbox == "INBOX" { maildir } else { maildir.join(format!(".{mailbox}")) }
    }
}

fn run(folder: &Path, ports: &[u16]) -> Server {
    let mut command = Command::new("/usr/sbin/dovecot");
    Server::start(command.arg("-F").arg("-c").arg(folder.join("dovecot.conf")), ports, &folder.join("dovecot.log"))
}

/// The messages of any Maildir, by file name.
pub fn maildir_messages(maildir: &Path) -> Vec<Vec<u8>> {
    let mut files: Vec<PathBuf> = ["new", "cur"]
        .iter()
        .filter_map(|part| fs::read_dir(maildir.join(part)).ok())
        .flat_map(|entries| entries.map(|entry| entry.unwrap().path()))
        .collect();
    files.sort_by_key(|file| file.file_name().map(ToOwned::to_owned));
    // One may be moved while we look.
    files.iter().filter_map(|file| fs::read(file).ok()).collect()
}

fn configuration(folder: &Path, ports: [u16; 4], (uid, gid): (u32, u32), root: bool) -> String {
    let dir = folder.display();
    let [imap, imaps, auth, lmtp] = ports;
    let (user, group) = if root { ("nobody".to_owned(), "nogroup".to_owned()) } else { names() };
    format!(
        "base_dir = {dir}/run\nstate_dir = {dir}/state\ninstance_name = test{imap}\nlog_path = {dir}/dovecot.log\n\
         protocols = imap lmtp\nlisten = 127.0.0.1\n\
         ssl = yes\nssl_cert = <{dir}/cert.pem\nssl_key = <{dir}/key.pem\n\
         disable_plaintext_auth = no\nauth_mechanisms = plain login\nauth_failure_delay = 0\n\
         default_internal_user = {user}\ndefault_internal_group = {group}\ndefault_login_user = {user}\n\
         mail_location = maildir:{dir}/mail/%n/Maildir\nmail_uid = {uid}\nmail_gid = {gid}\nfirst_valid_uid = 1\n\
         mailbox_list_index = no\nmail_save_crlf = yes\n\
         passdb {{\n driver = static\n args = password={PASSWORD}\n}}\n\
         userdb {{\n driver = static\n args = uid={uid} gid={gid} home={dir}/mail/%n allow_all_users=yes\n}}\n\
         service imap-login {{\n chroot =\n inet_listener imap {{\n  port = {imap}\n }}\n \
         inet_listener imaps {{\n  port = {imaps}\n  ssl = yes\n }}\n}}\n\
         service auth {{\n inet_listener {{\n  port = {auth}\n }}\n}}\n\
         service lmtp {{\n inet_listener lmtp {{\n  port = {lmtp}\n }}\n}}\n\
         service anvil {{\n chroot =\n unix_listener anvil-auth-penalty {{\n  mode = 0\n }}\n}}\n\
         service stats {{\n chroot =\n}}\n\
         namespace inbox {{\n inbox = yes\n separator = /\n}}"
    )
}

fn names() -> (String, String) {
    let id = |flag| {
        let output = Command::new("id").arg(flag).output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    (id("-un"), id("-gn"))
}
