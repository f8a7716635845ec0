//! A git repository's history of source files, as a line.
//!
//! A database has one state after another; a history with merges has not. [`Line`] makes a line of it: the commits of the
//! branch (each one's first parent) are its main steps, and after a main step the files are exactly those of the commit. The
//! commits that a merge brings in come before it, one step each, with what each of them changed against its own first
//! parent brought into the files as they are by then (a three-way merge line by line, of which what overlaps is left out). So a change belongs to the commit that made it,
//! on whatever branch that was, and to a merge belongs only what was settled in it: a line that comes with a merge and that
//! another commit wrote is told as a [`Credit`].
//!
//! Invariants
//! - Every commit that is reachable comes once, after its parents.
//! - After a main step the files are those of the commit's tree, byte for byte.
//! - What cannot be merged, line by line or so that the file stays sound, waits for the main step that brings it in.
//! - Nothing is written to the repository.
//!
//! Cost: decoding each commit, the trees that differ between it and its first parent, and the files that changed.

mod credit;
mod line;
mod order;
mod repository;

pub use credit::Credit;
pub use line::{Line, Sources, Step};
pub use order::Range;
pub use repository::{Commit, GitError, Person, Repository};
