//! A project in a folder of its own, and the program to run in it.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used)] // Each test program uses its part.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// The program, with nothing of the machine's in its environment that it would show.
pub fn defbase(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_defbase"));
    command.current_dir(folder).stdin(Stdio::null());
    for (name, value) in [("GIT_CONFIG_GLOBAL", "/dev/null"), ("GIT_CONFIG_SYSTEM", "/dev/null")] {
        command.env(name, value);
    }
    command.env("USER", "ada").env("NO_COLOR", "1").env("GIT_CEILING_DIRECTORIES", "/");
    command
}

/// Runs it.
pub fn run(folder: &Path, arguments: &[&str]) -> Output {
    defbase(folder).args(arguments).output().unwrap()
}

/// Runs it and returns what stands on standard output; it must end with 0.
pub fn output(folder: &Path, arguments: &[&str]) -> String {
    let output = run(folder, arguments);
    let text = String::from_utf8(output.stdout).unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "defbase {arguments:?}: {}\n{text}\n{errors}", output.status);
    text
}

/// The repository's folder.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// A copy of the example application.
pub fn teahouse() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    copy(&repository().join("examples/teahouse"), folder.path());
    folder
}

/// A copy of the example application with its database.
pub fn imported() -> tempfile::TempDir {
    let folder = teahouse();
    output(folder.path(), &["import"]);
    folder
}

/// What a command shows and with which code it ends.
pub fn shown(folder: &Path, arguments: &[&str]) -> String {
    let output = run(folder, arguments);
    let code = output.status.code().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    let errors = if errors.is_empty() { errors } else { format!("--- stderr\n{errors}") };
    settled(&format!("$ defbase {}\n{text}{errors}--- code {code}", arguments.join(" ")), folder)
}

/// Copies a folder, without what is hidden.
pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name();
        if name.to_string_lossy().starts_with('.') {
            continue;
        }
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to.join(name));
        } else {
            fs::copy(entry.path(), to.join(name)).unwrap();
        }
    }
}

/// All files below a folder with their bytes, by relative path, without what is hidden.
pub fn files(root: &Path) -> Vec<(String, Vec<u8>)> {
    fn walk(root: &Path, folder: &Path, found: &mut Vec<(String, Vec<u8>)>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.file_name().unwrap().to_string_lossy().starts_with('.') {
                continue;
            }
            if path.is_dir() {
                walk(root, &path, found);
            } else {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
                found.push((name, fs::read(&path).unwrap()));
            }
        }
    }
    let mut found = Vec::new();
    walk(root, root, &mut found);
    found.sort();
    found
}

/// Replaces what differs from run to run: times, transaction ids, folders.
pub fn settled(text: &str, folder: &Path) -> String {
    let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let text = text.replace(&*folder.to_string_lossy(), "FOLDER");
    let out = without_instants(&text);
    out.lines().map(without_millis).collect::<Vec<_>>().join("\n")
}

/// A text with `INSTANT` in place of instants like `2026-01-31T12:00:00.000Z`.
fn without_instants(text: &str) -> String {
    let is_instant = |word: &str| {
        let shape: String =
            word.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
        shape == "0000-00-00T00:00:00.000Z" || shape == "0000-00-00T00:00:00.000-00:00"
    };
    let mut out = String::new();
    for piece in text.split_inclusive([' ', '"', '\n']) {
        let word = piece.trim_end_matches([' ', '"', '\n']);
        if is_instant(word) {
            out.push_str("INSTANT");
            out.push_str(&piece[word.len()..]);
        } else {
            out.push_str(piece);
        }
    }
    out
}

/// A line with `… ms` in place of milliseconds.
fn without_millis(line: &str) -> String {
    match line.strip_suffix(" ms") {
        Some(start) => {
            let digits = start.len() - start.trim_end_matches(|c: char| c.is_ascii_digit()).len();
            format!("{}… ms", &start[..start.len() - digits])
        }
        None => line.to_owned(),
    }
}
