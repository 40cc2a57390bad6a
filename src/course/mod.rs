//! A course and its tools: items as rows, how they are read, written, emptied.

pub mod document;
