//! Bringing a database up to date with the files of a project.

mod edges;
mod hints;
mod matching;
mod namespaces;
mod order;
mod plan;
mod run;
mod stored;
mod touched;

pub use plan::{Change, ChangeKind, Plan, Update, plan};
pub use run::{
    Import, ImportError, ImportReport, change_with, config, import, import_with, problems,
};
