//! Figures of this machine: a project in, answers out.
//!
//! `cargo xtask bench [PATH…]` measures on the folders and jars given, else on Debian's Clojure jars where they are
//! installed, else on the example. Each measurement is made several times and its median printed, one `name: value` a
//! line.

mod measure;
mod project;

use std::path::PathBuf;
use std::process::ExitCode;

/// Jars of Debian's packages, as `cargo xtask setup` installs them.
const JARS: [&str; 7] = [
    "clojure.jar",
    "leiningen.jar",
    "core.async.jar",
    "ring-core.jar",
    "instaparse.jar",
    "schema.jar",
    "tools.reader.jar",
];

fn main() -> ExitCode {
    let mut roots: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    if roots.is_empty() {
        roots = JARS.iter().map(|jar| PathBuf::from("/usr/share/java").join(jar)).collect();
        roots.retain(|jar| jar.exists());
    }
    if roots.is_empty() {
        roots.push(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../examples"));
    }
    match project::measure(&roots) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}
