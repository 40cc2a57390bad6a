//! The forms of all tools, declared in one file a tool.

use super::form::FileForm;

mod announcement;
mod link;

/// All forms. One whose items stand in the files of others comes after those; one of folders before what lies in them.
pub const FORMS: &[&FileForm] = &[&announcement::ANNOUNCEMENT, &link::CATEGORY, &link::LINK];
