//! Bringing a database up to date with the files of a project.

mod edges;
mod facts;
mod matching;
mod order;
mod plan;
mod run;
mod stored;

pub(crate) use facts::{DEFAULT_BEFORE, DEFAULT_TAIL};
pub use facts::{DefinitionFacts, FileFacts, StatementFacts, line_count};
pub use plan::{Change, ChangeKind, Plan, Update, plan};
pub use run::{Import, ImportError, ImportReport, import_with, problems};
