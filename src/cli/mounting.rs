//! A mount from its beginning to its end: checks that tell what is wrong, the session, signals, the unmount.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use fuser::{Config, MountOption, Session, SessionACL, SessionUnmounter};
use rustix::fs::{Access as RustixAccess, AtFlags, CWD};
use rustix::mount::UnmountFlags;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use tracing::{debug, error, info};

use crate::backup;
use crate::course::Stamp;
use crate::filesystem::adapter::Adapter;
use crate::filesystem::{Options, PortalFs};
use crate::portal::configuration::Supplied;
use crate::portal::database::{DatabaseError, DatabaseExt};
use crate::portal::{Access, Portal};

use super::options::MountOptions;
use super::{Failure, Outcome, cache};

/// Threads that answer the kernel: some wait for the disk while others compute.
const THREADS: usize = 8;

/// How long at most what a database server said about changes is relied on.
const MOST_PATIENCE: Duration = Duration::from_millis(100);

/// A portal that is mounted.
pub struct Mounting {
    mount_point: PathBuf,
    fs: Arc<PortalFs>,
    unmounter: SessionUnmounter,
    session: JoinHandle<io::Result<()>>,
    signals: Signals,
}

impl Mounting {
    /// Mounts the portal in the folder `portal` on `mount_point`; the mount is usable when this returns.
    pub fn start(portal: &Path, mount_point: &Path, options: &MountOptions) -> Result<Mounting, Failure> {
        let access = if options.read_only { Access::ReadOnly } else { Access::ReadWrite };
        let supplied = Supplied::new(&options.database, |name| std::env::var_os(name))?;
        let portal = Portal::open_with(portal, access, &supplied)?;
        if !options.read_only {
            check_writable(&portal)?;
        }
        let mount_point = check_mount_point(mount_point)?;
        check_fuse()?;
        if portal.root().starts_with(&mount_point) {
            return Err(Failure(format!(
                "{} lies in {}: mounting would hide it",
                portal.root().display(),
                mount_point.display()
            )));
        }
        let (cache, checksums) = cache::open()?;
        let mut config = Config::default();
        config.mount_options = vec![
            MountOption::FSName(portal.root().display().to_string()),
            // Not `Subtype`: without fusermount3 fuser leaves that one out, and `findmnt -t fuse.coursefs` finds nothing.
            MountOption::CUSTOM("subtype=coursefs".into()),
            if options.read_only { MountOption::RO } else { MountOption::RW },
            MountOption::NoSuid,
            MountOption::NoDev,
            MountOption::NoAtime,
            MountOption::DefaultPermissions,
        ];
        config.acl = if options.allow_other { SessionACL::All } else { SessionACL::Owner };
        config.n_threads = Some(THREADS);
        config.clone_fd = true;
        let user = acting_user(&portal, options.user.as_deref())?;
        // What changes shows within `ttl`: some of it is for the question to the server, the rest for the kernel.
        let patience = if portal.is_embedded() { Duration::ZERO } else { (options.ttl / 10).min(MOST_PATIENCE) };
        portal.database().set_patience(patience);
        // Who looks first need not wait for connections, nor an embedded portal's for statements. What can't be read is
        // told to who reads it.
        portal.database().read_pair_dyn(&mut |_, _| Ok(true))?;
        if portal.is_embedded()
            && let Err(error) = backup::Rows::prepare(&portal)
        {
            debug!("statements are not prepared: {error}");
        }
        let (ttl, writable) = (options.ttl.saturating_sub(patience), !options.read_only);
        let keep_courses = options.keep_courses;
        let shown =
            Options { ttl, uid: options.uid, gid: options.gid, writable, user, keep_courses, trash: options.trash };
        let fs = Arc::new(PortalFs::new(Arc::new(portal), cache, checksums, shown));
        // Before any thread starts, so that no signal ends the process without unmounting.
        let signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
        fs.keep_settling();
        let adapter = Adapter::new(Arc::clone(&fs), options.passthrough);
        let mut session =
            Session::new(adapter, &mount_point, &config).map_err(|error| explain(&error, &mount_point))?;
        let unmounter = session.unmount_callable();
        let handle = signals.handle();
        let session = std::thread::Builder::new().name("mount".into()).spawn(move || {
            let ended = session.run();
            // Unmounted by somebody else: nobody needs to wait for a signal any more.
            handle.close();
            ended
        })?;
        fs.begin_trash();
        info!("mounted on {}", mount_point.display());
        Ok(Mounting { mount_point, fs, unmounter, session, signals })
    }

    /// Where the portal is mounted, absolute.
    pub fn mount_point(&self) -> &Path {
        &self.mount_point
    }
}

