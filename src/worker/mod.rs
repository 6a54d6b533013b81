//! The box: long-lived processes that hold the keys and do stages 3 to 6 and the sealing of stage 8.
//!
//! [`Pool`] is the daemon's side: it has workers made and sends them one message at a time. [`spawner`] is the process that
//! makes them: it reads the keys and has no network. [`run`] is a worker's side: it answers until the daemon closes the
//! socket, and can do nothing else ([`confinement`]). What it does with a message is [`Desk`], plain functions over values.

pub mod confinement;
mod desk;
mod inspection;
#[cfg(test)]
mod long_mail;
mod material;
pub mod open;
mod pool;
mod process;
mod protocol;
pub mod spawner;

use serde::{Deserialize, Serialize};

use crate::model::{Address, Edition, Fingerprint, Repository};
use crate::openpgp::OwnKey;

pub use confinement::Confinement;
pub use desk::{Desk, DeskError};
pub use inspection::{Forwarder, InspectedAttachment, InspectedReport, InspectedSender, InspectedVector, Inspection};
pub use material::Material;
pub use pool::Pool;
pub use process::{WorkerError, probe, probe_memory, run};
pub use protocol::InspectOptions;

/// What a worker says about itself once it has read its settings: for `check`, and for the log at start.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ready {
    /// What the operator should know, a sentence each.
    pub warnings: Vec<String>,
    /// The certificate that signs and that people encrypt to; `None`: nothing can be answered.
    pub own: Option<OwnCertificate>,
    /// All of the gateway's certificates and what each is for, in the order of the configuration.
    pub keys: Vec<OwnKey>,
    pub team: Vec<Member>,
    /// With what mail is opened here.
    pub edition: Edition,
    /// Repositories that the routing table names.
    pub repositories: Vec<Repository>,
    /// What holds the worker in.
    pub confinement: Confinement,
    /// What holds in the process that read the keys for it.
    pub spawner: Confinement,
}

/// The gateway's certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnCertificate {
    pub fingerprint: Fingerprint,
    /// In ASCII armor, public parts only.
    pub armored: String,
}

/// Somebody who gets alerts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    pub addresses: Vec<Address>,
    /// `None`: no certificate is configured, so they get the link and nothing else.
    pub fingerprint: Option<Fingerprint>,
    /// Why nothing can be encrypted to them, in words for the operator.
    pub unusable: Option<String>,
}

#[cfg(test)]
mod tests {
    use crate::model::{Identity, Limits, SenderRules, WorkerSettings};

    /// Settings that name no file.
    pub(super) fn settings() -> WorkerSettings {
        WorkerSettings {
            identity: Identity {
                project: "OpenTelemetry".into(),
                address: "intake@intake.example".parse().unwrap(),
                name: "OpenTelemetry Security".into(),
                aliases: vec![],
                case_prefix: "OTEL-SEC".into(),
                message_id_domain: "intake.example".into(),
                policy_url: "https://example.org/security".into(),
                certificate_url: None,
                github_owner: "open-telemetry".into(),
                fallback_repository: "open-telemetry/sig-security".parse().unwrap(),
                show_reporter: false,
            },
            limits: Limits::default(),
            sender: SenderRules::default(),
            secret_keys: vec![],
            key_passwords: vec![],
            team_certificates: vec![],
            team_addresses: vec![],
            known_certificates: vec![],
            templates: None,
            routing: None,
        }
    }
}
