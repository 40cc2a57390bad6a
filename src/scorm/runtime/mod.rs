//! The script with which launch pages speak to a learning management system.
//!
//! Every launch page includes it as `../coursefs/runtime.js` in its head. It defines one global, `coursefs`:
//!
//! - `coursefs.page()`: for a page that is read: opens the session, reports `completed` at once (browsers drop what is
//!   sent while a page closes) and closes the session when the page goes. Without a system around it nothing happens.
//!
//! What tests need besides stands with them.

/// The script.
pub const SCRIPT: &str = include_str!("runtime.js");

/// All files that generated pages share, by their names in [`SHARED`](super::SHARED): scripts, style.
pub const FILES: &[(&str, &[u8])] = &[("runtime.js", SCRIPT.as_bytes())];
