use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::*;

const MINIMAL: &str = r#"
[identity]
address = "security@example.org"
[mailbox.main]
path = "mail"
[smtp]
deliver_to = "out"
[ledger]
folder = "/ledger"
"#;

fn load_with(text: &str, variables: &[(&str, &str)]) -> Result<Settings, String> {
    let environment = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    load_text(Path::new("/etc/x/intake.toml"), text, environment)
        .map(|loaded| loaded.settings)
        .map_err(|error| error.to_string())
}

#[test]
fn mistakes_are_answered_with_their_place_and_what_to_do() {
    let cases: &[(&str, &str)] = &[
        ("[smtp]\nhots = \"a\"", "intake.toml:2: unknown key \"hots\" in smtp: did you mean \"host\"?"),
        ("[mailbox.main]\nusr = \"a\"", "intake.toml:2: unknown key \"usr\" in mailbox.main: did you mean \"user\"?"),
        ("[idnetity]\naddress = \"a@b\"", "intake.toml:1: unknown key \"idnetity\": did you mean \"identity\"?"),
        ("[log]\n\n\nzzz = 1", "intake.toml:4: unknown key \"zzz\" in log: allowed are format, level"),
        ("[log]\nformat = \"jsno\"", "intake.toml:2: unknown value \"jsno\" in log.format: did you mean \"json\"?"),
        ("[smtp]\nport = \"25\"", "intake.toml:2: smtp.port: invalid type: string \"25\", expected u16"),
        ("[smtp]\nport = 99999", "intake.toml:2: smtp.port: invalid value: integer `99999`, expected u16"),
        ("[identity]\naddress = \"nobody\"", "intake.toml:2: identity.address: not a mail address"),
        ("[smtp]\nhost = \"a", "intake.toml:2: "),
        ("[limits]\nmime_depth = 0", "intake.toml:2: limits.mime_depth must be more than 0"),
        (
            "[identity]\naddress = \"a@b\"\n[mailbox.m]\nhost = \"h\"\nuser = \"u\"\npassword = { file = \"p\" }\ntimeout_seconds = 301",
            "intake.toml:7: mailbox.m.timeout_seconds must be 1 to 300",
        ),
        (
            "[identity]\naddress = \"a@b\"\n[mailbox.m]\npath = \"x\"\n[smtp]\nhost = \"h\"\ntimeout_seconds = 0",
            "intake.toml:7: smtp.timeout_seconds must be 1 to 300",
        ),
        ("[limits]\nmime_dept = 3", "intake.toml:2: unknown key \"mime_dept\" in limits: did you mean \"mime_depth\"?"),
        (
            "[identity]\naddress = \"a@b\"\n[mailbox.m]\npath = \"x\"\n[smtp]\ndeliver_to = \"o\"\n[ledger]\nfolder = \"l\"\n[digest]\nhour = 24",
            "intake.toml:10: hour is an hour of the day in UTC: 0 to 23",
        ),
        (
            "[identity]\naddress = \"a@b\"\n[mailbox.m]\npath = \"x\"\n[smtp]\ndeliver_to = \"o\"\n[ledger]\nfolder = \"l\"\n[sender]\ndns_servers = [\"dns.example.org\"]",
            "intake.toml:10: \"dns.example.org\" is no address of a DNS server",
        ),
        (
            "[identity]\naddress = \"a@b\"\n[mailbox.m]\npath = \"x\"\n[smtp]\ndeliver_to = \"o\"\n[ledger]\nfolder = \"l\"\n[sender]\nauthserv_id = \"mx; x\"",
            "intake.toml:10: authserv_id is the first word",
        ),
        ("", "address is missing in [identity]"),
        ("[identity]\naddress = \"a@b\"\n", "intake.toml: no mailbox: add [mailbox.main]"),
        ("[identity]\naddress = \"a@b\"\n[mailbox.main]\nuser = \"a\"", "intake.toml:3: [mailbox.main] needs host"),
        (
            "[identity]\naddress = \"a@b\"\n[mailbox.main]\nhost = \"h\"\ntls = \"none\"",
            "intake.toml:5: mail is not fetched without TLS",
        ),
        (
            "[identity]\naddress = \"a@b\"\n[mailbox.m]\npath = \"x\"\n[smtp]\nhost = \"mail.example.org\"\ntls = \"none\"",
            "intake.toml:7: tls = \"none\" is for a mail server on this machine",
        ),
        (
            "[identity]\naddress = \"a@b\"\n[mailbox.m]\npath = \"x\"\n[smtp]\nhost = \"h\"\n[github]\ntoken = { file = \"t\" }\napi = \"http://api.example.org\"",
            "intake.toml:9: api must begin with https://",
        ),
    ];
    for (text, expected) in cases {
        let message = load_with(text, &[]).expect_err(text);
        assert!(message.contains(expected), "{text:?}\n  gave     {message}\n  expected {expected}");
        assert!(!message.contains('\n'), "{message:?}");
    }
}

