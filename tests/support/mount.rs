//! Mounts by the built command, which leave nothing behind: not after a failed test and not if the tests are killed.

use std::ffi::OsStr;
use std::fs::File;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rustix::mount::UnmountFlags;
use rustix::process::{Pid, Signal};
use tempfile::TempDir;

use super::portal::TestPortal;
use super::wait_for;

/// A portal mounted by `coursefs mount -f`, unmounted when it is dropped.
pub struct Mount {
    process: Option<Child>,
    portal: PathBuf,
    cache: PathBuf,
    options: String,
    /// The place at which the process dies (`COURSEFS_CRASH_AT`).
    crash_at: Option<String>,
    folder: TempDir,
}

impl Mount {
    /// Mounts `portal` so that every change shows at once.
    pub fn of(portal: &TestPortal) -> Mount {
        Mount::with(portal, "ttl=0")
    }

    /// Mounts `portal` with `options`, with the portal's own cache folder.
    pub fn with(portal: &TestPortal, options: &str) -> Mount {
        Mount::start_with(portal.root(), portal.cache(), options)
    }

    /// Mounts `portal` by a process that dies at the place `point`, as by `kill -9`.
    pub fn dying_at(portal: &TestPortal, options: &str, point: &str) -> Mount {
        let mut mount = Mount::unstarted(portal.root(), portal.cache(), options);
        mount.crash_at = Some(point.to_owned());
        mount.start();
        mount
    }

    /// Kills the process and takes the dead mount away.
    pub fn kill(&mut self) {
        let mut process = self.process.take().unwrap();
        process.kill().unwrap();
        process.wait().unwrap();
        rustix::mount::unmount(self.path(), UnmountFlags::DETACH).unwrap();
    }

    /// Waits until the process has been killed.
    pub fn dies(&mut self) {
        use std::os::unix::process::ExitStatusExt;
        let mut process = self.process.take().unwrap();
        let status = wait_for("the death of the mount", 20, || process.try_wait().unwrap());
        assert_eq!(status.signal(), Some(9), "{status}\n{}", self.log());
        rustix::mount::unmount(self.path(), UnmountFlags::DETACH).unwrap();
    }

    /// Mounts the portal in the folder `other`, with the cache folder of `portal`.
    pub fn with_portal(portal: &TestPortal, other: &Path) -> Mount {
        Mount::start_with(other, portal.cache(), "ttl=0")
    }

    fn start_with(portal: &Path, cache: PathBuf, options: &str) -> Mount {
        let mut mount = Mount::unstarted(portal, cache, options);
        mount.start();
        mount
    }

    fn unstarted(portal: &Path, cache: PathBuf, options: &str) -> Mount {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("mount")).unwrap();
        let (portal, options) = (portal.to_owned(), options.to_owned());
        Mount { process: None, portal, cache, options, crash_at: None, folder }
    }

    /// The mount point.
    pub fn path(&self) -> PathBuf {
        self.folder.path().join("mount")
    }

    /// A path in the mount.
    pub fn join(&self, path: &str) -> PathBuf {
        self.path().join(path)
    }

    /// The number of the process.
    pub fn process_id(&self) -> u32 {
        self.process.as_ref().unwrap().id()
    }

    /// What the process has logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.log_file()).unwrap()
    }

    /// Ends the mount as `systemctl stop` would, and expects that the process says that all went well.
    pub fn unmount(&mut self) {
        self.end(Signal::TERM);
    }

    /// Ends the mount with `signal`.
    pub fn end(&mut self, signal: Signal) {
        let mut process = self.process.take().unwrap();
        rustix::process::kill_process(Pid::from_child(&process), signal).unwrap();
        let status = wait_for("the end of the mount", 20, || process.try_wait().unwrap());
        assert!(status.success(), "{status}\n{}", self.log());
        assert!(!is_mounted(&self.path()));
    }

    /// Unmounts and mounts again.
    pub fn remount(&mut self) {
        self.unmount();
        self.start();
    }

    fn log_file(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    /// Mounts, the first time or after [`kill`](Self::kill).
    pub fn start(&mut self) {
        let log = File::options().create(true).append(true).open(self.log_file()).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_coursefs"));
        command.args(["mount", "-f", "-o", &self.options]).arg(&self.portal).arg(self.path());
        command.env("COURSEFS_CACHE", &self.cache).env_remove("COURSEFS_LOG");
        if let Some(point) = &self.crash_at {
            command.env("COURSEFS_CRASH_AT", point);
        }
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        // SAFETY: the closure runs between fork and exec and makes one system call, which allocates nothing.
        unsafe {
            command.pre_exec(|| Ok(rustix::process::set_parent_process_death_signal(Some(Signal::TERM))?));
        }
        self.process = Some(command.spawn().unwrap());
        wait_for("the mount", 30, || {
            if let Some(status) = self.process.as_mut().unwrap().try_wait().unwrap() {
                panic!("coursefs mount ended: {status}\n{}", self.log());
            }
            is_mounted(&self.path()).then_some(())
        });
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            rustix::process::kill_process(Pid::from_child(&process), Signal::TERM).ok();
            for _ in 0..500 {
                if !matches!(process.try_wait(), Ok(None)) {
                    break;
                }
                std::thread::sleep(std::time::Duration::from_millis(10));
            }
            process.kill().ok();
            process.wait().ok();
        }
        let point = self.path();
        while is_mounted(&point) {
            if rustix::mount::unmount(&point, UnmountFlags::DETACH).is_err() {
                let fusermount = Command::new("fusermount3").arg("-uz").arg(&point).status();
                if !fusermount.is_ok_and(|status| status.success()) {
                    break;
                }
            }
        }
    }
}

/// Whether something is mounted on `path`.
pub fn is_mounted(path: &Path) -> bool {
    let mounts = std::fs::read("/proc/self/mountinfo").unwrap();
    let wanted = path.as_os_str().as_bytes();
    mounts.split(|byte| *byte == b'\n').any(|line| line.split(|byte| *byte == b' ').nth(4) == Some(wanted))
}
