//! Renaming documents, with what that means for their rows.
//!
//! A program saves a document by writing another file and renaming it over the old one, or by renaming the old one to a
//! backup (`a.txt~`) and writing a new one. Either way the row, which learning paths refer to, stays with the name: a
//! file that is renamed over a document takes its row, and a document that was put aside under a passing name gives its
//! row back to the one that is then made in its place.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::course::document::{DocumentTree, TreeChange, TreeDocument};
use crate::course::document_removal::Doomed;
use crate::course::document_rows::{self, DocumentKind, NewDocument};
use crate::course::{Stamp, document_edit, document_removal, names};
use crate::filesystem::snapshots::Changing;
use crate::filesystem::{FsError, PortalFs, Replace};
use crate::portal::crash;
use crate::portal::intent::{Intent, Step};
use crate::portal::storage::Folder;

use super::leaving::Leaving;
use super::{DOCUMENTS, Place, check_name, stamp_ancestors};

/// How long an editor may take to write a document anew that it has put aside.
const AWAY: Duration = Duration::from_secs(120);

/// Documents that are remembered to be put aside.
const AWAY_KEPT: usize = 256;

/// Documents that were put aside under a passing name.
#[derive(Default)]
pub struct Away {
    documents: Mutex<VecDeque<(Instant, Aside)>>,
}

/// A document that was put aside: from where, and its row.
#[derive(Clone, Debug)]
pub struct Aside {
    place: Place,
    name: Vec<u8>,
    /// The row.
    pub row: i64,
}

impl Away {
    fn leaves(&self, place: Place, name: &[u8], row: i64) {
        let mut documents = self.documents.lock().unwrap_or_else(PoisonError::into_inner);
        documents.retain(|(since, aside)| since.elapsed() < AWAY && aside.row != row);
        while documents.len() >= AWAY_KEPT {
            documents.pop_front();
        }
        documents.push_back((Instant::now(), Aside { place, name: name.to_vec(), row }));
    }

    /// The document that was put aside from the name `name`, if it still lies aside.
    pub fn returns(&self, place: Place, name: &[u8], tree: &DocumentTree) -> Option<Aside> {
        let documents = self.documents.lock().unwrap_or_else(PoisonError::into_inner);
        let found = documents
            .iter()
            .rev()
            .find(|(since, aside)| aside.place == place && aside.name == name && since.elapsed() < AWAY);
        let (_, aside) = found?;
        tree.get(aside.row).filter(|document| names::is_passing(&document.name)).map(|_| aside.clone())
    }
}

/// A document that is to be renamed or replaced.
struct Found {
    document: TreeDocument,
    /// Its path, which starts with `/`.
    path: Vec<u8>,
}

impl Found {
    fn on_disk(&self) -> Vec<u8> {
        on_disk(&self.path)
    }
}

fn on_disk(path: &[u8]) -> Vec<u8> {
    [DOCUMENTS, path.strip_prefix(b"/").unwrap_or(path)].concat()
}

/// What a rename does to nodes once it is committed.
#[derive(Default)]
struct Nodes {
    /// Rows that are no more.
    removed: Vec<i64>,
    /// A row whose file now stands for another row.
    taken_over: Option<(i64, i64)>,
}