#[test]
fn a_secret_in_the_configuration_is_refused_and_not_repeated() {
    for line in ["password = \"canary77\"", "password = 77077", "password = { value = \"canary77\" }"] {
        let message = load_with(&format!("[smtp]\nuser = \"u\"\n{line}"), &[]).expect_err(line);
        assert!(message.starts_with("/etc/x/intake.toml:3: "), "{message}");
        assert!(!message.contains("77"), "{message}");
    }
    let message = load_with(MINIMAL, &[("INTAKE__SMTP__PASSWORD", "canary77")]).unwrap_err();
    assert!(message.contains("INTAKE__SMTP__PASSWORD: a secret does not belong"), "{message}");
    assert!(!message.contains("canary77"), "{message}");
    let escape = load_with("[smtp]\npassword = { credential = \"../shadow\" }", &[]).unwrap_err();
    assert!(escape.contains("name of a credential"), "{escape}");
}

#[test]
fn the_state_is_in_a_file_or_in_a_database_whose_password_is_elsewhere() {
    let load = |lines: &str| load_with(&format!("{MINIMAL}[store]\n{lines}"), &[]);
    let place = |lines: &str| load(lines).unwrap().store;
    assert_eq!(place(""), StorePlace::File("/var/lib/advisory-intake/intake.sqlite".into()));
    assert_eq!(place("path = \"state.db\""), StorePlace::File("/etc/x/state.db".into()));
    let database = place("url = \"postgres://intake@db.example.org/intake\"\npassword = { file = \"pw\" }");
    let StorePlace::Postgres(database) = database else { panic!("{database:?}") };
    assert_eq!(database.url.as_str(), "postgres://intake@db.example.org/intake");
    assert_eq!(database.password, Some(SecretSource::File("/etc/x/pw".into())));
    for good in ["postgresql:///db?host=/run/postgresql&user=u", "postgres://u@[::1]:5433/db?sslmode=verify-full"] {
        place(&format!("url = \"{good}\""));
    }
    let cases = [
        ("url = \"postgres://u:canary77@h/db\"", "a password does not belong in url"),
        ("url = \"postgres://u@h/db?password=canary77\"", "a password does not belong in url"),
        ("url = \"postgres://u:canary77@h:x/db\"", "url is written postgres://USER@HOST:PORT/DATABASE"),
        ("url = \"mysql://u@h/db\"", "url is written postgres://"),
        ("url = \"postgres://u@h\"", "url is written postgres://"),
        ("url = \"postgres://u@h/db?sslmode=disable\"", "leave sslmode out"),
        ("url = \"postgres://u@h/db?options=x\"", "only host=/FOLDER and user"),
        ("path = \"a\"\nurl = \"postgres://u@h/db\"", "keep one"),
        ("ca_file = \"a\"", "belong to a database"),
    ];
    for (lines, expected) in cases {
        let message = load(lines).expect_err(lines);
        assert!(message.contains(expected) && !message.contains("canary77"), "{lines}: {message}");
    }
}

#[test]
fn the_environment_stands_over_the_file_and_is_held_to_the_same_rules() {
    let settings = load_with(
        MINIMAL,
        &[
            ("INTAKE__LOG__LEVEL", "debug"),
            ("INTAKE__REPLIES__PER_DAY", "7"),
            ("INTAKE__IDENTITY__ALIASES", "a@example.org,b@example.org"),
            ("INTAKE__KEYS__SECRET", "file:keys/a,credential:intake-key"),
            ("INTAKE__MAILBOX__MAIN__POLL_MINUTES", "1"),
        ],
    )
    .unwrap();
    assert_eq!(settings.log.level, "debug");
    assert_eq!(settings.replies_per_day, 7);
    assert_eq!(settings.identity.aliases.len(), 2);
    assert_eq!(settings.mailboxes[0].poll.as_secs(), 60);
    assert_eq!(
        settings.secret_keys,
        [SecretSource::File("/etc/x/keys/a".into()), SecretSource::credential("intake-key", Path::new("/etc/x"))]
    );
    let cases = [
        (
            ("INTAKE__SMTP__HOTS", "x"),
            "environment variable INTAKE__SMTP__HOTS: unknown key \"hots\": did you mean \"host\"?",
        ),
        (("INTAKE__SMTP__PORT", "many"), "environment variable INTAKE__SMTP__PORT: "),
    ];
    for (variable, expected) in cases {
        let message = load_with(MINIMAL, &[variable, ("INTAKE__LOG__LEVEL", "info")]).unwrap_err();
        assert!(message.starts_with(expected), "{message}");
    }
}

