//! The `coursefs` command.

fn main() {}
