//! A log as text for people: what git compares in place of its lines.
//!
//! ```text
//! 2026-01-31T12:00:00.000-00:00 ada
//!     :tx/message "greet politely"
//!     transaction 01a2…
//!
//!   [:statement/fqn "app/greet"]
//!     :statement/line-count 3
//!     :statement/source
//!       (defn greet [name]
//!         (str "Dear " name))
//!   - :statement/doc "…"
//! ```
//!
//! Transactions stand in the order of their ids, each once, so what a merge put elsewhere or doubled is no difference. A text of
//! several lines stands as it is. What is damaged is said at the end.

use crate::read::{Transaction, inspect};
use edn::{Map, Value};
use std::fmt::Write;

/// The text of a log's bytes.
pub fn readable(log: &[u8]) -> String {
    let inspection = inspect(log);
    let mut out = String::new();
    inspection.transactions.iter().for_each(|transaction| push_transaction(&mut out, transaction));
    for damage in &inspection.damage {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "damaged in line {}: {}", damage.line, damage.problem);
    }
    out
}

fn push_transaction(out: &mut String, transaction: &Transaction) {
    let about = &transaction.about;
    let said = |name: &str| about.get_keyword(name);
    let moment = said("db/txInstant").map(|moment| match moment {
        Value::Inst(_) => {
            moment.to_string().trim_start_matches("#inst ").trim_matches('"').to_owned()
        }
        other => other.to_string(),
    });
    let author = said("tx/author").map(|author| match author {
        Value::Str(name) => name.to_string(),
        other => other.to_string(),
    });
    let heading: Vec<String> = moment.into_iter().chain(author).collect();
    let _ = writeln!(out, "{}", heading.join(" "));
    const ELSEWHERE: [&str; 6] =
        ["db/txInstant", "tx/author", "tx/id", "tx/parents", "tx/lines", "tx/crc32c"];
    for (name, value) in about.iter() {
        if !ELSEWHERE.iter().any(|known| name.is_keyword(known)) {
            push_fact(out, "    ", name, value);
        }
    }
    let _ = writeln!(out, "    transaction {}\n", transaction.id);
    for line in &transaction.lines {
        push_line(out, line);
    }
    out.push('\n');
}

fn push_line(out: &mut String, line: &Map) {
    match (line.get_keyword("db/id"), line.get_keyword("db/attribute")) {
        (Some(entity), _) => _ = writeln!(out, "  {entity}"),
        (None, Some(attribute)) => _ = writeln!(out, "  attribute {attribute}"),
        (None, None) => out.push_str("  new\n"),
    }
    for (name, value) in line.iter() {
        match (name.as_keyword().map(|name| name.as_str()), value) {
            (Some("db/id" | "db/attribute"), _) => {}
            (Some("db/retract"), Value::Map(gone)) => {
                gone.iter().for_each(|(name, value)| push_fact(out, "  - ", name, value));
            }
            _ => push_fact(out, "    ", name, value),
        }
    }
}

/// An attribute and its value; several values one by one.
fn push_fact(out: &mut String, before: &str, name: &Value, value: &Value) {
    match value {
        Value::Set(values) => {
            let mut values: Vec<&Value> = values.iter().collect();
            values.sort();
            values.into_iter().for_each(|value| push_fact(out, before, name, value));
        }
        Value::Str(text) if text.contains('\n') => {
            let _ = writeln!(out, "{before}{name}");
            for line in text.split('\n') {
                let _ = writeln!(out, "{}", format_args!("      {line}").to_string().trim_end());
            }
        }
        value => _ = writeln!(out, "{before}{name} {value}"),
    }
}
