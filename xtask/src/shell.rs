//! Running other programs, with what they do said first.

use std::ffi::OsStr;
use std::fmt;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Why a command fell short.
#[derive(Debug)]
pub(crate) struct Failure(String);

impl Failure {
    pub(crate) fn new(reason: impl Into<String>) -> Failure {
        Failure(reason.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Prints a line; a reader that went away is no reason to fail.
pub(crate) fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// The workspace's folder.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

/// The `cargo` that runs this program.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    forget_this_package(&mut command);
    command
}

/// What cargo says to this program of its own package is nothing to the cargo that it runs: build scripts that look at it
/// (ring's does) would be run again each time.
pub(crate) fn forget_this_package(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        if ["CARGO_PKG_", "CARGO_MANIFEST_"].iter().any(|of| name.to_string_lossy().starts_with(of))
        {
            command.env_remove(name);
        }
    }
}

/// Whether a program can be started.
pub(crate) fn has(program: &str, arguments: &[&str]) -> bool {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

fn described(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    std::iter::once(program)
        .chain(command.get_args())
        .map(OsStr::to_string_lossy)
        .collect::<Vec<_>>()
        .join(" ")
}

/// Runs a program to its end.
pub(crate) fn run(command: &mut Command) -> Result<(), Failure> {
    let what = described(command);
    say(&format!("\n$ {what}"));
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(Failure::new(format!("`{what}` failed ({status})"))),
        Err(error) => Err(Failure::new(format!("`{what}` could not be started: {error}"))),
    }
}

/// Runs a program to its end, shows what it prints as it prints it, and returns it. The outcome is told apart from
/// the text, which is worth having where it failed, too.
pub(crate) fn run_and_read(command: &mut Command) -> (String, Result<(), Failure>) {
    let what = described(command);
    say(&format!("\n$ {what}"));
    let mut child = match command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn() {
        Ok(child) => child,
        Err(error) => {
            let failure = Failure::new(format!("`{what}` could not be started: {error}"));
            return (String::new(), Err(failure));
        }
    };
    let errors = child.stderr.take().map(|from| std::thread::spawn(move || echo(from)));
    let mut text = child.stdout.take().map(echo).unwrap_or_default();
    if let Some(Ok(more)) = errors.map(std::thread::JoinHandle::join) {
        text.push_str(&more);
    }
    let outcome = match child.wait() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(Failure::new(format!("`{what}` failed ({status})"))),
        Err(error) => Err(Failure::new(format!("`{what}` was lost: {error}"))),
    };
    (text, outcome)
}

fn echo(from: impl Read) -> String {
    let mut text = String::new();
    let mut from = BufReader::new(from);
    let mut line = Vec::new();
    while from.read_until(b'\n', &mut line).is_ok_and(|n| n > 0) {
        let shown = String::from_utf8_lossy(&line);
        say(shown.trim_end_matches('\n'));
        text.push_str(&shown);
        line.clear();
    }
    text
}
