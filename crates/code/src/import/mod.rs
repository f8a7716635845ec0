//! Bringing a database up to date with the files of a project.

mod edges;
mod hints;
mod matching;
mod namespaces;
mod order;
mod plan;
mod run;
mod stored;

pub use plan::{Change, ChangeKind, Plan, Update, plan};
pub use run::{Import, ImportError, ImportReport, change, config, import, problems};
