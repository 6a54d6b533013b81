//! The box: long-lived processes that hold the keys and do stages 3 to 6 and the sealing of stage 8.
//!
//! [`Pool`] is the daemon's side: it starts `advisory-intake worker` children and sends them one message at a time.
//! [`run`] is the child's: it answers until the daemon closes the socket. What it does with a message is [`Desk`], plain
//! functions over values.

mod desk;
mod inspection;
mod material;
pub mod open;
mod pool;
mod process;
mod protocol;

use serde::{Deserialize, Serialize};

use crate::model::{Address, Fingerprint, Repository};

pub use desk::{Desk, DeskError};
pub use inspection::{Forwarder, InspectedAttachment, InspectedReport, InspectedSender, Inspection};
pub use material::Material;
pub use pool::Pool;
pub use process::{WorkerError, run};
pub use protocol::InspectOptions;

/// What a worker says about itself once it has read its settings: for `check`, and for the log at start.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ready {
    /// What the operator should know, a sentence each.
    pub warnings: Vec<String>,
    /// The certificate that signs and that people encrypt to; `None`: nothing can be answered.
    pub own: Option<OwnCertificate>,
    pub team: Vec<Member>,
    /// Repositories that the routing table names.
    pub repositories: Vec<Repository>,
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
