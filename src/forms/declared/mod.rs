//! The forms of all tools, declared in one file a tool.

use super::form::FileForm;

mod agenda;
mod announcement;
mod assignment;
mod attendance;
mod description;
mod forum;
mod glossary;
mod gradebook;
mod introduction;
mod learnpath;
mod link;
mod progress;
mod survey;
mod test;
mod wiki;
mod xapi;

/// All forms. One whose items stand in the files of others comes after those; one of folders before what lies in them.
pub const FORMS: &[&FileForm] = &[
    &agenda::EVENT,
    &announcement::ANNOUNCEMENT,
    &assignment::ASSIGNMENT,
    &attendance::ATTENDANCE,
    &description::SECTION,
    &forum::CATEGORY,
    &forum::FORUM,
    &forum::THREAD,
    &glossary::TERM,
    &gradebook::GRADEBOOK,
    &introduction::INTRODUCTION,
    &learnpath::PATH,
    &link::CATEGORY,
    &link::LINK,
    &progress::SECTION,
    &survey::SURVEY,
    &test::TEST,
    &test::QUESTION,
    &test::CATEGORY,
    &wiki::PAGE,
    &xapi::ACTIVITY,
];
