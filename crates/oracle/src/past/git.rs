//! The real git, asked about a repository.

use super::PastError;
use code::project::{Scope, is_walked};
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A repository, and git to ask about it.
pub(super) struct Git {
    folder: PathBuf,
}

/// Files that say what a walk leaves out; git has what they name nevertheless, when it was added by force.
const IGNORING: [&str; 2] = [".gitignore", ".ignore"];

impl Git {
    pub(super) fn of(repository: &Path) -> Result<Git, PastError> {
        let folder = repository.canonicalize().map_err(|e| PastError::Io(repository.into(), e))?;
        let top = Git { folder }.text(&["rev-parse", "--show-toplevel"])?;
        Ok(Git { folder: PathBuf::from(top.trim_end()) })
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Git, with nothing of the machine's in it.
    fn command(&self, arguments: &[impl AsRef<OsStr>]) -> Command {
        let mut command = Command::new("git");
        command.args(arguments).current_dir(&self.folder).stdin(Stdio::null());
        command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_SYSTEM", "/dev/null");
        command
    }

    fn bytes(&self, arguments: &[&str]) -> Result<Vec<u8>, PastError> {
        let output = self.command(arguments).output();
        let output = output.map_err(|e| PastError::Io("git".into(), e))?;
        match output.status.success() {
            true => Ok(output.stdout),
            false => Err(failed(arguments, &output.stderr)),
        }
    }

    fn text(&self, arguments: &[&str]) -> Result<String, PastError> {
        Ok(String::from_utf8_lossy(&self.bytes(arguments)?).into_owned())
    }

    /// The commits of the main line, oldest first.
    pub(super) fn main_line(&self) -> Result<Vec<String>, PastError> {
        let told = self.text(&["rev-list", "--first-parent", "--reverse", "HEAD"])?;
        Ok(told.lines().map(str::to_owned).collect())
    }

    /// Every commit with its parents.
    pub(super) fn commits(&self) -> Result<Vec<(String, Vec<String>)>, PastError> {
        let told = self.text(&["rev-list", "--parents", "HEAD"])?;
        let commit = |line: &str| {
            let mut shas = line.split(' ').map(str::to_owned);
            Some((shas.next()?, shas.collect()))
        };
        Ok(told.lines().filter_map(commit).collect())
    }

    /// The files of a commit that an import looks at.
    pub(super) fn sources(&self, commit: &str) -> Result<BTreeMap<String, Vec<u8>>, PastError> {
        let listed = self.text(&["ls-tree", "-r", "-z", "--full-tree", commit])?;
        let named: Vec<(String, String)> = listed.split('\0').filter_map(source).collect();
        let mut command = self.command(&["cat-file", "--batch"]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let io = |e| PastError::Io("git cat-file".into(), e);
        let mut child = command.spawn().map_err(io)?;
        let asked: String = named.iter().map(|(id, _)| format!("{id}\n")).collect();
        let mut input = child.stdin.take();
        let asking = std::thread::spawn(move || match &mut input {
            Some(input) => input.write_all(asked.as_bytes()),
            None => Ok(()),
        });
        let output = child.wait_with_output().map_err(io)?;
        // That it stopped listening shows in what it answered.
        let _ = asking.join();
        let mut rest = output.stdout.as_slice();
        let mut files = BTreeMap::new();
        for (id, path) in named {
            let (bytes, behind) =
                answer(rest).ok_or_else(|| PastError::Said(format!("{id} of {path}")))?;
            files.insert(path, bytes.to_vec());
            rest = behind;
        }
        Ok(files)
    }

    /// The last commit's files in a folder of their own, without git and without what makes a walk leave some out.
    pub(super) fn check_out(&self, folder: &Path) -> Result<(), PastError> {
        let (from, to) = (self.folder.to_string_lossy(), folder.to_string_lossy());
        self.bytes(&["-c", "core.autocrlf=false", "clone", "--quiet", &from, &to])?;
        let here = Git { folder: folder.to_owned() };
        let listed = here.text(&["ls-files", "-z"])?;
        let ignoring = |path: &&str| IGNORING.contains(&path.rsplit('/').next().unwrap_or(path));
        for path in listed.split('\0').filter(ignoring) {
            let path = folder.join(path);
            std::fs::remove_file(&path).map_err(|e| PastError::Io(path, e))?;
        }
        let own = folder.join(".git");
        std::fs::remove_dir_all(&own).map_err(|e| PastError::Io(own, e))
    }

    /// The lines of a file of the last commit, each with the commit that is blamed for it.
    pub(super) fn blame(
        &self,
        flags: &[&str],
        path: &str,
    ) -> Result<Vec<(String, String)>, PastError> {
        let arguments = [&["blame", "--line-porcelain"], flags, &["HEAD", "--", path]].concat();
        let told = self.text(&arguments)?;
        let (mut blamed, mut commit) = (Vec::new(), None);
        // Each line comes after its commit and what that says of itself, behind a tab.
        for line in told.split_terminator('\n') {
            match (line.strip_prefix('\t'), &commit) {
                (Some(text), Some(sha)) => {
                    blamed.push((String::clone(sha), text.to_owned()));
                    commit = None;
                }
                (None, None) => commit = line.split(' ').next().map(str::to_owned),
                _ => {}
            }
        }
        Ok(blamed)
    }
}

/// A line of `ls-tree`, `MODE blob ID<tab>PATH`, where it is a file that an import looks at: its id and path.
fn source(line: &str) -> Option<(String, String)> {
    let (said, path) = line.split_once('\t')?;
    let mut said = said.split(' ');
    let is_file = matches!(said.next(), Some("100644" | "100755"));
    let id = said.nth(1)?;
    (is_file && is_walked(path) && Scope::All.covers(path))
        .then(|| (id.to_owned(), path.to_owned()))
}

/// The bytes of an object that `cat-file --batch` printed first, and what comes behind them.
fn answer(said: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = said.iter().position(|byte| *byte == b'\n')?;
    let size: usize = std::str::from_utf8(&said[..end]).ok()?.rsplit(' ').next()?.parse().ok()?;
    let (bytes, behind) = said.get(end + 1..)?.split_at_checked(size)?;
    Some((bytes, behind.get(1..)?))
}

fn failed(arguments: &[&str], errors: &[u8]) -> PastError {
    let errors = String::from_utf8_lossy(errors).trim_end().to_owned();
    PastError::Failed(format!("git {}", arguments.join(" ")), errors)
}
