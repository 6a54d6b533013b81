use serde::{Deserialize, Serialize};

use super::DeskError;
use crate::model::WorkerSettings;
use crate::openpgp::KeyFiles;
use crate::reply::TemplateFiles;

/// The content of every file that a desk is set up from, so that one process may read the files and another, which can
/// open none, may work with them.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Material {
    pub(super) keys: KeyFiles,
    pub(super) routing: Option<String>,
    pub(super) templates: TemplateFiles,
}

impl Material {
    /// Reads every file that `settings` names.
    ///
    /// # Errors
    ///
    /// One sentence that names the file which cannot be read.
    pub fn read(settings: &WorkerSettings) -> Result<Material, DeskError> {
        let routing = settings.routing.as_ref().map(|path| {
            std::fs::read_to_string(path).map_err(|reason| DeskError::RoutingFile { path: path.clone(), reason })
        });
        let templates = settings.templates.as_deref().map(TemplateFiles::read);
        Ok(Material {
            keys: KeyFiles::read(settings)?,
            routing: routing.transpose()?,
            templates: templates.transpose()?.unwrap_or_default(),
        })
    }
}
