//! The transaction log, snapshots and recovery: how a database outlives its process.
//!
//! The log is the truth: text, one EDN form a line, append-only, made to live in git. `docs/log-format.md` describes
//! it; `encode` writes it, `read` reads it, `replay` makes a database of it. [`Connection`] is a database whose
//! transactions are on disk before they are acknowledged.
//!
//! Invariants
//! - A transaction is acknowledged when its lines and its commit line are written and flushed, not before.
//! - The order of lines in the file means nothing: the same set of transactions gives the same database, entity ids
//!   included, and so the same bytes in a snapshot.
//! - What cannot be read is set aside or reported, never dropped.

mod births;
mod cache;
mod collect;
mod conflicts;
mod connection;
mod encode;
mod error;
mod facts;
mod file;
mod files;
mod flushed;
mod names;
mod read;
mod readable;
mod record;
mod replay;
mod replica;
mod restore;
mod seen;
mod snapshot;
mod stamp;
mod step;
mod writable;

pub use cache::{Opened, open_cached};
pub use collect::{Arrivals, Collection, Reach, read_since, transactions};
pub use conflicts::{Conflict, Side};
pub use connection::{Batch, Connection, TxInfo};
pub use error::StoreError;
pub use file::{make_folder, write_whole, write_whole_on};
pub use files::{Files, Handle, Identity, System, Use};
pub use read::{Damage, Inspection, Transaction, inspect};
pub use readable::readable;
pub use record::record;
pub use replay::{Replayed, load, replay};
pub use replica::Replica;
pub use restore::{restore, restore_on, restore_state};
pub use snapshot::{decode_snapshot, encode_snapshot, is_snapshot, read_snapshot, write_snapshot};
