//! The sessions in the README are what the program prints. `UPDATE_README=1` writes them anew; `git diff` shows what changed.

#![allow(clippy::unwrap_used)]

mod support;

use std::fs;
use std::path::Path;
use std::process::Command;

const README: &str = "README.md";
const OPEN: &str = "```console";
const CLOSE: &str = "```";

/// Runs a line of shell as a reader would type it, and returns what it shows.
fn shell(line: &str, folder: &Path) -> String {
    let program = Path::new(env!("CARGO_BIN_EXE_defbase"));
    let path =
        format!("{}:{}", program.parent().unwrap().display(), std::env::var("PATH").unwrap());
    let output = Command::new("sh")
        .args(["-c", &format!("exec 2>&1\n{line}")])
        .current_dir(folder)
        .env("PATH", path)
        .env("NO_COLOR", "1")
        .env("USER", "ada")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_SYSTEM", "/dev/null")
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}

/// Runs the commands of all sessions, one after the other in one copy of the example, and returns the README with what
/// they print.
fn played(readme: &str, folder: &Path) -> (String, usize) {
    let (mut out, mut commands) = (String::new(), 0);
    let mut lines = readme.lines().peekable();
    while let Some(line) = lines.next() {
        out.push_str(line);
        out.push('\n');
        if line != OPEN {
            continue;
        }
        while let Some(line) = lines.next_if(|line| *line != CLOSE) {
            let Some(command) = line.strip_prefix("$ ") else { continue };
            commands += 1;
            let gap = if out.ends_with("```console\n") { "" } else { "\n" };
            let printed = shell(command, folder);
            out.push_str(&format!("{gap}{line}\n"));
            if !printed.is_empty() {
                out.push_str(&printed);
                out.push('\n');
            }
        }
    }
    (out, commands)
}

#[cfg(unix)]
#[test]
fn the_sessions_in_the_readme_are_real() {
    let path = support::repository().join(README);
    let readme = fs::read_to_string(&path).unwrap();
    let folder = support::teahouse();
    let (actual, commands) = played(&readme, folder.path());
    assert!(commands >= 5, "only {commands} commands found");
    if std::env::var_os("UPDATE_README").is_some() {
        fs::write(&path, actual).unwrap();
        return;
    }
    let settled = |text: &str| support::settled(text, folder.path());
    for (expected, actual) in settled(&readme).lines().zip(settled(&actual).lines()) {
        assert_eq!(expected, actual, "UPDATE_README=1 cargo test -p defbase writes it anew");
    }
    assert_eq!(readme.lines().count(), actual.lines().count());
}
