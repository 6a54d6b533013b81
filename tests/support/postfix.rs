//! A real Postfix on ports and in a folder of its own, which delivers into Dovecot's mailboxes. It needs root.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::process::Command;
use std::time::Duration;

use advisory_intake::smtp::{self, Login, Tls};
use tempfile::TempDir;

use super::dovecot::{Dovecot, PASSWORD};
use super::process::{Server, folder_of, free_ports, is_root, shared_folder};

/// A running Postfix.
///
/// Any address is delivered to the mailbox of its local part; `refused@…` is answered 550 and `later@…` 450.
#[derive(Debug)]
pub struct Postfix {
    _server: Server,
    folder: TempDir,
    ca_file: std::path::PathBuf,
    /// Without TLS and login, as a mail server gets mail from others.
    pub plain_port: u16,
    /// STARTTLS and login required.
    pub submission_port: u16,
    /// TLS from the first byte, login required.
    pub submissions_port: u16,
}

impl Postfix {
    /// Starts it beside `dovecot`, whose certificate and logins it uses.
    pub fn start(dovecot: &Dovecot) -> Self {
        let folder = shared_folder();
        assert!(is_root(&folder), "Postfix starts as root only: run the tests as root");
        let ports = free_ports();
        let [plain_port, submission_port, submissions_port] = ports;
        write_configuration(&folder, dovecot, ports);
        let mut command = Command::new("/usr/sbin/postfix");
        let server = Server::start(
            command.arg("-c").arg(folder.path().join("etc")).arg("start-fg"),
            &ports,
            &folder.path().join("mail.log"),
        );
        let ca_file = dovecot.ca.ca_file.clone();
        Postfix { _server: server, folder, ca_file, plain_port, submission_port, submissions_port }
    }

    /// The process id of its master, which runs in a session of its own and outlives the command that started it.
    fn master(&self) -> Option<u32> {
        let file = self.folder.path().join("queue/pid/master.pid");
        std::fs::read_to_string(file).ok()?.trim().parse().ok()
    }

    /// Settings with which the gateway sends, by required STARTTLS.
    pub fn settings(&self) -> smtp::Settings {
        smtp::Settings {
            host: "localhost".into(),
            port: self.submission_port,
            tls: Tls::StartTls,
            ca_file: Some(self.ca_file.clone()),
            login: Some(Login { user: "gateway".into(), password: PASSWORD.into() }),
            hello: Some("gateway.test".into()),
            timeout: Duration::from_secs(10),
        }
    }

