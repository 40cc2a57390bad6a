//! PHP serialize values.