#[test]
fn paths_are_taken_from_the_file_s_folder() {
    let settings = load_with(MINIMAL, &[]).unwrap();
    assert_eq!(settings.mailboxes[0].kind, MailboxKind::Maildir("/etc/x/mail".into()));
    assert_eq!(settings.delivery, Delivery::Maildir("/etc/x/out".into()));
    assert_eq!(settings.filing, Filing::Ledger("/ledger".into()));
}

#[test]
fn a_secret_file_open_to_others_is_warned_about() {
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("password");
    std::fs::write(&secret, "hunter2\n").unwrap();
    let source = SecretSource::File(secret.clone());
    for (mode, warned) in [(0o600, false), (0o640, false), (0o644, true)] {
        std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(mode)).unwrap();
        assert_eq!(source.warning().is_some(), warned, "{mode:o}");
    }
    assert_eq!(source.read().unwrap().expose(), "hunter2");
    std::fs::write(&secret, "\n").unwrap();
    assert!(matches!(source.read(), Err(SecretError::Empty(_))));
}

/// The sample, as it is and with every `#key = value` line made active. Prose begins with `# `, an alternative that does
/// not go together with the rest with `#: `.
fn sample() -> (String, PathBuf) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/advisory-intake.toml");
    (std::fs::read_to_string(&path).unwrap(), path)
}

#[test]
fn the_sample_loads_and_shows_the_built_in_defaults() {
    let (text, path) = sample();
    let active: Vec<String> = text
        .lines()
        .map(|line| match line.strip_prefix('#') {
            Some(rest) if rest.starts_with(|c: char| c.is_ascii_lowercase()) => rest.to_owned(),
            _ => line.to_owned(),
        })
        .collect();
    let shown = load_text(&path, &active.join("\n"), BTreeMap::new()).unwrap().settings;
    let built_in = load_text(&path, &text, BTreeMap::new()).unwrap().settings;
    assert_eq!(shown, built_in);
}

#[test]
fn the_sample_has_every_key_of_the_schema() {
    let (text, _) = sample();
    let mut sections: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let mut section = "";
    for line in text.lines() {
        let line = line.trim_start_matches(['#', ':']).trim();
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = name.split_once('.').filter(|(first, _)| *first == "mailbox").map_or(name, |(first, _)| first);
        } else if let Some((key, _)) = line.split_once(" = ") {
            sections.entry(section).or_default().push(key.to_owned());
        }
    }
    let schema: [(&str, Vec<String>); 17] = [
        ("identity", keys::<file::IdentityTable>()),
        ("mailbox", keys::<file::MailboxTable>()),
        ("smtp", keys::<file::SmtpTable>()),
        ("github", keys::<file::GitHubTable>()),
        ("github.app", keys::<file::AppTable>()),
        ("ledger", keys::<file::LedgerTable>()),
        ("keys", keys::<file::KeysTable>()),
        ("certificates", keys::<file::CertificatesTable>()),
        ("routing", keys::<file::RoutingTable>()),
        ("templates", keys::<file::TemplatesTable>()),
        ("sender", keys::<file::SenderTable>()),
        ("limits", keys::<crate::model::Limits>()),
        ("work", keys::<file::WorkTable>()),
        ("store", keys::<file::StoreTable>()),
        ("replies", keys::<file::RepliesTable>()),
        ("digest", keys::<file::DigestTable>()),
        ("log", keys::<file::LogTable>()),
    ];
    let known: Vec<&str> = schema.iter().map(|(name, _)| *name).collect();
    for name in keys::<file::File>() {
        assert!(known.contains(&name.as_str()), "[{name}] is in the schema and not in this test");
    }
    for (section, keys) in &schema {
        for key in keys.iter().filter(|key| *key != "app") {
            let there = sections.get(section).is_some_and(|keys| keys.contains(key));
            assert!(there, "{key} of [{section}] is missing in the sample");
        }
    }
}

/// The keys that a table takes, as serde lists them when it refuses one.
fn keys<T: serde::de::DeserializeOwned + std::fmt::Debug>() -> Vec<String> {
    let message = toml::from_str::<T>("not-a-key = 0").unwrap_err().message().to_owned();
    message.split('`').skip(3).step_by(2).map(str::to_owned).collect()
}
