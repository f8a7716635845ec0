//! A repository's first-parent history as `git` tells it: each commit with the Clojure files that it changed.

use crate::Failure;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

/// A commit.
pub(super) struct Commit {
    pub(super) is_merge: bool,
    /// Seconds since 1970.
    pub(super) time: i64,
    /// The files that differ from those of its first parent; no bytes where one is gone.
    pub(super) files: Vec<(String, Option<Vec<u8>>)>,
}

/// All files of the state before the last `limit` commits, and those commits, the oldest first.
pub(super) fn history(folder: &Path, limit: usize) -> Result<Vec<Commit>, Failure> {
    let mut blobs = Blobs::open(folder)?;
    let range = format!("-{limit}");
    let log = git(folder, &["log", "--first-parent", &range, "--reverse", "--format=%H %ct %P"])?;
    let mut commits = Vec::new();
    for (i, line) in log.lines().enumerate() {
        let mut words = line.split(' ');
        let (Some(hash), Some(time)) = (words.next(), words.next()) else { continue };
        let parents = words.filter(|word| !word.is_empty()).count();
        let raw = match i {
            0 => git(folder, &["ls-tree", "-r", "-z", hash])?,
            _ => git(
                folder,
                &[
                    "diff-tree",
                    "-r",
                    "-z",
                    "--no-renames",
                    "--root",
                    "-m",
                    "--first-parent",
                    "--no-commit-id",
                    hash,
                ],
            )?,
        };
        let changed = if i == 0 { tree(&raw) } else { differences(&raw) };
        let mut files = Vec::new();
        for (path, blob) in changed {
            if is_clojure(&path) {
                files.push((path, blob.map(|blob| blobs.read(&blob)).transpose()?));
            }
        }
        commits.push(Commit { is_merge: parents > 1, time: time.parse()?, files });
    }
    Ok(commits)
}

fn is_clojure(path: &str) -> bool {
    let extension = path.rsplit('.').next().unwrap_or_default();
    ["clj", "cljs", "cljc", "bb"].contains(&extension)
}

/// `mode type hash\tpath`, each ended by a zero.
fn tree(raw: &str) -> Vec<(String, Option<String>)> {
    let entries = raw.split('\0').filter_map(|entry| entry.split_once('\t'));
    entries
        .filter(|(about, _)| about.contains(" blob ") && !about.starts_with("120000"))
        .filter_map(|(about, path)| {
            Some((path.to_owned(), Some(about.rsplit(' ').next()?.to_owned())))
        })
        .collect()
}

/// `:mode mode hash hash letter`, zero, path, zero.
fn differences(raw: &str) -> Vec<(String, Option<String>)> {
    let mut fields = raw.split('\0');
    let mut found = Vec::new();
    while let (Some(about), Some(path)) = (fields.next(), fields.next()) {
        let words: Vec<&str> = about.split(' ').collect();
        let [_, mode, _, blob, _] = words.as_slice() else { continue };
        let is_file = mode.starts_with("100");
        found.push((path.to_owned(), is_file.then(|| (*blob).to_owned())));
    }
    found
}

fn git(folder: &Path, arguments: &[&str]) -> Result<String, Failure> {
    let output = Command::new("git").arg("-C").arg(folder).args(arguments).output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// `git cat-file --batch`, which hands out contents by hash.
struct Blobs {
    child: Child,
    answers: BufReader<ChildStdout>,
}

impl Blobs {
    fn open(folder: &Path) -> Result<Blobs, Failure> {
        let mut command = Command::new("git");
        command.arg("-C").arg(folder).args(["cat-file", "--batch"]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let answers = BufReader::new(child.stdout.take().ok_or("git has no output")?);
        Ok(Blobs { child, answers })
    }

    fn read(&mut self, blob: &str) -> Result<Vec<u8>, Failure> {
        let ask = self.child.stdin.as_mut().ok_or("git has no input")?;
        writeln!(ask, "{blob}")?;
        let mut head = String::new();
        self.answers.read_line(&mut head)?;
        let size = head.trim_end().rsplit(' ').next().unwrap_or_default();
        let size: usize = size.parse().map_err(|_| format!("git says {head}"))?;
        let mut bytes = vec![0; size + 1];
        self.answers.read_exact(&mut bytes)?;
        bytes.truncate(size);
        Ok(bytes)
    }
}

impl Drop for Blobs {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}
