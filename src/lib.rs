//! coursefs mounts a Chamilo LMS portal: every course is a folder that mirrors its documents and offers
//! `backup.zip`, an archive whose bytes are computed while they are read.
//!
//! The modules are the layers, from the top down; each uses only those below it:
//!
//! - [`sample`]: the sample courses of `coursefs init --sample`.
//! - [`archive`]: zip archives as layouts, read by ranges; knows nothing of courses.
//! - [`course`]: a course and its tools: items as rows, how they are read, written, emptied.
//! - [`portal`]: where rows and files live: database, storage, configuration.
//! - [`php`]: PHP's serialize format; knows nothing of courses.

pub mod archive;
pub mod course;
pub mod php;
pub mod portal;
pub mod sample;
