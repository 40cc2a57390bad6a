//! Who takes in whole files: the seam between what programs write into a synthetic folder and what comes of it.
//!
//! Files that are computed can't be changed on a disk. What a program writes is collected in a [`Spool`] and taken in as
//! a whole by the [`Receiver`] of the folder: when a process that wrote closes it, when it is renamed to a name that is
//! final, or by `fsync` if it is whole then. [`uploads`](super::uploads) keeps count of what was taken in,
//! [`temporaries`](super::temporaries) of names that nothing has yet, [`writing`](super::writing) translates operations.
//!
//! To add a receiver:
//! 1. implement [`Receiver`] for a static of your own, in a file of its own (see `backups.rs`);
//! 2. name it in [`receiver_in`] for the folders that it takes files in, and in [`receiver_of`] for the files that it
//!    lets replace;
//! 3. let the folder's lookup end with [`PortalFs::arriving`], which knows the files on their way in;
//! 4. let the folder's extended attributes include [`PortalFs::upload_properties`].

use super::properties;
use super::spool::{Spool, Start};
use super::tools::Tag;
use super::uploads::UploadError;
use super::{FsError, Node, PortalFs};

/// What a name in a receiver's folder means to a file on its way in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// It is taken in under this name.
    Final,
    /// It will be renamed when it is whole: `rsync`, editors and file managers write under such names.
    Temporary,
    /// Nothing of this name is ever kept.
    Refused,
}

/// Where a file goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The folder.
    pub folder: Node,
    /// The name in it.
    pub name: Vec<u8>,
    /// What is replaced, or what was made of the file when it was last taken in.
    pub node: Option<Node>,
}

/// What became of a file.
pub struct Taken {
    /// What the file's name leads to from now on, if that is not to be looked up by the name.
    pub node: Option<Node>,
    /// What was done, in one line, for the log and `user.chamilo.report`.
    pub report: String,
}

/// Takes in whole files of one sort. The operations are those of the file system's users; `fs` is where it happens.
pub trait Receiver: Sync {
    /// What `name` in `folder` means.
    fn meaning(&self, folder: Node, name: &[u8]) -> Meaning;

    /// Why a file called `name` is refused in `folder`; that nothing can be changed there if nothing else is known.
    fn refusal(&self, _fs: &PortalFs, _folder: Node, _name: &[u8]) -> FsError {
        FsError::ReadOnly
    }

    /// Folder and name of `node`, a file that may be replaced.
    fn place(&self, fs: &PortalFs, node: Node) -> Result<(Node, Vec<u8>), FsError>;

    /// The file that has `name` in `folder` already, also if a program believes that it has just removed it.
    fn present(&self, fs: &PortalFs, folder: Node, name: &[u8]) -> Result<Option<Node>, FsError>;

    /// Prepares the spool of a program that opens `node` for writing: by default it can only replace all of it. A
    /// receiver of small files writes what the file holds into the spool, which can then be changed in places.
    fn fill(&self, _fs: &PortalFs, _node: Node, _spool: &Spool) -> Result<Start, FsError> {
        Ok(Start::Untouched)
    }

    /// Whether nothing is missing in what `spool` holds of `target`, so that `fsync` takes it in and reports.
    fn is_whole(&self, _target: &Target, _spool: &Spool) -> bool {
        false
    }

    /// Refuses what can't become anything under any name, when a file with a temporary name is closed: nobody is to
    /// believe that it is kept.
    fn check_temporary(&self, _spool: &Spool) -> Result<(), FsError> {
        Ok(())
    }

    /// Whether a copy of a computed archive is taken in without its bytes ([`Spool::promised`]).
    fn takes_promises(&self) -> bool {
        false
    }

    /// What a temporary file has to be renamed to, in words; each receiver has its own.
    fn awaits(&self) -> &'static str;

    /// Takes in what `spool` holds. One at a time in a course, in a thread that may wait. After an error everything is
    /// as it was before.
    fn take(&self, fs: &PortalFs, target: &Target, spool: &Spool) -> Result<Taken, UploadError>;
}

/// Who takes in files that are put into `folder`; nobody if none can be.
pub fn receiver_in(folder: Node) -> Option<&'static dyn Receiver> {
    match folder {
        Node::Course(_) => Some(&super::backups::BACKUPS),
        Node::Tool(_, Tag::WAITING_FOLDER, _) => Some(&super::tools::WAITING),
        Node::Tool(..) if super::tools::is_folder(folder) => Some(&super::tools::ITEMS),
        Node::Learnpaths(_) => Some(&super::packages::IMPORTS),
        _ => None,
    }
}

/// Who takes in what is written over `node`; nobody if it can't be replaced.
pub fn receiver_of(node: Node) -> Option<&'static dyn Receiver> {
    match node {
        Node::Backup(_, selection) if selection.is_all() => Some(&super::backups::BACKUPS),
        Node::Tool(_, Tag::WAITING_FILE, _) => Some(&super::tools::WAITING),
        Node::Tool(..) if !super::tools::is_folder(node) => Some(&super::tools::ITEMS),
        Node::Packages(_) => Some(&super::backups::BACKUPS),
        Node::Package(..) => Some(&super::packages::IMPORTS),
        _ => None,
    }
}

impl PortalFs {
    /// The file on its way in, or taken in a moment ago, that a program calls `name` in `folder`.
    pub(super) fn arriving(&self, folder: Node, name: &[u8]) -> Option<Node> {
        let waiting = self.uploads.temporaries.named(folder, name).map(|temporary| temporary.node());
        waiting.or_else(|| self.uploads.taken_as(folder, name))
    }

    /// Extended attributes of a folder that takes files in, or of a file in it: why the last one was refused, what the
    /// last one brought.
    pub(super) fn upload_properties(&self, node: Node) -> impl Iterator<Item = (String, Vec<u8>)> {
        let (error, report) = self.uploads.texts(node);
        let texts = [(properties::ERROR, error), (properties::REPORT, report)];
        texts.into_iter().filter_map(|(name, text)| Some((name.to_owned(), text?.into_bytes())))
    }
}
