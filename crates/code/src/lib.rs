//! Clojure source code as a database.

pub mod graph;
pub mod project;
