//! coursefs mounts a Chamilo LMS portal: every course is a folder that mirrors its documents and offers
//! `backup.zip`, an archive whose bytes are computed while they are read.
//!
//! The modules are the layers, from the top down; each uses only those below it:
//!
//! - [`cli`]: commands, options, messages for people.
//! - [`filesystem`]: nodes, attributes, handles, operations; the thin adapter to the kernel.
//! - [`check`]: whether rows and files fit together, and mending what does not.
//! - [`trash`]: what a course was before something was removed from it.
//! - [`backup`]: a course as `backup.zip` and back.
//! - [`forms`]: the items of a course as files and back.
//! - [`scorm`]: a learning path as a SCORM 1.2 package and back.
//! - [`sample`]: the courses of a sample portal.
//! - [`course`]: a course and its tools as rows.
//! - [`portal`]: where rows and files live: database, storage, settings.
//! - [`archive`]: zip archives as layouts, read by ranges; knows nothing of courses.
//! - [`php`]: PHP's serialize format; knows nothing of courses.

pub mod archive;
pub mod backup;
pub mod check;
pub mod cli;
pub mod course;
pub mod filesystem;
pub mod forms;
pub mod php;
pub mod portal;
pub mod sample;
pub mod scorm;
pub mod trash;
