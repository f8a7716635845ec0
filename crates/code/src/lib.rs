//! Clojure source code as a database.

pub mod analysis;
pub mod dependencies;
pub mod draw;
pub mod export;
pub mod facts;
pub mod graph;
pub mod history;
pub mod impact;
pub mod import;
pub mod location;
pub mod model;
pub mod project;
pub mod refactor;
pub mod search;
pub mod show;
mod source;
pub mod stats;
pub mod workspace;
