//! Where the cache database lies: outside the portal, so that nothing of ours stands among a web server's files.

use std::path::PathBuf;
use std::sync::Arc;

use crate::archive::{Cache, Checksums};

use super::Failure;

/// The folder for what coursefs remembers: `COURSEFS_CACHE`, else `/var/cache/coursefs` for root, else `coursefs` in
/// the user's cache folder (XDG Base Directory Specification).
pub fn folder() -> PathBuf {
    if let Some(folder) = std::env::var_os("COURSEFS_CACHE") {
        return folder.into();
    }
    if rustix::process::geteuid().is_root() {
        return "/var/cache/coursefs".into();
    }
    let absolute = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    match absolute("XDG_CACHE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".cache"))) {
        Some(folder) => folder.join("coursefs"),
        None => std::env::temp_dir().join("coursefs"),
    }
}

/// Opens the cache database.
pub fn open() -> Result<(Arc<Cache>, Arc<Checksums>), Failure> {
    let cache = Arc::new(Cache::open(&folder().join("cache.sqlite"))?);
    let checksums = Arc::new(Checksums::new(Arc::clone(&cache))?);
    Ok((cache, checksums))
}
