//! The backup of a moment: its files are looked for where they may be by now.
//!
//! In this order: at its place in the course, if it is the same file (by its inode number); among the files that were
//! removed, which keep their numbers; what is at the place now, if that is another file; anywhere among the course's
//! documents, if it was renamed. The folder of a deleted course lies in `app/cache` and is looked through like that of
//! one that is there. A file that is nowhere any more is left out, and the log names it.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;

use rustix::fs::{FileType, Stat};

use crate::archive::{Archive, Checksums, Content, Entry, FileIdentity, Layout};
use crate::backup::{BackupFiles, identity};
use crate::course::Course;
use crate::portal::Portal;
use crate::portal::database::DatabaseExt;
use crate::portal::storage::Folder;

use super::record::{Place, Record};
use super::{COURSE_INFO, FILES, FOLDER, PAGES, RECORD, Trash, TrashError};

/// Where documents lie in a course.
const DOCUMENTS: &[u8] = b"document";

/// Levels of folders that are looked through for a renamed document.
const DEEPEST: usize = 64;

/// A folder that may hold the course's files: the folder itself, and what its files are called as sources.
struct Home {
    folder: Folder,
    prefix: Vec<u8>,
    /// Documents by inode number, if they were needed.
    by_inode: Option<HashMap<u64, Vec<u8>>>,
}

pub fn open(
    trash: &Trash,
    portal: &Portal,
    (code, name): (&[u8], &[u8]),
    checksums: Arc<Checksums>,
) -> Result<Archive<BackupFiles>, TrashError> {
    let moments = trash.moments(code)?;
    if !moments.iter().any(|moment| moment == name) {
        return Err(TrashError::NotFound);
    }
    let path = trash.moment(code, name);
    let at = |source| TrashError::Files { path: path.clone(), source };
    let read = |file: &str| std::fs::read(path.join(file)).map_err(at);
    let record = Record::read(&read(RECORD)?, &read(PAGES)?).ok_or_else(|| TrashError::Damaged(path.clone()))?;
    let course_info = read(COURSE_INFO)?;
    let cache = Folder::open(&trash.cache).map_err(at)?;
    let course = portal.database().read(|session| Course::by_id(session, record.course))?;
    let course = match course {
        Some(course) => portal.courses_folder().folder(&course.directory).ok(),
        None => None,
    };
    let mut homes = homes(&cache, &record, course.as_ref()).map_err(at)?;
    // What was removed after it may lie with any moment: those of several mounts last beside one another.
    let kept: Vec<Vec<u8>> = moments
        .iter()
        .map(|moment| [FOLDER.as_bytes(), b"/", code, b"/", moment, b"/", FILES, b"/"].concat())
        .collect();
    let mut entries = vec![Entry {
        name: COURSE_INFO.as_bytes().into(),
        mode: 0o644,
        mtime: Trash::time(name).unwrap_or(0),
        content: Content::Bytes(course_info.into()),
    }];
    for mut entry in record.entries {
        if let Content::File { source, identity: was } = &entry.content {
            match find(&cache, &mut homes, &kept, source, was) {
                Some((source, stat)) => entry.content = Content::File { source, identity: identity(&stat) },
                None => {
                    let (place, code) = (String::from_utf8_lossy(source), String::from_utf8_lossy(code));
                    tracing::warn!("{place} of course {code} is nowhere any more and not in its backup in the trash");
                    continue;
                }
            }
        }
        entries.push(entry);
    }
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    let layout = Layout::new(entries).map_err(|source| TrashError::Layout { path: path.clone(), source })?;
    Ok(Archive::new(layout, BackupFiles::with_cache(course, cache), checksums))
}

/// The folders that may hold the course's files: its own, and those of deleted courses of that folder name.
fn homes(cache: &Folder, record: &Record, course: Option<&Folder>) -> io::Result<Vec<Home>> {
    let mut homes = Vec::new();
    if let Some(course) = course {
        homes.push(Home { folder: course.folder(b".")?, prefix: Vec::new(), by_inode: None });
    }
    for name in cache.names(b"")? {
        let rest = name.strip_prefix(record.directory.as_slice()).and_then(|rest| rest.strip_prefix(b"_"));
        let is_time = |rest: &[u8]| !rest.is_empty() && rest.iter().all(|byte| byte.is_ascii_digit() || *byte == b'_');
        if rest.is_some_and(is_time)
            && let Ok(folder) = cache.folder(&name)
        {
            homes.push(Home { folder, prefix: [b"/", name.as_slice(), b"/"].concat(), by_inode: None });
        }
    }
    Ok(homes)
}

/// Where the file is that lay at `place` and was `was`.
fn find(
    cache: &Folder,
    homes: &mut [Home],
    kept: &[Vec<u8>],
    place: &Place,
    was: &FileIdentity,
) -> Option<(Place, Stat)> {
    let there: Vec<Option<Stat>> = homes.iter().map(|home| file(&home.folder, place)).collect();
    for (home, stat) in homes.iter().zip(&there) {
        if let Some(stat) = stat.filter(|stat| stat.st_ino == was.inode) {
            return Some((home.source(place), stat));
        }
    }
    for folder in kept {
        let path = [folder.as_slice(), was.inode.to_string().as_bytes()].concat();
        if let Some(stat) = file(cache, &path) {
            return Some(([b"/", path.as_slice()].concat().into(), stat));
        }
    }
    for (home, stat) in homes.iter().zip(there) {
        if let Some(stat) = stat {
            return Some((home.source(place), stat));
        }
    }
    for home in homes {
        let Some(path) = home.by_inode().get(&was.inode).cloned() else { continue };
        let same = |stat: &Stat| {
            let now = identity(stat);
            (now.inode, now.size, now.mtime) == (was.inode, was.size, was.mtime)
        };
        if let Some(stat) = file(&home.folder, &path).filter(same) {
            return Some((home.source(&path), stat));
        }
    }
    None
}

fn file(folder: &Folder, path: &[u8]) -> Option<Stat> {
    folder.stat(path).ok().filter(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile)
}

impl Home {
    fn source(&self, path: &[u8]) -> Place {
        [self.prefix.as_slice(), path].concat().into()
    }

    /// The documents in the folder by inode number.
    fn by_inode(&mut self) -> &HashMap<u64, Vec<u8>> {
        self.by_inode.get_or_insert_with(|| {
            let mut found = HashMap::new();
            walk(&self.folder, DOCUMENTS, 0, &mut found);
            found
        })
    }
}

fn walk(folder: &Folder, path: &[u8], level: usize, found: &mut HashMap<u64, Vec<u8>>) {
    let Ok(names) = folder.names(path) else { return };
    for name in names {
        let path = [path, b"/", &name].concat();
        match folder.stat(&path) {
            Ok(stat) if FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile => {
                found.insert(stat.st_ino, path);
            }
            Ok(stat) if FileType::from_raw_mode(stat.st_mode) == FileType::Directory && level < DEEPEST => {
                walk(folder, &path, level + 1, found);
            }
            _ => {}
        }
    }
}
