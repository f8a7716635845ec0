//! Bringing a database up to date with the files of a project.

mod edges;
mod matching;
mod namespaces;
mod order;
mod plan;
mod run;
mod stored;
mod touched;

pub use plan::{Change, ChangeKind, Plan, Update, plan};
pub use run::{Import, ImportError, ImportReport, import, import_with, problems};
