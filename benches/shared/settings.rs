//! What a worker is set up with for the mails and keys of `fixtures/`.

use std::path::{Path, PathBuf};

use advisory_intake::model::{Identity, Limits, SenderRules, WorkerSettings};

/// A file or folder of `fixtures/`.
pub fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)
}

pub fn settings() -> WorkerSettings {
    WorkerSettings {
        identity: Identity {
            project: "OpenTelemetry".into(),
            address: "security-intake@otel.example".parse().unwrap(),
            name: "OpenTelemetry Security".into(),
            aliases: vec![],
            case_prefix: "OTEL-SEC".into(),
            message_id_domain: "otel.example".into(),
            policy_url: "https://otel.example/security".into(),
            certificate_url: None,
            github_owner: "open-telemetry".into(),
            fallback_repository: "open-telemetry/community".parse().unwrap(),
            show_reporter: false,
        },
        limits: Limits::default(),
        sender: SenderRules::default(),
        secret_keys: vec![fixture("keys/intake.sec.asc")],
        key_passwords: vec![],
        team_certificates: vec![fixture("keys/team")],
        team_addresses: vec![],
        known_certificates: vec![fixture("keys/reporters")],
        templates: None,
        routing: None,
    }
}
