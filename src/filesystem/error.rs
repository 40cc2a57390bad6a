//! Why an operation failed, and the one number of it that the kernel understands.

use std::io;

use crate::archive::ReadError;
use crate::backup::BackupError;
use crate::portal::database::DatabaseError;

use super::uploads::UploadError;

/// Why a file operation failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FsError {
    /// There is no such file or folder.
    #[error("there is no such file or folder")]
    NotFound,
    /// A folder was expected.
    #[error("it is not a folder")]
    NotAFolder,
    /// A file was expected.
    #[error("it is a folder")]
    IsAFolder,
    /// The mount, or this part of it, is read-only.
    #[error("this can't be changed through the mount")]
    ReadOnly,
    /// A computed file can only be replaced as a whole.
    #[error("backup.zip is computed: it can be replaced as a whole, not changed in places")]
    NotInPlace,
    /// An attribute that programs copy along, which a file on its way in does not keep.
    #[error("attributes of an upload are not kept")]
    NotKept,
    /// The name is taken.
    #[error("there is such a file already")]
    Exists,
    /// There are too many temporary files.
    #[error("there are too many temporary files in the portal")]
    TooManyFiles,
    /// A temporary file holds something that can't become a backup.
    #[error(
        "a course's folder takes backups only, on their way to being renamed to backup.zip; documents go to Document"
    )]
    NoArchive,
    /// There is no such extended attribute.
    #[error("there is no such attribute")]
    NoAttribute,
    /// The kernel named a handle that is not open.
    #[error("the handle is not open")]
    BadHandle,
    /// A file of the portal can't be read.
    #[error(transparent)]
    Files(#[from] io::Error),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The backup can't be made.
    #[error(transparent)]
    Backup(#[from] BackupError),
    /// The archive can't be read, or changed under its reader.
    #[error(transparent)]
    Archive(#[from] ReadError),
    /// An upload was not restored.
    #[error(transparent)]
    Upload(#[from] UploadError),
}

impl FsError {
    /// The error of looking at a file: one that is gone, or lies behind a link that is not followed, is not found.
    pub(super) fn from_lookup(error: io::Error) -> FsError {
        match error.raw_os_error() {
            Some(libc::ENOENT | libc::ENOTDIR | libc::ELOOP | libc::EXDEV | libc::EINVAL) => FsError::NotFound,
            _ => FsError::Files(error),
        }
    }

    /// The error number for the kernel (`errno.h`).
    pub fn errno(&self) -> i32 {
        match self {
            FsError::NotFound => libc::ENOENT,
            FsError::NotAFolder => libc::ENOTDIR,
            FsError::IsAFolder => libc::EISDIR,
            FsError::ReadOnly => libc::EROFS,
            FsError::NotInPlace | FsError::NotKept => libc::EOPNOTSUPP,
            FsError::Exists => libc::EEXIST,
            FsError::TooManyFiles => libc::ENFILE,
            FsError::NoArchive => libc::EINVAL,
            FsError::Upload(error) => error.errno,
            FsError::NoAttribute => libc::ENODATA,
            FsError::BadHandle => libc::EBADF,
            FsError::Files(error) => error.raw_os_error().unwrap_or(libc::EIO),
            FsError::Backup(BackupError::NoCourse(_)) => libc::ENOENT,
            FsError::Backup(BackupError::Files { source, .. }) => source.raw_os_error().unwrap_or(libc::EIO),
            FsError::Archive(ReadError::Changed { .. }) => libc::ESTALE,
            FsError::Database(_) | FsError::Backup(_) | FsError::Archive(_) => libc::EIO,
        }
    }

    /// Whether the administrator should read of it in the log: what an ordinary program provokes by asking is
    /// not, and uploads that fail have their own line.
    pub fn is_news(&self) -> bool {
        matches!(self, FsError::Files(_) | FsError::Database(_) | FsError::Backup(_) | FsError::Archive(_))
            && self.errno() != libc::ENOENT
    }
}
