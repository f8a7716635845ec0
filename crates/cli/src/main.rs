//! See the workspace ARCHITECTURE.md.
fn main() {}
