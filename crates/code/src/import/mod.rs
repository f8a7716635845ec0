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
<<<<<<< HEAD
pub use run::{
    Import, ImportError, ImportReport, change_with, config, import, import_with, problems,
};
=======
pub use run::{Import, ImportError, ImportReport, import, problems};
>>>>>>> ad5d906 (code: a workspace keeps a project in memory, so that a change costs what it changes)