impl PortalFs {
    /// Renames a document or a folder, within the documents of one course.
    pub fn rename_document(
        &self,
        (from, name): (Place, &[u8]),
        (to, new_name): (Place, &[u8]),
        replace: Replace,
    ) -> Result<(), FsError> {
        self.writable()?;
        if from.course != to.course {
            return Err(FsError::Elsewhere);
        }
        let top = self.course_folder(from.course)?;
        let (nodes, aside) = self.change_documents(from.course, |changing, stamp| {
            let source = find(changing, from, name)?.ok_or(FsError::NotFound)?;
            let target = find(changing, to, new_name)?;
            let target_on_disk = match &target {
                Some(target) => self.is_there(&top, &target.on_disk())?,
                None => false,
            };
            let is_top = to.folder.is_none();
            check_name(new_name, source.document.folder, is_top, changing.rules)?;
            let new_path = {
                let tree = changing.tree();
                [b"/".as_slice(), &tree.path_in(to.folder, new_name).ok_or(FsError::NotFound)?].concat()
            };
            if replace == Replace::Swap {
                let target = target.filter(|_| target_on_disk).ok_or(FsError::NotFound)?;
                check_name(name, target.document.folder, from.folder.is_none(), changing.rules)?;
                self.swap(changing, &source, &target, (from, to), stamp)?;
                let (one, other) = (source.on_disk(), target.on_disk());
                let (what, _) = self.look(&changing.place(&one))?;
                let steps = vec![Step::Exchanged { one: changing.place(&one), other: changing.place(&other), what }];
                let (row, path) = (source.document.iid, Some(target.path));
                self.note(Intent { steps, gone: None, row, path })?;
                top.rename(&one, &other, true)?;
                crash::point("document-moved");
                return Ok((Nodes::default(), None));
            }
            if replace == Replace::Never && target_on_disk {
                return Err(FsError::Exists);
            }
            if let Some(target) = &target
                && target.document.iid == source.document.iid
            {
                return Ok((Nodes::default(), None));
            }
            if source.document.folder && to.folder.is_some_and(|folder| lies_in(changing, folder, &source)) {
                return Err(FsError::Value("a folder can't be moved into itself"));
            }
            // A file without a row in the way is nobody's to replace, but an empty one makes way.
            if target.is_none() && self.is_there(&top, &on_disk(&new_path))? {
                let unknown = || FsError::Unknown(String::from_utf8_lossy(new_name).into_owned());
                let stat = top.stat(&on_disk(&new_path)).map_err(FsError::from_lookup)?;
                if stat.st_size > 0 && !(new_name == super::GUARD && stat.st_size <= super::LONGEST_GUARD) {
                    return Err(unknown());
                }
            }
            let mut nodes = Nodes::default();
            match &target {
                Some(target) => {
                    match (source.document.folder, target.document.folder) {
                        (false, true) if target_on_disk => return Err(FsError::IsAFolder),
                        (true, false) if target_on_disk => return Err(FsError::NotAFolder),
                        _ => {}
                    }
                    if target.document.folder && self.has_something(changing, &top, target)? {
                        return Err(FsError::NotEmpty);
                    }
                    if target.document.folder && target_on_disk {
                        document_removal::expect_nothing_unknown(&top, &target.on_disk())?;
                    }
                    if target_on_disk {
                        let TreeDocument { iid, key, folder, .. } = target.document;
                        let path = target.path.get(1..).unwrap_or_default();
                        let doomed = Doomed { course: changing.course, iid, key, path, folder };
                        self.before_leaving(changing, &doomed, Leaving::Replaced, (&top, &target.on_disk()))?;
                    }
                    self.replace(changing, &source, target, (to, new_name, &new_path), &mut nodes, stamp)?;
                }
                None => {
                    self.relocate(changing, &source, (to, new_name, &new_path), stamp)?;
                    // Written under another name first.
                    if !source.document.known && !source.document.folder {
                        let path = new_path.get(1..).unwrap_or_default();
                        let TreeDocument { iid, key, .. } = source.document;
                        self.take_over(changing, (to.course, path), (iid, key), stamp)?;
                    }
                }
            }
            stamp_ancestors(changing, from.folder, stamp)?;
            if to.folder != from.folder {
                stamp_ancestors(changing, to.folder, stamp)?;
            }
            // The row of the source tells whether all this was committed.
            let path = nodes.taken_over.is_none().then_some(new_path.clone());
            let row = source.document.iid;
            self.move_on_disk(changing, &top, (&source.on_disk(), &on_disk(&new_path)), target_on_disk, (row, path))?;
            let put_aside = !source.document.folder && names::is_passing(new_name) && !names::is_passing(name);
            Ok((nodes, put_aside.then_some(source.document.iid)))
        })?;
        for row in nodes.removed {
            if nodes.taken_over.is_none_or(|(file, _)| file != row) {
                self.documents.identities.removed(row);
            }
        }
        if let Some((file, row)) = nodes.taken_over {
            let node = self.documents.identities.node(file).ok_or(FsError::NotFound)?;
            self.documents.identities.removed(file);
            self.documents.identities.assign(node, row);
        }
        if let Some(row) = aside {
            self.documents.away.leaves(from, name, row);
        }
        Ok(())
    }

    /// Renames on the disk, in a way that can be taken back: what makes way takes the place of what is renamed, and goes
    /// when the rows are committed. `row` and the path that it will have tell whether they are.
    fn move_on_disk(
        &self,
        changing: &Changing<'_>,
        top: &Folder,
        (from, to): (&[u8], &[u8]),
        replaces: bool,
        (row, path): (i64, Option<Vec<u8>>),
    ) -> Result<(), FsError> {
        let (one, other) = (changing.place(from), changing.place(to));
        let (what, _) = self.look(&one)?;
        let (step, gone) = match replaces {
            true => {
                let (old, _) = self.look(&other)?;
                (Step::Exchanged { one: one.clone(), other, what }, Some((one, old)))
            }
            false => (Step::Moved { from: one, to: other, what }, None),
        };
        self.note(Intent { steps: vec![step], gone, row, path })?;
        match top.rename(from, to, replaces) {
            // Not every disk can exchange (NFS): there a crash at this moment may leave the new file with the old row.
            Err(error) if matches!(error.raw_os_error(), Some(libc::EINVAL | libc::ENOSYS | libc::EOPNOTSUPP)) => {
                top.rename(from, to, false)?;
            }
            renamed => renamed?,
        }
        crash::point("document-moved");
        Ok(())
    }

