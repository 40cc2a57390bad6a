//! A row that tells whether a transaction was committed, for files that no row of it names: packages, pictures, what
//! takes the place of another file.
//!
//! The journal names the mark as the witness of such files. It stands among the settings of the course from the commit
//! until nothing has to be told any more; Chamilo looks at no setting of such a name. What a crash leaves of it goes with
//! the recovery.

use std::fs::File;
use std::io::{self, Read};

use super::database::{DatabaseError, Session, Value};
use super::journal::Witness;

/// What the names of marks begin with.
const PREFIX: &str = "coursefs_restore_";

const TABLE: &str = "c_course_setting";
const COLUMN: &str = "variable";

/// A mark for one transaction on one course.
#[derive(Debug)]
pub struct Mark {
    course: i64,
    name: String,
}

impl Mark {
    /// A mark of a name that nobody else has drawn.
    pub fn draw(course: i64) -> io::Result<Mark> {
        let mut bytes = [0; 8];
        File::open("/dev/urandom")?.read_exact(&mut bytes)?;
        Ok(Mark { course, name: format!("{PREFIX}{:016x}", u64::from_le_bytes(bytes)) })
    }

    /// What the journal says of files that the mark stands for.
    pub fn witness(&self) -> Witness {
        let owner = ("c_id".to_owned(), self.course.to_string().into_bytes());
        Witness { table: TABLE.into(), column: COLUMN.into(), owner, text: self.name.clone().into_bytes() }
    }

    /// Enters the mark, in the transaction that it stands for.
    pub fn set(&self, session: &dyn Session) -> Result<(), DatabaseError> {
        let values = [
            ("c_id", self.course.into()),
            (COLUMN, self.name.as_str().into()),
            ("title", "".into()),
            ("value", Value::Null),
        ];
        session.insert(TABLE, &values).map(drop)
    }

    /// Takes the mark away.
    pub fn clear(&self, session: &dyn Session) -> Result<(), DatabaseError> {
        clear(session, &self.witness())
    }
}

/// Whether a journal names a mark.
pub fn is_mark(witness: &Witness) -> bool {
    witness.table == TABLE && witness.column == COLUMN && witness.text.starts_with(PREFIX.as_bytes())
}

/// Takes the mark away that a journal names as `witness`; other rows stay.
pub fn clear(session: &dyn Session, witness: &Witness) -> Result<(), DatabaseError> {
    if is_mark(witness) {
        let sql = "DELETE FROM c_course_setting WHERE c_id = ? AND variable = ?";
        session.execute(sql, &[witness.owner.1.clone().into(), witness.text.clone().into()])?;
    }
    Ok(())
}
