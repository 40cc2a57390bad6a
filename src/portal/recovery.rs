//! Putting in order what a killed process left: every course is then as it was before the change, or as it is after it.
//!
//! A staging folder whose lock nobody holds is abandoned. Without a journal nothing had been placed, and the folder
//! goes. With one, each placed file whose row was committed stays; one without a row is moved back, folders made for it
//! go if they are empty, and what made way returns; the folder of a course whose deletion was committed goes. A file is known by its identity, so what anybody else put at its
//! place, or wrote into it, is never touched. Every step may be done twice: a recovery that is killed is done again by the next one.

use std::collections::{HashMap, HashSet};
use std::io;
use std::path::PathBuf;

use super::database::{DatabaseError, DatabaseExt, Session};
use super::journal::{Act, Entry, Witness};
use super::staging::{Abandoned, CACHE};
use super::storage::Folder;
use super::{Portal, crash, intent, mark, schema};

/// What was done about one abandoned staging folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recovered {
    /// The staging folder.
    pub folder: PathBuf,
    /// Files and folders without a row that were taken away again, relative to `app/courses/`.
    pub taken_away: Vec<String>,
    /// How many files and folders stay because their rows were committed.
    pub kept: usize,
    /// How many files and folders of a mount's last change of documents were put back or taken away.
    pub settled: usize,
}

/// Why a staging folder could not be put in order. It stays for the next attempt.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecoverError {
    /// A file or folder can't be looked at or moved.
    #[error("what an interrupted restore left can't be tidied up: {path}: {source}")]
    Files {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The database failed.
    #[error("what an interrupted restore left can't be tidied up: {0}")]
    Database(#[from] DatabaseError),
}

/// Puts all abandoned staging folders of `portal` in order; those of living processes are left alone.
pub fn recover(portal: &Portal) -> Result<Vec<Recovered>, RecoverError> {
    let failed = |source| RecoverError::Files { path: portal.root().join(CACHE), source };
    let mut all = Vec::new();
    for abandoned in Abandoned::find(portal.root()).map_err(failed)? {
        let failed = |source| RecoverError::Files { path: abandoned.path.clone(), source };
        let mut recovered = Recovered { folder: abandoned.path.clone(), ..Recovered::default() };
        let journal = abandoned.journal().map_err(failed)?;
        if let Some(journal) = &journal {
            let cache = Folder::open(&portal.root().join(CACHE)).map_err(failed)?;
            // As a writer: nobody commits such a row between the look and the move.
            portal.database().write(|session| {
                let mut rows = Rows { session, texts: HashMap::new() };
                // Backwards, so that folders are empty before they go and files have gone before others return.
                for entry in journal.entries.iter().rev() {
                    undo((portal.courses_folder(), &cache), &abandoned.folder, entry, &mut rows, &mut recovered)?;
                    crash::point("recovering");
                }
                Ok::<_, RecoverError>(())
            })?;
        }
        recovered.settled = intent::recover(portal, &abandoned.folder).map_err(|error| match error {
            intent::Failed::Files(source) => failed(source),
            intent::Failed::Database(error) => error.into(),
        })?;
        let path = abandoned.path.clone();
        abandoned.remove().map_err(|source| RecoverError::Files { path, source })?;
        // Not before the journal is gone: it would be read again, and the mark be missed.
        let marks: Vec<Witness> =
            journal.into_iter().flat_map(|journal| journal.entries).map(|entry| entry.witness).collect();
        if marks.iter().any(mark::is_mark) {
            portal.database().write(|session| marks.iter().try_for_each(|witness| mark::clear(session, witness)))?;
        }
        all.push(recovered);
    }
    Ok(all)
}

fn undo(
    (courses, cache): (&Folder, &Folder),
    staging: &Folder,
    entry: &Entry,
    rows: &mut Rows<'_>,
    recovered: &mut Recovered,
) -> Result<(), RecoverError> {
    let failed = |source: io::Error| RecoverError::Files { path: courses.path().join(shown(&entry.place)), source };
    let done = match entry.act {
        Act::Moved(identity) => match courses.identity(&entry.place) {
            Ok(found) if found != identity => return Ok(()),
            Ok(_) if rows.has(&entry.witness)? => {
                recovered.kept += 1;
                return Ok(());
            }
            Ok(_) => courses.move_to(&entry.place, staging, &entry.staged),
            Err(error) => Err(error),
        },
        Act::Made if rows.has(&entry.witness)? => return Ok(()),
        Act::Made => courses.remove_folder(&entry.place),
        Act::Aside if rows.has(&entry.witness)? => return Ok(()),
        Act::Aside => staging.move_to(&entry.staged, courses, &entry.place),
        Act::Leaves if rows.has(&entry.witness)? => return Ok(()),
        Act::Leaves => courses.move_to(&entry.place, cache, &entry.staged),
    };
    match done.map_err(|error| (error.raw_os_error(), error)) {
        Ok(()) if entry.act == Act::Aside => Ok(()),
        Ok(()) => {
            recovered.taken_away.push(shown(&entry.place));
            Ok(())
        }
        // It was never placed, it is gone already, or a folder has something in it by now.
        Err((Some(libc::ENOENT | libc::ENOTDIR | libc::ENOTEMPTY | libc::EEXIST), _)) => Ok(()),
        Err((_, error)) => Err(failed(error)),
    }
}

fn shown(path: &[u8]) -> String {
    String::from_utf8_lossy(path).into_owned()
}

/// What columns hold, read once each.
struct Rows<'a> {
    session: &'a dyn Session,
    texts: HashMap<(String, String, Vec<u8>), HashSet<Vec<u8>>>,
}

impl Rows<'_> {
    /// Whether the row is there. Compared byte for byte here, since MariaDB's `=` ignores case and accents.
    fn has(&mut self, witness: &Witness) -> Result<bool, DatabaseError> {
        let Witness { table, column, owner, text } = witness;
        // The journal is a file: what stands in it becomes SQL only if it names columns that we know.
        let known = |name: &str| schema::columns(table).iter().any(|column| column.name == name);
        if table.is_empty() {
            return Ok(false);
        }
        if !known(column) || !(owner.0.is_empty() || known(&owner.0)) {
            // In doubt a file stays.
            return Ok(true);
        }
        let key = (table.clone(), column.clone(), owner.1.clone());
        if !self.texts.contains_key(&key) {
            let mut texts = HashSet::new();
            let (condition, values) = match owner.0.as_str() {
                "" => (String::new(), Vec::new()),
                name => (format!(" WHERE `{name}` = ?"), vec![owner.1.clone().into()]),
            };
            let sql = format!("SELECT `{column}` FROM `{table}`{condition}");
            self.session.query(&sql, &values, &mut |row| {
                texts.insert(row.bytes(column));
                Ok(())
            })?;
            self.texts.insert(key.clone(), texts);
        }
        Ok(self.texts.get(&key).is_some_and(|texts| texts.contains(text)))
    }
}
