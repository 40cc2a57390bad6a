//! The script with which launch pages speak to a learning management system.
//!
//! Every launch page includes it as `../coursefs/runtime.js` in its head. It defines one global, `coursefs`:
//!
//! - `coursefs.page()`: for a page that is read: opens the session, reports `completed` at once (browsers drop what is
//!   sent while a page closes) and closes the session when the page goes. Without a system around it nothing happens.
//!
//! Pages of tests ([`super::quiz`]) need `score.js`, the rules of scoring without any page, and `quiz.js`, which asks.
//!
//! The sources lie beside this file; packages hold their small form (`small/`, made by `scripts/scorm-runtime`), less than
//! 30 kB in all.

/// The script of every page.
pub const SCRIPT: &str = include_str!("small/runtime.js");

/// All files that generated pages share, by their names in [`SHARED`](super::SHARED): scripts, style.
pub const FILES: &[(&str, &[u8])] = &[
    ("runtime.js", SCRIPT.as_bytes()),
    ("score.js", include_bytes!("small/score.js")),
    ("quiz.js", include_bytes!("small/quiz.js")),
    ("style.css", include_bytes!("style.css")),
];
