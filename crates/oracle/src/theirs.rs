//! DataScript's answers: a Node process that is fed cases and gives outcomes.

use crate::case::{Case, Kind, Outcome, for_all_rows};
use edn::Value;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

const SCRIPT: &str = include_str!("datascript.mjs");

/// Why DataScript gives no answers.
#[derive(Debug, thiserror::Error)]
pub enum OracleError {
    /// Node or the package is not there.
    #[error("no DataScript in {0}: `cargo xtask setup` installs it, and Node")]
    Missing(PathBuf),
    /// Node could not be started or went away.
    #[error("node: {0}")]
    Io(#[from] std::io::Error),
    /// A DataScript checkout is not where it should be.
    #[error(
        "{0} has no test/js/tests.js: give the folder of a DataScript checkout, or its tests.js"
    )]
    NoTests(PathBuf),
    /// What came back is no answer.
    #[error("not an answer: {0}")]
    Answer(String),
}

/// A DataScript that runs.
#[derive(Debug)]
pub struct DataScript {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

/// The folder that `cargo xtask setup` puts npm's packages in.
pub fn npm_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/npm")
}

impl DataScript {
    /// Starts Node with the DataScript that is installed.
    pub fn start() -> Result<DataScript, OracleError> {
        let folder = npm_folder();
        if !folder.join("node_modules/datascript/datascript.js").exists() {
            return Err(OracleError::Missing(folder));
        }
        let mut child = Command::new("node")
            .args(["--input-type=module", "--eval", SCRIPT, "--"])
            .arg(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let taken = (child.stdin.take(), child.stdout.take());
        let (Some(input), Some(output)) = taken else {
            return Err(OracleError::Answer("no pipes".into()));
        };
        Ok(DataScript { child, input, output: BufReader::new(output) })
    }

    /// The outcomes of the steps of each case; DataScript reads what is written in this database's own.
    pub fn answers(
        &mut self,
        cases: &[Case],
        ours: &[Vec<Outcome>],
    ) -> Result<Vec<Vec<Outcome>>, OracleError> {
        let (input, output) = (&mut self.input, &mut self.output);
        std::thread::scope(|scope| {
            let writing = scope.spawn(move || -> std::io::Result<()> {
                for (case, ours) in cases.iter().zip(ours) {
                    input.write_all(request(case, ours).as_bytes())?;
                }
                input.flush()
            });
            // All that comes is read before it is looked at: Node waits to write, and the writer for Node to read.
            let mut lines = Vec::with_capacity(cases.len());
            for _ in cases {
                let mut line = String::new();
                if output.read_line(&mut line)? == 0 {
                    return Err(OracleError::Answer("the end of its output".into()));
                }
                lines.push(line);
            }
            match writing.join() {
                Ok(written) => written?,
                Err(_) => return Err(OracleError::Answer("writing panicked".into())),
            }
            lines.iter().zip(cases).map(|(line, case)| outcomes(line, case)).collect()
        })
    }
}

impl Drop for DataScript {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn request(case: &Case, ours: &[Outcome]) -> String {
    let mut out = String::from("[");
    json_string(&mut out, &case.schema.to_string());
    for (step, ours) in case.steps.iter().zip(ours) {
        out.push_str(",[");
        json_string(&mut out, step.kind.name());
        let all = (step.kind == Kind::QueryOne).then(|| step.forms.first().map(for_all_rows));
        for form in all.flatten().iter().chain(&step.forms) {
            out.push(',');
            json_string(&mut out, &form.to_string());
        }
        if let (Kind::Exchange, Outcome::Gave(written)) = (step.kind, ours) {
            for text in written.as_vector().unwrap_or_default().iter().filter_map(Value::as_str) {
                out.push(',');
                json_string(&mut out, text);
            }
        }
        out.push(']');
    }
    out.push_str("]\n");
    out
}

fn json_string(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c < ' ' => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
}

fn outcomes(line: &str, case: &Case) -> Result<Vec<Outcome>, OracleError> {
    let bad = || OracleError::Answer(line.to_string());
    let answer = edn::read(line).map_err(|e| OracleError::Answer(format!("{e} in {line}")))?;
    if answer.is_keyword("endless") {
        return Ok(vec![Outcome::Endless; case.steps.len()]);
    }
    let steps = answer.as_vector().ok_or_else(bad)?;
    steps.iter().map(|step| outcome(step).ok_or_else(bad)).collect()
}

fn outcome(step: &Value) -> Option<Outcome> {
    match step.as_vector()? {
        [kind, value] if kind.is_keyword("gave") => Some(Outcome::Gave(value.clone())),
        [kind, Value::Str(message)] if kind.is_keyword("refused") => {
            Some(Outcome::Refused(message.to_string()))
        }
        [kind, Value::Str(message)] if kind.is_keyword("broke") => {
            Some(Outcome::Broke(message.to_string()))
        }
        _ => None,
    }
}
