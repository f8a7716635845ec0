//! A repository made with the real git, with nothing of the machine's in it.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used)] // Each test program uses its part.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

/// A repository and a clock that goes on a minute with each commit.
pub struct Scripted {
    pub folder: TempDir,
    minutes: u32,
}

impl Scripted {
    pub fn new() -> Scripted {
        let scripted = Scripted { folder: tempfile::tempdir().unwrap(), minutes: 0 };
        scripted.git(&["init", "-q", "-b", "main"]);
        scripted
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("git");
        command.args(["-c", "commit.gpgsign=false"]).args(arguments).current_dir(self.path());
        for name in ["GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"] {
            command.env(name, "/dev/null");
        }
        command
    }

    /// Runs git, which must succeed.
    pub fn git(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments).output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "git {arguments:?}: {errors}");
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    }

    /// Runs git as somebody; says whether it succeeded.
    pub fn git_as(&mut self, who: &str, arguments: &[&str]) -> bool {
        self.minutes += 1;
        let date = format!("2026-01-01T{:02}:{:02}:00 +0000", self.minutes / 60, self.minutes % 60);
        let mut command = self.command(arguments);
        for role in ["AUTHOR", "COMMITTER"] {
            command.env(format!("GIT_{role}_NAME"), who);
            command.env(format!("GIT_{role}_EMAIL"), format!("{who}@example.org"));
            command.env(format!("GIT_{role}_DATE"), &date);
        }
        command.output().unwrap().status.success()
    }

    /// Writes files, or deletes those without a text.
    pub fn write(&self, files: &[(&str, Option<&str>)]) {
        for (path, text) in files {
            let path = self.path().join(path);
            match text {
                Some(text) => {
                    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                    std::fs::write(path, text).unwrap();
                }
                None => std::fs::remove_file(path).unwrap(),
            }
        }
    }

    /// Commits all that differs; returns the commit's name.
    pub fn commit(&mut self, who: &str, message: &str, files: &[(&str, Option<&str>)]) -> String {
        self.write(files);
        self.git(&["add", "-A"]);
        assert!(self.git_as(who, &["commit", "-q", "--allow-empty", "-m", message]));
        self.git(&["rev-parse", "HEAD"])
    }

    /// The Clojure files of a commit.
    pub fn files(&self, commit: &str) -> BTreeMap<String, Vec<u8>> {
        let names = self.git(&["ls-tree", "-r", "--name-only", commit]);
        let names = names.lines().filter(|name| name.ends_with(".clj"));
        names
            .map(|name| {
                let output = self.command(&["show", &format!("{commit}:{name}")]).output().unwrap();
                (name.to_owned(), output.stdout)
            })
            .collect()
    }
}
