//! Clojure source code as a database.

pub mod analysis;
pub mod blame;
pub mod build_files;
pub mod commit;
pub mod dependencies;
pub mod diff;
pub mod draw;
pub mod export;
pub mod facts;
pub mod graph;
pub mod history;
pub mod impact;
pub mod import;
pub mod libraries;
pub mod lines;
pub mod location;
pub mod model;
pub mod project;
pub mod refactor;
pub mod revert;
pub mod scip;
pub mod search;
pub mod show;
mod source;
pub mod stats;
pub mod unused;
pub mod workspace;
