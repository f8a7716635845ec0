//! A script in Node whose `require('datascript')` is answered here.

use super::wire::Tables;
use crate::theirs::OracleError;
use js::{Error, Function, JsValue};
use serde_json::{Value as Json, json};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

/// Runs a script and answers its calls. Gives what it says it came to.
pub(super) fn run(folder: &Path, script: &str) -> Result<JsValue, OracleError> {
    let mut node = Node::start(folder, script)?;
    let taken = (node.0.stdin.take(), node.0.stdout.take());
    let (Some(input), Some(output)) = taken else {
        return Err(OracleError::Answer("no pipes".into()));
    };
    let pipes = Mutex::new(Pipes { input, output: BufReader::new(output) });
    let host = Arc::new(Host { pipes, tables: Mutex::default() });
    loop {
        match host.hear()? {
            Heard::Asked => {}
            Heard::Done(outcome) => {
                return serde_json::from_str(&outcome)
                    .map_err(|error| OracleError::Answer(error.to_string()));
            }
            Heard::Outcome(_) => return Err(OracleError::Answer("what nobody asked for".into())),
        }
    }
}

/// Ends with whoever started it.
struct Node(Child);

impl Node {
    fn start(folder: &Path, script: &str) -> Result<Node, OracleError> {
        let mut node = Command::new("node");
        node.current_dir(folder).arg(script).stdin(Stdio::piped()).stdout(Stdio::piped());
        Ok(Node(node.spawn()?))
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

struct Pipes {
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

struct Host {
    pipes: Mutex<Pipes>,
    tables: Mutex<Tables>,
}

/// What Node had to say.
enum Heard {
    /// A question, which has been answered.
    Asked,
    /// What came of a function.
    Outcome(Result<JsValue, JsValue>),
    /// What came of the script, as JSON.
    Done(String),
}

/// Only one side at a time has its turn, so nobody ever waits for these.
fn held<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Host {
    fn hear(self: &Arc<Self>) -> Result<Heard, OracleError> {
        let mut line = String::new();
        if held(&self.pipes).output.read_line(&mut line)? == 0 {
            return Err(OracleError::Answer("the end of its output".into()));
        }
        let bad = || OracleError::Answer(line.chars().take(1000).collect());
        let message: Vec<Json> = serde_json::from_str(&line).map_err(|_| bad())?;
        let word = |at: usize| message.get(at).and_then(Json::as_str).ok_or_else(bad);
        let value = |from: usize| -> Result<JsValue, OracleError> {
            self.decode(message.get(from..).unwrap_or_default()).map_err(OracleError::Answer)
        };
        match word(0)? {
            "names" => self.answer(Ok(names()))?,
            kind @ ("call" | "method") => {
                let called = if kind == "call" { js::call } else { js::call_method };
                let answer = match self.decode(&message[2..]) {
                    Ok(JsValue::Array(args)) => called(word(1)?, &args).map_err(Refused::from),
                    Ok(_) => return Err(bad()),
                    Err(message) => Err(Refused::Message(message)),
                };
                self.answer(answer)?;
            }
            "gave" => return Ok(Heard::Outcome(Ok(value(1)?))),
            "threw" => return Ok(Heard::Outcome(Err(value(1)?))),
            "done" => return Ok(Heard::Done(word(1)?.to_string())),
            _ => return Err(bad()),
        }
        Ok(Heard::Asked)
    }

    fn decode(self: &Arc<Self>, tokens: &[Json]) -> Result<JsValue, String> {
        let make = |number: u64| {
            let host = Arc::downgrade(self);
            Function::new(number, move |this, args| Host::run(&host, number, this, args))
        };
        held(&self.tables).decode(tokens, &make)
    }

    fn answer(&self, answer: Result<JsValue, Refused>) -> Result<(), OracleError> {
        match answer {
            Ok(value) => self.tell(vec![json!("gave")], &value),
            Err(Refused::Thrown(value)) => self.tell(vec![json!("threw")], &value),
            Err(Refused::Message(message)) => self.say(&[json!("refused"), json!(message)]),
        }
    }

    fn tell(&self, mut message: Vec<Json>, value: &JsValue) -> Result<(), OracleError> {
        held(&self.tables).encode(value, &mut message);
        self.say(&message)
    }

    fn say(&self, message: &[Json]) -> Result<(), OracleError> {
        let mut line = serde_json::to_string(message)
            .map_err(|error| OracleError::Answer(error.to_string()))?;
        line.push('\n');
        let mut pipes = held(&self.pipes);
        pipes.input.write_all(line.as_bytes())?;
        Ok(pipes.input.flush()?)
    }

    /// Has Node run one of its functions, and answers what that asks.
    fn run(
        host: &Weak<Host>,
        number: u64,
        this: &JsValue,
        args: &[JsValue],
    ) -> Result<JsValue, JsValue> {
        let lost = |error: OracleError| JsValue::from(error.to_string());
        let host = host.upgrade().ok_or("Node has ended")?;
        let all = [std::slice::from_ref(this), args].concat();
        host.tell(vec![json!("run"), json!(number)], &all.into()).map_err(lost)?;
        loop {
            match host.hear().map_err(lost)? {
                Heard::Asked => {}
                Heard::Outcome(outcome) => return outcome,
                Heard::Done(_) => return Err("the script ended within a call".into()),
            }
        }
    }
}

enum Refused {
    Thrown(JsValue),
    Message(String),
}

impl From<Error> for Refused {
    fn from(error: Error) -> Refused {
        match error {
            Error::Thrown(value) => Refused::Thrown(value),
            other => Refused::Message(other.to_string()),
        }
    }
}

fn names() -> JsValue {
    let list = |names: &[&str]| JsValue::Array(names.iter().map(|name| (*name).into()).collect());
    JsValue::object([("functions", list(&js::FUNCTIONS)), ("methods", list(&js::METHODS))])
}
