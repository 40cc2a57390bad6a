//! The mounted portal: nodes, attributes, handles, operations; and the thin fuser adapter that only translates.

mod node;

pub use node::Node;
