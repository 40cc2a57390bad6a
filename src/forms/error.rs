//! What is wrong with a file, told so that whoever wrote it can mend it.

use crate::course::import::ImportError;
use crate::portal::database::DatabaseError;

/// Why a file can't be an item.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FormError {
    /// The folder takes no files of this kind.
    #[error("{name}: this folder takes {takes}; give the file such a name, or put it into Document")]
    WrongKind {
        /// The file's name.
        name: String,
        /// Which files it takes.
        takes: String,
    },
    /// The bytes are not what the name says.
    #[error("line {line}: {problem}")]
    Syntax {
        /// The line, counted from 1.
        line: usize,
        /// What is wrong and what to do.
        problem: String,
    },
    /// A field holds what it can't.
    #[error("{field}: {problem}")]
    Field {
        /// The field, as a path (`questions[2].answers`).
        field: String,
        /// What is wrong and what to do.
        problem: String,
    },
}

impl FormError {
    pub(super) fn syntax(line: usize, problem: impl Into<String>) -> FormError {
        FormError::Syntax { line, problem: problem.into() }
    }

    pub(super) fn field(field: impl Into<String>, problem: impl Into<String>) -> FormError {
        FormError::Field { field: field.into(), problem: problem.into() }
    }
}

impl From<(&[u8], &serde_json::Error)> for FormError {
    /// What is wrong with the JSON `text`.
    fn from((_, error): (&[u8], &serde_json::Error)) -> FormError {
        let text = error.to_string();
        let problem = text.rsplit_once(" at line ").map_or(text.as_str(), |(problem, _)| problem);
        FormError::syntax(error.line(), format!("this is no JSON: {problem} (column {})", error.column()))
    }
}

/// Why an item was not written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The file can't be an item.
    #[error(transparent)]
    Form(#[from] FormError),
    /// Something else has the place of which there is only one.
    #[error("{place} is there already with other content; write to its own file to change it")]
    Taken {
        /// The place.
        place: String,
    },
    /// The item can't be entered.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}
