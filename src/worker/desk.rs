use std::borrow::Cow;
use std::path::PathBuf;

use time::OffsetDateTime;

use super::{InspectOptions, Inspection, Material, Member, OwnCertificate, Ready, confinement, open};
use crate::advisory;
use crate::model::{
    Assessed, Assessment, ComposeOrder, DigestOrder, Draft, DraftOrder, Edition, Known, MessageFacts, OpenedMessage,
    OutgoingMail, Outline, RawMessage, Report, WorkerSettings,
};
use crate::openpgp::{self, Keyring, KeyringError};
use crate::reply::{self, ComposeError, Office, TemplateError, Templates};
use crate::triage::{self, Routing, RoutingError, Wording};

/// Everything that work on a message needs, loaded once: keys, routing, templates. Plain functions over values, used by
/// the worker process and by benches; each opens the message once.
pub struct Desk {
    settings: WorkerSettings,
    keyring: Keyring,
    routing: Routing,
    wording: Cow<'static, Wording>,
    templates: Templates,
}

/// Why a desk cannot be set up; for the operator.
#[derive(Debug, thiserror::Error)]
pub enum DeskError {
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    #[error("cannot read the routing table {}: {reason}; check the path and that the service's user may read it", path.display())]
    RoutingFile { path: PathBuf, reason: std::io::Error },
    #[error(transparent)]
    Routing(#[from] RoutingError),
    #[error(transparent)]
    Templates(#[from] TemplateError),
}

impl Desk {
    /// Reads what `settings` names.
    ///
    /// # Errors
    ///
    /// One sentence that says what to do, for a file that cannot be read or does not hold what it should.
    pub fn open(settings: WorkerSettings, now: OffsetDateTime) -> Result<Desk, DeskError> {
        let material = Material::read(&settings)?;
        Desk::set_up(settings, &material, now)
    }

    /// The same from what was read already: touches no file.
    ///
    /// # Errors
    ///
    /// One sentence that says what to do, for a file that does not hold what it should.
    pub fn set_up(settings: WorkerSettings, material: &Material, now: OffsetDateTime) -> Result<Desk, DeskError> {
        Ok(Desk {
            keyring: Keyring::from_files(&material.keys, now)?,
            routing: match &material.routing {
                Some(text) => Routing::parse(text)?,
                None => Routing::built_in(),
            },
            wording: Cow::Borrowed(Wording::built_in()),
            templates: Templates::from_files(&material.templates)?,
            settings,
        })
    }

    /// The same desk, which judges by other learned weights.
    pub fn with_wording(self, wording: Wording) -> Desk {
        Desk { wording: Cow::Owned(wording), ..self }
    }

    /// What is worth knowing about the keys, the team and the routing.
    pub fn ready(&self, now: OffsetDateTime) -> Ready {
        let own = self.keyring.own_certificate().and_then(|cert| {
            Some(OwnCertificate { fingerprint: openpgp::fingerprint(cert)?, armored: openpgp::armored(cert) })
        });
        let with_certificate = self.keyring.team().iter().map(|member| Member {
            addresses: member.addresses.clone(),
            fingerprint: openpgp::fingerprint(&member.certificate),
            unusable: member.unusable.clone(),
        });
        let without = self.settings.team_addresses.iter().map(|address| Member {
            addresses: vec![address.clone()],
            fingerprint: None,
            unusable: None,
        });
        Ready {
            warnings: self.keyring.warnings().to_vec(),
            own,
            keys: self.keyring.own_keys(now),
            team: with_certificate.chain(without).collect(),
            edition: Edition {
                version: env!("CARGO_PKG_VERSION").to_owned(),
                keys: self.keyring.decryption_fingerprints(),
            },
            repositories: self.routing.repositories().to_vec(),
            ..Ready::default()
        }
    }

    /// Most private memory, in bytes, that work here takes.
    pub(super) fn memory_ceiling(&self) -> u64 {
        confinement::ceiling(&self.settings.limits, self.keyring.team().len())
    }

    /// Opens, reads and judges (stages 3 to 5).
    pub fn assess(&self, message: &RawMessage, known: &Known, now: OffsetDateTime) -> Assessed {
        let (opened, report) = self.read(message, known, None, now);
        let assessment = self.judge(&opened, &report);
        let links = triage::links_to_look_up(&report, &assessment.verdict, &self.settings.identity);
        Assessed { assessment, learned: opened.learned, links }
    }

    /// What has to be looked up before the message is opened.
    pub fn outline(&self, message: &RawMessage) -> Outline {
        open::outline(message, &self.settings)
    }

    /// Opens, reads and drafts (stage 6).
    pub fn draft(&self, message: &RawMessage, known: &Known, order: &DraftOrder, now: OffsetDateTime) -> Draft {
        let (opened, report) = self.read(message, known, Some(&order.facts), now);
        advisory::draft(&opened, &report, order, &self.settings.identity, message.received)
    }

    /// Opens, where there is a message, and composes the mails that `order` wants (stage 8).
    ///
    /// # Errors
    ///
    /// When the gateway's own key cannot sign; for the operator.
    pub fn compose(
        &self,
        message: Option<&RawMessage>,
        known: &Known,
        order: &ComposeOrder,
    ) -> Result<Vec<OutgoingMail>, ComposeError> {
        let judged = order.assessment.as_ref().map(|assessment| &assessment.facts);
        let read = message.map(|message| self.read(message, known, judged, order.now));
        reply::compose(read.as_ref().map(|(opened, report)| (opened, report)), order, &self.office())
    }

    /// Composes a digest for the team.
    ///
    /// # Errors
    ///
    /// When the gateway's own key cannot sign; for the operator.
    pub fn digest(&self, order: &DigestOrder) -> Result<Vec<OutgoingMail>, ComposeError> {
        reply::digest(order, &self.office())
    }

    /// Opens, reads and judges, and says everything about it.
    pub fn inspect(
        &self,
        message: &RawMessage,
        known: &Known,
        options: InspectOptions,
        now: OffsetDateTime,
    ) -> (Assessment, Inspection) {
        let (opened, report) = self.read(message, known, None, now);
        let assessment = self.judge(&opened, &report);
        let inspection = Inspection::of(&opened, &report, &assessment.verdict, options.show_text);
        (assessment, inspection)
    }

    fn office(&self) -> Office<'_> {
        Office {
            identity: &self.settings.identity,
            templates: &self.templates,
            keyring: &self.keyring,
            without_certificate: &self.settings.team_addresses,
        }
    }

    /// Opens and reads; a message that was judged keeps what was found about its sender.
    fn read(
        &self,
        message: &RawMessage,
        known: &Known,
        judged: Option<&MessageFacts>,
        now: OffsetDateTime,
    ) -> (OpenedMessage, Report) {
        let mut opened = open::open(message, &self.keyring, &self.settings, known, now);
        if let Some(facts) = judged {
            opened.keep_to(facts);
        }
        let mut report = triage::extract(&opened, &self.routing);
        report.linked = known.issues.clone();
        (opened, report)
    }

    fn judge(&self, opened: &OpenedMessage, report: &Report) -> Assessment {
        let verdict = triage::judge(opened, report, &self.routing, &self.wording, &self.settings.identity);
        Assessment { facts: MessageFacts::of(opened), verdict }
    }
}
