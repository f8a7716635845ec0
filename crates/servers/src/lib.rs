//! Servers for tests: a PostgreSQL and an S3 of one's own, on private ports, with their data in a folder that goes with
//! them. They can be killed, frozen and started again.
//!
//! Invariants
//! - A server is stopped and its folder removed when it is dropped, also while a test fails.
//! - Nothing is shared with a server that the machine runs: neither port, nor folder, nor socket.

mod postgres;
mod process;
mod s3;

pub use postgres::{Postgres, postgres_programs};
pub use process::ServerError;
pub use s3::S3;

/// Where tests find a PostgreSQL: a URL.
pub const POSTGRES: &str = "DEFBASE_TEST_POSTGRES";

/// Where tests find an S3 server: a URL of HTTP.
pub const BUCKETS: &str = "DEFBASE_TEST_S3";

/// The address in a variable that `cargo xtask test` sets. Without it `None`, and what is skipped is said; in CI nothing
/// may be skipped.
///
/// # Panics
/// In CI, where the variable is not set.
#[must_use]
pub fn address(variable: &str) -> Option<String> {
    let address = std::env::var(variable).ok().filter(|address| !address.is_empty());
    if address.is_none() {
        skipped(&format!("{variable} is not set: `cargo xtask test` starts the server it names"));
    }
    address
}

/// Says that a test is skipped.
///
/// # Panics
/// In CI.
pub fn skipped(why: &str) {
    assert!(std::env::var_os("CI").is_none(), "nothing is skipped in CI: {why}");
    eprintln!("skipped: {why}");
}
