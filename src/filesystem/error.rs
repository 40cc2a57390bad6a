//! Why an operation failed, and the one number of it that the kernel understands.

use std::io;

use crate::archive::ReadError;
use crate::backup::BackupError;
use crate::course::create::CreateError;
use crate::course::delete::DeleteError;
use crate::course::document_rows::DocumentRowError;
use crate::course::names::Refusal;
use crate::forms::StoreError;
use crate::portal::database::DatabaseError;
use crate::scorm::PackageError;
use crate::trash::TrashError;

use super::uploads::UploadError;

/// Why a file operation failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FsError {
    /// There is no such file or folder.
    #[error("there is no such file or folder")]
    NotFound,
    /// What the kernel knows by its number is no more; there may be another of its name, which the kernel looks up then.
    #[error("it is no longer there under this number")]
    Gone,
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
    /// Chamilo does not take a document of this name.
    #[error("{0:?} is not taken: {1}")]
    Forbidden(String, Refusal),
    /// A file without a row lies where a document is to be made.
    #[error("{0:?} lies in the course already, unknown to Chamilo and not shown: see coursefs check")]
    Unknown(String),
    /// The path does not fit into the table.
    #[error(transparent)]
    Row(#[from] DocumentRowError),
    /// The course's quota would be exceeded.
    #[error("the course's disk quota is used up")]
    Quota,
    /// Something is in the folder.
    #[error("the folder is not empty")]
    NotEmpty,
    /// The two places are not in the documents of one course.
    #[error("it can't be moved there, only copied")]
    Elsewhere,
    /// Chamilo has nothing of this kind (links, devices).
    #[error("a course has files and folders only")]
    NotInCourses,
    /// An operation that does not make sense here.
    #[error("this is not supported")]
    NotSupported,
    /// A value that an attribute can't have.
    #[error("{0}")]
    Value(&'static str),
    /// A course can't be made.
    #[error(transparent)]
    Create(#[from] CreateError),
    /// A name that no course has: one of a file manager's own files.
    #[error("{0:?} is no course code: in a portal there are courses only")]
    NoCourse(String),
    /// A name that is too long for a course.
    #[error("{0:?} can't be a course code: it has at most 40 letters and digits")]
    LongCode(String),
    /// A course can't be deleted.
    #[error(transparent)]
    Delete(#[from] DeleteError),
    /// What is to be removed can't be remembered, or what was removed not be found.
    #[error("{0}; nothing was removed")]
    Trash(TrashError),
    /// The mount does not delete courses.
    #[error("course {0} is not deleted: the portal is mounted with keep_courses")]
    CoursesKept(String),
    /// The name of a course is its code, which links and rows everywhere hold.
    #[error("a course's folder can't be renamed: its name is the course's code")]
    CourseName,
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
    /// The package can't be made.
    #[error(transparent)]
    Package(#[from] PackageError),
    /// The archive can't be read, or changed under its reader.
    #[error(transparent)]
    Archive(#[from] ReadError),
    /// An item was not written.
    #[error(transparent)]
    Item(#[from] StoreError),
    /// An upload was not taken in.
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

    /// The error of an operation on a node that the kernel knows: that there is none means that it has gone since.
    pub(super) fn of_known(self) -> FsError {
        match self {
            FsError::NotFound => FsError::Gone,
            other => other,
        }
    }

    /// The error number for the kernel (`errno.h`).
    pub fn errno(&self) -> i32 {
        match self {
            FsError::NotFound => libc::ENOENT,
            FsError::Gone => libc::ESTALE,
            FsError::NotAFolder => libc::ENOTDIR,
            FsError::IsAFolder => libc::EISDIR,
            FsError::ReadOnly => libc::EROFS,
            FsError::NotInPlace | FsError::NotKept => libc::EOPNOTSUPP,
            FsError::Exists => libc::EEXIST,
            FsError::Forbidden(..) => libc::EACCES,
            FsError::Unknown(_) => libc::EEXIST,
            FsError::Row(DocumentRowError::TooLong { .. }) => libc::ENAMETOOLONG,
            FsError::Row(DocumentRowError::Path { .. } | DocumentRowError::Unwritable { .. }) | FsError::Value(_) => {
                libc::EINVAL
            }
            FsError::Quota => libc::EDQUOT,
            FsError::NotEmpty => libc::ENOTEMPTY,
            FsError::Elsewhere => libc::EXDEV,
            FsError::NotInCourses => libc::EPERM,
            FsError::NotSupported => libc::EOPNOTSUPP,
            FsError::Create(error) => match error {
                CreateError::InvalidCode { .. } | CreateError::TitleTooLong { .. } => libc::EINVAL,
                CreateError::CodeTaken(_) | CreateError::FolderTaken(_) => libc::EEXIST,
                CreateError::Files { source, .. } => source.raw_os_error().unwrap_or(libc::EIO),
                CreateError::Database(DatabaseError::Busy { .. }) => libc::EBUSY,
                _ => libc::EIO,
            },
            FsError::NoCourse(_) => libc::EACCES,
            FsError::LongCode(_) => libc::ENAMETOOLONG,
            FsError::Delete(error) => match error {
                DeleteError::Required(_) | DeleteError::Database(DatabaseError::Busy { .. }) => libc::EBUSY,
                DeleteError::Gone(_) => libc::ENOENT,
                DeleteError::Files { source, .. } => source.raw_os_error().unwrap_or(libc::EIO),
                DeleteError::Database(_) => libc::EIO,
            },
            FsError::Trash(error) => error.errno().unwrap_or(libc::EIO),
            FsError::CoursesKept(_) | FsError::CourseName => libc::EPERM,
            FsError::TooManyFiles => libc::ENFILE,
            FsError::NoArchive => libc::EINVAL,
            FsError::Upload(error) => error.errno,
            FsError::Item(error) => super::tools::errno(error),
            FsError::NoAttribute => libc::ENODATA,
            FsError::BadHandle => libc::EBADF,
            FsError::Files(error) => error.raw_os_error().unwrap_or(libc::EIO),
            FsError::Backup(BackupError::NoCourse(_)) => libc::ENOENT,
            FsError::Backup(BackupError::Files { source, .. }) => source.raw_os_error().unwrap_or(libc::EIO),
            FsError::Package(PackageError::NoCourse(_) | PackageError::NoPath(_)) => libc::ENOENT,
            FsError::Package(PackageError::Files { source, .. }) => source.raw_os_error().unwrap_or(libc::EIO),
            FsError::Package(_) => libc::EIO,
            FsError::Archive(ReadError::Changed { .. }) => libc::ESTALE,
            FsError::Database(DatabaseError::Busy { .. })
            | FsError::Row(DocumentRowError::Database(DatabaseError::Busy { .. })) => libc::EBUSY,
            FsError::Database(_) | FsError::Backup(_) | FsError::Archive(_) | FsError::Row(_) => libc::EIO,
        }
    }

    /// Whether Chamilo's rules for documents forbid it; the folder tells why, and the log does once.
    pub fn is_refusal(&self) -> bool {
        let row = matches!(
            self,
            FsError::Row(
                DocumentRowError::TooLong { .. } | DocumentRowError::Path { .. } | DocumentRowError::Unwritable { .. }
            )
        );
        let course = matches!(
            self,
            FsError::Create(CreateError::InvalidCode { .. } | CreateError::CodeTaken(_) | CreateError::FolderTaken(_))
                | FsError::Delete(DeleteError::Required(_))
        );
        row || course
            || matches!(self, FsError::Forbidden(..) | FsError::Unknown(_) | FsError::Quota)
            || matches!(self, FsError::NoCourse(_) | FsError::LongCode(_) | FsError::CoursesKept(_))
    }

    /// Whether the administrator should read of it in the log: what an ordinary program provokes by asking is
    /// not, and uploads that fail have their own line.
    pub fn is_news(&self) -> bool {
        let told = matches!(
            self,
            FsError::Files(_)
                | FsError::Database(_)
                | FsError::Backup(_)
                | FsError::Package(_)
                | FsError::Archive(_)
                | FsError::Row(_)
                | FsError::Create(_)
                | FsError::Delete(_)
                | FsError::Trash(_)
        );
        told && !self.is_refusal() && ![libc::ENOENT, libc::EEXIST, libc::ENOTEMPTY].contains(&self.errno())
    }
}
