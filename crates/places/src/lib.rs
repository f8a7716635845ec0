//! Where a database is kept: in memory, in files, in SQLite, and several of them at once.
//!
//! A [`Place`] keeps two things of one database: its log, which is a set of transactions, each under its id, and versions,
//! each a whole database in some form. The log is the truth. Since the order of its transactions means nothing, two places
//! are brought together by giving each what it lacks, in whatever order, as often as one likes.
//!
//! Invariants
//! - What a place has acknowledged is durable there.
//! - Transactions that a place has already are passed over; no place changes or loses one.
//! - A version is whole or absent. What does not verify is never given out as a version.
//! - No place speaks of passwords: names and errors can be shown.

#[cfg(feature = "bucket")]
mod bucket;
mod config;
mod deliver;
mod error;
mod file;
mod form;
mod freshest;
#[cfg(any(feature = "bucket", feature = "postgres", feature = "sqlite"))]
mod gather;
#[cfg(feature = "http")]
mod http;
mod memory;
pub mod mirror;
mod moment;
mod place;
#[cfg(feature = "postgres")]
mod postgres;
mod schedule;
#[cfg(feature = "sqlite")]
mod shown;
#[cfg(feature = "sqlite")]
mod sqlite;
mod squeeze;
mod tiers;
#[cfg(any(feature = "bucket", feature = "http", feature = "postgres"))]
mod tls;

#[cfg(feature = "bucket")]
pub use bucket::BucketPlace;
pub use config::{Config, ConfigError, Kept, Secret, TierConfig};
pub use deliver::{Progress, deliver};
pub use error::PlaceError;
pub use file::FilePlace;
pub use form::{Form, FormError, Notation};
pub use freshest::{Candidate, Freshest, freshest};
#[cfg(feature = "http")]
pub use http::{Endpoint, HttpPlace};
pub use memory::MemoryPlace;
pub use place::{Mark, Place, Reading, Saved, Version};
#[cfg(feature = "postgres")]
pub use postgres::PostgresPlace;
pub use schedule::{Action, Done, Retention, Schedule, When, prune};
#[cfg(feature = "sqlite")]
pub use sqlite::SqlitePlace;
pub use squeeze::Squeeze;
pub use tiers::{Tier, TierState, Tiers, save_to_all};
