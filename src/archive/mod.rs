//! Zip archives as layouts.