/// Waits until the mount is to end (a signal) or has ended (`umount`), and unmounts.
pub fn wait_for_signal(mut mounting: Mounting) -> Outcome {
    if mounting.signals.forever().next().is_some()
        && let Err(error) = mounting.unmounter.unmount()
    {
        // Somebody still uses the mount: it leaves the tree now and goes when the last user does.
        info!("{} is in use ({error}); detaching it", mounting.mount_point.display());
        rustix::mount::unmount(&mounting.mount_point, UnmountFlags::DETACH)
            .map_err(|error| Failure(format!("can't unmount {}: {error}", mounting.mount_point.display())))?;
        // Who waits for a restore is told how it went. Other users may stay for as long as they like; this process
        // need not.
        mounting.fs.end();
        return Ok(());
    }
    match mounting.session.join() {
        Ok(ended) => ended.map_err(|error| Failure(format!("the mount ended with an error: {error}"))),
        Err(_) => {
            error!("the mount ended by a fault in coursefs");
            Err(Failure("the mount ended by a fault in coursefs; please report it".into()))
        }
    }
}

/// The number of the Chamilo user in whose name documents are changed: the one whose name or number is `wanted`, or the
/// portal's first administrator.
fn acting_user(portal: &Portal, wanted: Option<&str>) -> Result<i64, Failure> {
    let found = portal.database().read(|session| match wanted {
        None => Stamp::of_administrator(session).map(|stamp| Some(stamp.user)),
        Some(name) => {
            let users = session.rows(
                "SELECT id, username FROM user WHERE username = ? OR id = ?",
                &[name.into(), name.parse::<i64>().unwrap_or(0).into()],
            )?;
            // A name counts before a number; MariaDB's `=` ignores case and accents.
            let named = users.iter().find(|user| user.bytes("username") == name.as_bytes());
            let numbered = || users.iter().find(|user| user.int("id").is_some_and(|id| id.to_string() == name));
            Ok::<_, DatabaseError>(named.or_else(numbered).and_then(|user| user.int("id")))
        }
    })?;
    found.ok_or_else(|| {
        let name = wanted.unwrap_or_default();
        Failure(format!("the portal has no user {name:?}; give -o user= a login name or the number of a user"))
    })
}

/// Whether rows and files of the portal can be written; a mount that finds out later would disappoint.
fn check_writable(portal: &Portal) -> Outcome {
    let failed = |what: String| Failure(format!("{what}; to mount the portal for reading only, add -o ro"));
    let may_write = |path: &Path| {
        rustix::fs::accessat(CWD, path, RustixAccess::WRITE_OK, AtFlags::EACCESS)
            .map_err(|error| failed(format!("{} can't be written: {}", path.display(), io::Error::from(error))))
    };
    let mut places = vec!["app/courses", "app/cache"];
    if portal.is_embedded() {
        // The database keeps its journal beside itself.
        places.extend([".", "portal.sqlite"]);
    }
    for below in places {
        match may_write(&portal.root().join(below)) {
            // Made when it is needed.
            Err(_) if !portal.root().join(below).exists() => {}
            checked => checked?,
        }
    }
    // A transaction that changes nothing.
    portal.database().write_dyn(&mut |_, _| Ok(false)).map_err(|error| failed(error.to_string()))
}

/// The mount point, absolute, if it is an empty folder that nothing is mounted on.
fn check_mount_point(path: &Path) -> Result<PathBuf, Failure> {
    let shown = path.display();
    let metadata = std::fs::metadata(path).map_err(|error| match error.raw_os_error() {
        Some(libc::ENOENT) => Failure(format!("the mount point {shown} does not exist; make it with: mkdir {shown}")),
        Some(libc::ENOTCONN) => Failure(format!(
            "{shown} is a mount whose process has died; free it with: fusermount3 -u {shown} (or umount {shown})"
        )),
        _ => Failure(format!("the mount point {shown} can't be used: {error}")),
    })?;
    if !metadata.is_dir() {
        return Err(Failure(format!("the mount point {shown} is not a folder")));
    }
    let path = path.canonicalize()?;
    let parent = path.parent().map(std::fs::metadata).transpose()?;
    if parent.is_none_or(|parent| parent.dev() != metadata.dev()) {
        return Err(Failure(format!("something is mounted on {shown} already; unmount it first: umount {shown}")));
    }
    if std::fs::read_dir(&path).map_err(|error| Failure(format!("{shown}: {error}")))?.next().is_some() {
        return Err(Failure(format!("the mount point {shown} is not empty; mounting would hide what is in it")));
    }
    Ok(path)
}

fn check_fuse() -> Outcome {
    if Path::new("/dev/fuse").exists() {
        return Ok(());
    }
    Err(Failure(
        "there is no /dev/fuse: load the kernel's driver with `modprobe fuse`, or give the container the device \
         (--device /dev/fuse --cap-add SYS_ADMIN)"
            .into(),
    ))
}

/// Why the kernel or fusermount3 refused, with the remedy.
fn explain(error: &io::Error, mount_point: &Path) -> Failure {
    let shown = mount_point.display();
    let remedy = match (error.raw_os_error(), error.kind()) {
        (Some(libc::EBUSY), _) => "it is in use; leave it (cd) and try again",
        (Some(libc::EPERM | libc::EACCES), _) | (_, io::ErrorKind::PermissionDenied) => {
            "only root may mount without the program fusermount3 (Debian package fuse3); allow_other also needs \
             user_allow_other in /etc/fuse.conf"
        }
        (_, io::ErrorKind::NotFound) => "the program fusermount3 is missing (Debian package fuse3)",
        _ => "see the message above",
    };
    Failure(format!("can't mount on {shown}: {error} ({remedy})"))
}
