//! Clojure source code as a database.

pub mod export;
pub mod graph;
pub mod import;
pub mod model;
pub mod project;