    /// Whether anything of the folder `target` is shown.
    fn has_something(&self, changing: &Changing<'_>, top: &Folder, target: &Found) -> Result<bool, FsError> {
        let paths: Vec<Vec<u8>> = {
            let tree = changing.tree();
            tree.children(Some(target.document.iid)).filter_map(|child| tree.path(child.iid)).collect()
        };
        for path in paths {
            if self.is_there(top, &[DOCUMENTS, &path].concat())? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Gives the rows of `source`, and of all below it, their new paths.
    fn relocate(
        &self,
        changing: &mut Changing<'_>,
        source: &Found,
        (to, name, path): (Place, &[u8], &[u8]),
        stamp: &Stamp,
    ) -> Result<(), FsError> {
        document_rows::check_path(path)?;
        let TreeDocument { iid, key, folder, .. } = source.document;
        let session = changing.session;
        let course = changing.course.id;
        if folder {
            let below = document_edit::paths_below(session, course, &source.path, path)?;
            for (_, path) in &below {
                document_rows::check_path(path.strip_suffix(b"/").unwrap_or(path))?;
            }
            document_edit::set_paths(session, &below)?;
        }
        document_edit::set_path(session, iid, path)?;
        let older = changing.tree().older(iid).to_vec();
        for older in older {
            document_edit::set_path(session, older, path)?;
        }
        let edit = if folder { "FolderMoved" } else { "DocumentMoved" };
        document_edit::stamp(session, course, key, Some(edit), stamp)?;
        self.show_anew(changing, iid, path.get(1..).unwrap_or_default(), stamp)?;
        changing.follow(TreeChange::Moved { iid, parent: to.folder, name: name.into() });
        Ok(())
    }

    /// What programs had on the way and Chamilo was not let know of, is made known once its path is no passing one: the
    /// document `iid`, and all that is in it.
    fn show_anew(&self, changing: &mut Changing<'_>, iid: i64, path: &[u8], stamp: &Stamp) -> Result<(), FsError> {
        if names::is_passing_path(path) {
            return Ok(());
        }
        let visible = changing.rules.visible;
        let unknown: Vec<TreeDocument> = {
            let tree = changing.tree();
            let top = tree.path(iid).ok_or(FsError::NotFound)?;
            // What lies in a folder that was passing may be passing itself.
            let passes =
                |iid| tree.path(iid).is_none_or(|path| names::is_passing_path(path.get(top.len()..).unwrap_or(&path)));
            let below = tree.below(iid).into_iter().filter(|iid| !passes(*iid));
            let all = std::iter::once(iid).chain(below).filter_map(|iid| tree.get(iid));
            all.filter(|document| !document.known).cloned().collect()
        };
        for TreeDocument { iid, key, folder, .. } in unknown {
            document_rows::make_known(changing.session, changing.course.id, (key, folder), visible, stamp)?;
            changing.follow(TreeChange::Known(iid, visible));
        }
        Ok(())
    }

    /// Puts `source` in the place of `target`. Of two files the row of the target stays, with the file of the source;
    /// only a passing file's row makes way for that of a document.
    fn replace(
        &self,
        changing: &mut Changing<'_>,
        source: &Found,
        target: &Found,
        (to, name, path): (Place, &[u8], &[u8]),
        nodes: &mut Nodes,
        stamp: &Stamp,
    ) -> Result<(), FsError> {
        let (session, course) = (changing.session, changing.course.id);
        let both_files = !source.document.folder && !target.document.folder;
        let target_passes = names::is_passing(&target.document.name) && !names::is_passing(&source.document.name);
        let (gone, stays) = if both_files && !target_passes { (source, target) } else { (target, source) };
        if target.document.folder {
            let below = changing.tree().below(target.document.iid);
            for iid in below.into_iter().rev() {
                let key = changing.tree().get(iid).map_or(iid, |document| document.key);
                document_removal::remove_rows(session, course, iid, key)?;
                changing.follow(TreeChange::Removed(iid));
                nodes.removed.push(iid);
            }
        }
        let older = changing.tree().older(gone.document.iid).to_vec();
        document_removal::remove_rows(session, course, gone.document.iid, gone.document.key)?;
        for older in older {
            document_removal::remove_rows(session, course, older, older)?;
        }
        nodes.removed.push(gone.document.iid);
        changing.follow(TreeChange::Removed(gone.document.iid));
        if gone.document.iid == target.document.iid {
            return self.relocate(changing, stays, (to, name, path), stamp);
        }
        let size = source.document.size.unwrap_or(0);
        document_edit::set_size(session, stays.document.iid, size)?;
        document_edit::stamp(session, course, stays.document.key, Some("DocumentUpdated"), stamp)?;
        changing.follow(TreeChange::Resized(stays.document.iid, size));
        nodes.taken_over = Some((gone.document.iid, stays.document.iid));
        Ok(())
    }

    /// Two documents take each other's places, each with its row.
    fn swap(
        &self,
        changing: &mut Changing<'_>,
        source: &Found,
        target: &Found,
        (from, to): (Place, Place),
        stamp: &Stamp,
    ) -> Result<(), FsError> {
        let (session, course) = (changing.session, changing.course.id);
        let mut below = Vec::new();
        for (one, other) in [(source, target), (target, source)] {
            if one.document.folder {
                below.extend(document_edit::paths_below(session, course, &one.path, &other.path)?);
            }
        }
        for (_, path) in &below {
            document_rows::check_path(path.strip_suffix(b"/").unwrap_or(path))?;
        }
        document_edit::set_paths(session, &below)?;
        for (one, other) in [(source, target), (target, source)] {
            document_edit::set_path(session, one.document.iid, &other.path)?;
            let edit = if one.document.folder { "FolderMoved" } else { "DocumentMoved" };
            document_edit::stamp(session, course, one.document.key, Some(edit), stamp)?;
            self.show_anew(changing, one.document.iid, other.path.get(1..).unwrap_or_default(), stamp)?;
        }
        stamp_ancestors(changing, from.folder, stamp)?;
        stamp_ancestors(changing, to.folder, stamp)?;
        changing.follow(TreeChange::Swapped(source.document.iid, target.document.iid));
        Ok(())
    }

    /// Gives the row of `aside` back to its name: the document that lies aside gets a row of its own, whose key is
    /// returned.
    pub(super) fn enter_for_returning(
        &self,
        changing: &mut Changing<'_>,
        aside: &Aside,
        path: &[u8],
        place: Place,
        name: &[u8],
        stamp: &Stamp,
    ) -> Result<i64, FsError> {
        let (document, aside_path) = {
            let tree = changing.tree();
            let document = tree.get(aside.row).ok_or(FsError::NotFound)?.clone();
            (document, [b"/".as_slice(), &tree.path(aside.row).ok_or(FsError::NotFound)?].concat())
        };
        let (session, course) = (changing.session, changing.course.id);
        let size = document.size.unwrap_or(0);
        let title = String::from_utf8_lossy(&document.name).into_owned();
        let kind = DocumentKind::File { size };
        let new = NewDocument { path: &aside_path, title: &title, comment: None, kind, visible: false };
        let iid = document_rows::insert_unknown(session, course, &new)?;
        document_edit::set_path(session, aside.row, path)?;
        document_edit::set_size(session, aside.row, 0)?;
        document_edit::stamp(session, course, document.key, Some("DocumentUpdated"), stamp)?;
        changing.follow(TreeChange::Moved { iid: aside.row, parent: place.folder, name: name.into() });
        changing.follow(TreeChange::Resized(aside.row, 0));
        changing.follow(TreeChange::Entered(TreeDocument {
            iid,
            key: iid,
            size: Some(size),
            visible: false,
            known: false,
            ..document
        }));
        Ok(iid)
    }
}

fn find(changing: &Changing<'_>, place: Place, name: &[u8]) -> Result<Option<Found>, FsError> {
    let tree = changing.tree();
    let Some(document) = tree.child(place.folder, name).cloned() else { return Ok(None) };
    let path = tree.path(document.iid).ok_or(FsError::NotFound)?;
    Ok(Some(Found { document, path: [b"/".as_slice(), &path].concat() }))
}

/// Whether `folder` is `source` or lies in it.
fn lies_in(changing: &Changing<'_>, folder: i64, source: &Found) -> bool {
    let tree = changing.tree();
    folder == source.document.iid || tree.ancestors(folder).any(|above| above.iid == source.document.iid)
}
