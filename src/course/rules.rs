//! The rules for what is put into a course, read once for many documents: which names are taken, who sees what is new,
//! what becomes of what is deleted, how much there may be.

use crate::portal::Settings;
use crate::portal::database::{DatabaseError, Session};

use super::names::ExtensionFilter;
use super::{Course, document_rows};

/// The rules of one course at one moment.
#[derive(Clone, Debug)]
pub struct DocumentRules {
    /// The platform's rule for extensions.
    pub extensions: ExtensionFilter,
    /// Whether students see new documents.
    pub visible: bool,
    /// Whether what is deleted is gone, instead of being kept out of sight (Chamilo 1.11,
    /// `permanently_remove_deleted_files`).
    pub remove_for_good: bool,
    /// Bytes that the course's documents may take.
    pub quota: u64,
}

impl DocumentRules {
    /// Reads the rules of `course`.
    pub fn load(session: &dyn Session, course: &Course) -> Result<DocumentRules, DatabaseError> {
        let settings = Settings::load(session)?;
        Ok(DocumentRules {
            extensions: ExtensionFilter::from_settings(&settings),
            visible: document_rows::visible_by_default(session, &settings, course.id)?,
            remove_for_good: settings.get("permanently_remove_deleted_files") == Some("true"),
            quota: course.disk_quota.unwrap_or_else(|| settings.default_quota()),
        })
    }
}
