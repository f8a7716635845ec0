//! Refactoring: what has to become of the texts of a project so that something in it has another name or another place and
//! everything means what it meant.
//!
//! ```text
//! sources ──find──▶ places ──a refactoring──▶ draft: edits, new paths, a renaming ──check──▶ change, or why not
//! ```
//!
//! All of it is pure: [`Sources`] go in, texts with what is found in them; a [`Change`] comes out, or [`Refused`] with every
//! reason there is. Who calls it prints the change, or transacts it and writes the files.
//!
//! # The parts
//!
//! - [`Sources`]: the files of a project and their [`Findings`](crate::analysis::Findings). Places are bytes here.
//! - [`Draft`]: a refactoring at work. It collects edits, new paths, warnings, reasons against. [`Draft::finish`] applies the
//!   edits, finds everything again in the new texts, checks, and makes the change.
//! - [`Edits`]: edits of one text, and where each place of it is afterwards.
//! - [`Renaming`]: what is called what afterwards: vars, namespaces, aliases, keywords.
//! - [`check`](mod@check): compares what is found before, with names and places as they should be afterwards, to what is
//!   found afterwards. The two must be the same: the same definitions, each use of the same var, the same locals.
//! - [`move_statements`], [`extract`], [`inline`], [`inline_local`], [`delete`], [`clean_ns`] move code instead of naming it otherwise. They work on files as statements
//!   between comments (`outline`), write vars as each namespace does (`naming`), change `ns` forms as texts (`ns_form`), and are
//!   checked statement by statement, wherever those stand afterwards (`meaning`).
//!
//! A refactoring need not foresee what may go wrong. Should a local capture a new name, should a name already be referred,
//! should a macro no longer define what it did: a use means something else or nothing afterwards, the check sees it, and
//! the change is refused with the place. What the check cannot see, since the analysis does not tell it, the refactoring
//! refuses itself: names that are no names, special forms, names that are taken and unused.
//!
//! # Invariants
//!
//! - Only what must change changes: an edit covers the name, not the symbol around it, and no white space.
//! - Either everything that is found under a name is changed or nothing is; a change with a difference in meaning is refused.
//! - Files that are only read (in jars), and what does not read, are never edited.
//! - The change does not depend on the order of the files.
//!
//! # Cost
//!
//! What analysing the project once costs, since everything is found again in the new texts, and a comparison that is linear
//! in what is found.

mod alias;
pub mod check;
mod clean_ns;
mod delete;
mod draft;
mod edit;
mod extract;
mod handed_on;
mod inline;
mod keyword;
mod layout;
mod local;
mod meaning;
mod mentions;
mod moving;
mod name;
mod named;
mod namespace;
mod naming;
mod ns_form;
mod outline;
mod reason;
mod renaming;
mod replace;
mod sources;
mod target;
mod tree;
mod unused;
mod var;
mod work;

pub use clean_ns::clean_ns;
pub use delete::{Uses, delete};
pub use draft::{Change, Draft, FileChange};
pub use edit::{Edit, Edits, Overlap};
pub use extract::{Spot, extract};
pub use inline::{inline, inline_local};
pub use mentions::Texts;
pub use moving::move_statements;
pub use reason::{At, Reason, Refused, Warning, Why};
pub use renaming::Renaming;
pub use replace::replace_statement;
pub use sources::Sources;
pub use target::{Target, inline_target, rename, rename_with};
