//! Places that are reached over a network. `cargo xtask test` starts the servers.

#![allow(clippy::unwrap_used)]

mod bucket;
mod faulty;
mod http;
mod merge;
mod postgres;
mod postgres_faults;
#[path = "../suite/mod.rs"]
mod suite;

/// A name that nothing else has.
fn fresh(kind: &str) -> String {
    format!("{kind}_{}", edn::Uuid::new_v4().simple())
}