    /// Hands over a message as another mail server would; an empty `from` is the null path.
    pub fn inject(&self, from: &str, to: &str, message: &[u8]) {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.plain_port)).unwrap();
        let mut replies = BufReader::new(stream.try_clone().unwrap());
        let mut stream = stream;
        expect(&mut replies, '2');
        let commands = [
            ("HELO client.test".to_owned(), '2'),
            (format!("MAIL FROM:<{from}>"), '2'),
            (format!("RCPT TO:<{to}>"), '2'),
        ];
        for (command, wanted) in commands.into_iter().chain([("DATA".to_owned(), '3')]) {
            stream.write_all(format!("{command}\r\n").as_bytes()).unwrap();
            expect(&mut replies, wanted);
        }
        for line in message.split_inclusive(|byte| *byte == b'\n') {
            let line = line.strip_suffix(b"\n").unwrap_or(line);
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            let dot: &[u8] = if line.starts_with(b".") { b"." } else { b"" };
            stream.write_all(&[dot, line, b"\r\n"].concat()).unwrap();
        }
        stream.write_all(b".\r\n").unwrap();
        expect(&mut replies, '2');
        let _ = stream.write_all(b"QUIT\r\n");
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        let Some(master) = self.master().map(|pid| pid.to_string()) else { return };
        let _ = Command::new("kill").args(["-TERM", &master]).status();
        let begun = std::time::Instant::now();
        while std::path::Path::new("/proc").join(&master).exists() && begun.elapsed() < Duration::from_secs(5) {
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

fn expect(replies: &mut impl BufRead, wanted: char) {
    loop {
        let mut line = String::new();
        replies.read_line(&mut line).unwrap();
        assert!(line.starts_with(wanted), "Postfix said {line:?}");
        if line.as_bytes().get(3) == Some(&b' ') {
            return;
        }
    }
}

fn write_configuration(folder: &TempDir, dovecot: &Dovecot, [plain, submission, submissions]: [u16; 3]) {
    let dir = folder.path().display();
    let etc = folder.path().join("etc");
    folder_of(&etc, None);
    folder_of(&folder.path().join("queue"), None);
    folder_of(&folder.path().join("data"), Some(id_of("postfix")));
    let main = format!(
        "compatibility_level = 3.6\nqueue_directory = {dir}/queue\ndata_directory = {dir}/data\n\
         maillog_file = {dir}/mail.log\nmaillog_file_prefixes = {dir}\n\
         myhostname = mail.test\nmydestination =\nmynetworks = 127.0.0.0/8\n\
         inet_interfaces = 127.0.0.1\ninet_protocols = ipv4\nalias_maps =\nalias_database =\n\
         virtual_mailbox_domains = static:all\nvirtual_mailbox_maps = static:all\n\
         virtual_transport = lmtp:inet:127.0.0.1:{lmtp}\n\
         smtpd_tls_cert_file = {cert}\nsmtpd_tls_key_file = {key}\n\
         smtpd_sasl_type = dovecot\nsmtpd_sasl_path = inet:127.0.0.1:{auth}\n\
         smtpd_recipient_restrictions = check_recipient_access regexp:{dir}/etc/refusals, permit_sasl_authenticated, \
         reject_unauth_destination\n\
         smtpd_peername_lookup = no\nsmtp_dns_support_level = disabled\nmessage_size_limit = 0\nmailbox_size_limit = 0\nsmtpd_client_connection_rate_limit = 0\nsmtpd_error_sleep_time = 0\n",
        cert = dovecot.ca.cert_file.display(),
        key = dovecot.ca.key_file.display(),
        auth = dovecot.auth_port,
        lmtp = dovecot.lmtp_port,
    );
    let login = "-o smtpd_sasl_auth_enable=yes -o smtpd_client_restrictions=permit_sasl_authenticated,reject";
    let services = format!(
        "127.0.0.1:{plain} inet n - n - - smtpd\n\
         127.0.0.1:{submission} inet n - n - - smtpd -o smtpd_tls_security_level=encrypt {login}\n\
         127.0.0.1:{submissions} inet n - n - - smtpd -o smtpd_tls_wrappermode=yes {login}\n\
         cleanup unix n - n - 0 cleanup\nqmgr unix n - n 300 1 qmgr\ntlsmgr unix - - n 1000? 1 tlsmgr\n\
         rewrite unix - - n - - trivial-rewrite\nbounce unix - - n - 0 bounce\ndefer unix - - n - 0 bounce\n\
         trace unix - - n - 0 bounce\nverify unix - - n - 1 verify\nproxymap unix - - n - - proxymap\n\
         error unix - - n - - error\nretry unix - - n - - error\ndiscard unix - - n - - discard\n\
         lmtp unix - - n - - lmtp\nanvil unix - - n - 1 anvil\nscache unix - - n - 1 scache\n\
         postlog unix-dgram n - n - 1 postlogd\n"
    );
    let files = [
        ("main.cf", main),
        ("master.cf", services),
        ("refusals", "/^refused@/ 550 5.1.1 No such user\n/^later@/ 450 4.2.0 Try again later\n".to_owned()),
    ];
    for (name, text) in files {
        fs::write(etc.join(name), text).unwrap();
    }
}

fn id_of(user: &str) -> (u32, u32) {
    let passwd = fs::read_to_string("/etc/passwd").unwrap();
    let line = passwd.lines().find(|line| line.split(':').next() == Some(user));
    let mut fields = line.unwrap_or_else(|| panic!("no user {user}: run `make test`")).split(':').skip(2);
    let mut id = || fields.next().unwrap().parse().unwrap();
    (id(), id())
}
