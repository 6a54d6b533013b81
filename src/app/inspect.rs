use std::path::{Path, PathBuf};

use super::{Error, Loaded, parts, read_message};
use crate::case::{Thread, plan};
use crate::config;
use crate::model::{Kind, Known, Limits, SenderRules, WorkerSettings};
use crate::ports::OpenerError;
use crate::worker::{InspectOptions, Inspection, Pool};

/// Opens mail for people to look at: in workers, without state and network.
pub struct Inspector {
    pool: Pool,
    limits: Limits,
    options: InspectOptions,
    width: usize,
}

/// What an inspector works with: the configuration, or the built-in identity and routing, and what was named besides.
pub fn inspector_settings(
    loaded: Option<Loaded>,
    keys: Vec<PathBuf>,
    passwords: Vec<PathBuf>,
    certificates: Vec<PathBuf>,
) -> Result<WorkerSettings, Error> {
    let mut settings = match loaded {
        Some(loaded) => loaded.settings.worker()?,
        None => WorkerSettings {
            identity: config::built_in_identity()?,
            limits: Limits::default(),
            sender: SenderRules::default(),
            secret_keys: Vec::new(),
            key_passwords: Vec::new(),
            team_certificates: Vec::new(),
            team_addresses: Vec::new(),
            known_certificates: Vec::new(),
            templates: None,
            routing: None,
        },
    };
    settings.secret_keys.extend(keys);
    settings.key_passwords.extend(passwords);
    settings.known_certificates.extend(certificates);
    Ok(settings)
}

impl Inspector {
    /// Starts the first worker, which reads the keys; what is wrong with them is said now.
    pub async fn start(settings: WorkerSettings, show_text: bool) -> Result<Self, Error> {
        let width = std::thread::available_parallelism().map_or(2, usize::from);
        let limits = settings.limits.clone();
        let pool = parts::pool(settings, width)?;
        pool.ready().await?;
        Ok(Inspector { pool, limits, options: InspectOptions { show_text }, width })
    }

    /// How many mails are worth being looked at at one time.
    pub fn width(&self) -> usize {
        self.width
    }

    /// What the mail in `file` is. A file that cannot be read is an error; a mail that cannot be, or that costs a worker
    /// its life, is a result.
    pub async fn inspect(&self, file: PathBuf) -> Result<Inspection, Error> {
        let raw = read_message(&file, &self.limits)?;
        let mut inspection = match self.pool.inspect(&raw, &Known::default(), self.options).await {
            Ok((assessment, mut inspection)) => {
                // Without a store, what follows up is taken to have an advisory.
                let thread = if assessment.verdict.kind == Kind::FollowUp { Thread::Advisory } else { Thread::New };
                inspection.actions = plan(&assessment.verdict, &assessment.facts, thread);
                inspection
            }
            Err(OpenerError::Died(_)) => Inspection::of_a_killer(),
            Err(error) => return Err(error.into()),
        };
        inspection.file = shown(&file);
        Ok(inspection)
    }
}

fn shown(file: &Path) -> String {
    file.display().to_string()
}
