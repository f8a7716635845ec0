//! Scripts for DataScript in Node that run against this database's JavaScript API (`js`), or against npm's DataScript: DataScript's
//! own tests, unmodified, and the examples in `tests/javascript.js`.
//!
//! A script stands in a folder in which `release-js/datascript.js` is what it tests. There is no JavaScript engine in this
//! database, so that file asks this process, and waits: `host` has its other side.

mod host;
mod wire;

use crate::theirs::{OracleError, npm_folder};
use js::JsValue;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

const OURS: &str = include_str!("datascript.js");
const DONE: &str = include_str!("done.js");
const CONFORMANCE: &str = include_str!("conformance.js");

/// Whose JavaScript API a script runs against.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Engine {
    /// This database's.
    Ours,
    /// npm's DataScript.
    DataScript,
}

/// A folder with an engine, until it is dropped.
pub struct Scripts(TempDir);

impl Scripts {
    /// A folder in which `require('./release-js/datascript.js')` is an engine, and `require('./done.js')` is a function by which a
    /// script says what it came to.
    pub fn for_engine(engine: Engine) -> Result<Scripts, OracleError> {
        let folder = Scripts(tempfile::tempdir()?);
        let datascript = match engine {
            Engine::Ours => OURS.to_string(),
            Engine::DataScript => {
                let installed = npm_folder().join("node_modules/datascript/datascript.js");
                fs::read_to_string(&installed).map_err(|_| OracleError::Missing(npm_folder()))?
            }
        };
        folder.put("release-js/datascript.js", &datascript)?;
        folder.put("done.js", DONE)?;
        Ok(folder)
    }

    /// Puts a file into the folder.
    pub fn put(&self, name: &str, text: &str) -> Result<(), OracleError> {
        let path = self.0.path().join(name);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        Ok(fs::write(path, text)?)
    }

    /// Runs a script of the folder and gives what it says it came to. What it prints goes to standard error.
    pub fn run(&self, script: &str) -> Result<JsValue, OracleError> {
        host::run(self.0.path(), script)
    }
}

/// How DataScript's own tests came out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Conformance {
    /// How many there are.
    pub tests: u64,
    /// What they looked at.
    pub assertions: u64,
    /// Tests that passed.
    pub passed: u64,
    /// Tests that did not.
    pub failed: u64,
}

/// Runs the JavaScript tests of a DataScript checkout, given by its folder, `test/js` in it, or the file `tests.js`. They are
/// copied as they are; the checkout is only read.
pub fn conformance(engine: Engine, checkout: &Path) -> Result<Conformance, OracleError> {
    let tests =
        tests_folder(checkout).ok_or_else(|| OracleError::NoTests(checkout.to_path_buf()))?;
    let scripts = Scripts::for_engine(engine)?;
    for entry in fs::read_dir(&tests)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.extension().is_some_and(|ending| ending == "js") {
            scripts.put(&format!("test/js/{name}"), &fs::read_to_string(&path)?)?;
        }
    }
    scripts.put("conformance.js", CONFORMANCE)?;
    let figures = scripts.run("conformance.js")?;
    let figure = |name: &str| match figures.get(name) {
        Some(JsValue::Number(n)) if *n >= 0.0 => Ok(*n as u64),
        other => Err(OracleError::Answer(format!("{name} is {other:?}"))),
    };
    Ok(Conformance {
        tests: figure("tests")?,
        assertions: figure("assertions")?,
        passed: figure("passed")?,
        failed: figure("failed")?,
    })
}

fn tests_folder(checkout: &Path) -> Option<PathBuf> {
    let file = checkout.is_file().then(|| checkout.parent()).flatten().map(Path::to_path_buf);
    let folders = [file, Some(checkout.join("test/js")), Some(checkout.to_path_buf())];
    folders.into_iter().flatten().find(|folder| folder.join("tests.js").is_file())
}
