//! `history` and `log`.

use super::{Found, ToRead, instant, number, statement, text};
use crate::args::{Format, Past};
use crate::output::{Rows, note};
use crate::problem::Outcome;
use ::code::history::{self, Version};
use db::Db;
use edn::Value;

/// Does what was typed.
pub(crate) fn run(command: Past, db: ToRead<'_>) -> Outcome<Found> {
    match command {
        Past::History { fqn, printing } => history(&db()?, &fqn, printing.format),
        Past::Log { limit, printing } => log(&db()?, limit, printing.format),
    }
}

/// `defbase history`
fn history(db: &Db, name: &str, format: Format) -> Outcome<Found> {
    let mut entities = history::entities_ever_named(db, name)?;
    if entities.is_empty() {
        entities = vec![statement(db, name)?];
    }
    let for_people = format == Format::Table;
    let mut headings = vec!["tx", "when", "author", "change", "fqn"];
    if !for_people {
        headings.push("source");
    }
    let mut rows = Rows::new(&headings);
    for entity in entities {
        let mut last: Option<Version> = None;
        for version in history::versions(db, entity)? {
            let old_name = last.as_ref().and_then(|l| l.fqn.as_deref());
            let mut row = vec![
                Value::Int(i64::from(version.origin.tx)),
                instant(version.origin.at),
                text(version.origin.author.as_deref()),
                Value::string(change(last.as_ref(), &version)),
                text(version.fqn.as_deref().or(old_name)),
            ];
            if !for_people {
                row.push(text(version.source.as_deref()));
            }
            rows.push(row);
            last = Some(version);
        }
    }
    rows.print(format)?;
    if for_people && rows.len() > 1 {
        note(&format!("`defbase show {name} --as-of TX` shows it as it was"));
    }
    Ok(Found::from(!rows.is_empty()))
}

/// What a transaction did to a statement, in few words.
fn change(before: Option<&Version>, after: &Version) -> String {
    let Some(before) = before.filter(|v| v.source.is_some()) else { return "added".to_owned() };
    if after.source.is_none() {
        return "deleted".to_owned();
    }
    let mut words = Vec::new();
    if before.fqn != after.fqn {
        words.push(format!("renamed from {}", before.fqn.as_deref().unwrap_or("nothing")));
    }
    if before.source != after.source {
        let lines = |v: &Version| v.source.as_deref().map_or(0, |s| s.lines().count());
        words.push(match (lines(before), lines(after)) {
            (old, new) if old == new => "source changed".to_owned(),
            (old, new) => format!("source changed ({old} → {new} lines)"),
        });
    }
    if words.is_empty() {
        let attributes: Vec<String> = after.steps.iter().map(|s| s.attribute.to_string()).collect();
        words.push(attributes.join(" "));
    }
    words.join(", ")
}

/// `defbase log`
fn log(db: &Db, limit: usize, format: Format) -> Outcome<Found> {
    let for_people = format == Format::Table;
    let names = if for_people { 3 } else { usize::MAX };
    let mut rows =
        Rows::new(&["tx", "when", "author", "added", "changed", "deleted", "statements"]);
    for entry in history::log(db, limit, names)? {
        let touched: Vec<&str> = [&entry.changed, &entry.added, &entry.deleted]
            .into_iter()
            .flatten()
            .map(|n| &**n)
            .collect();
        let total: usize = entry.counts.iter().sum();
        let statements = if for_people {
            let shown = &touched[..touched.len().min(names)];
            Value::string(shown.join(" ") + if total > shown.len() { " …" } else { "" })
        } else {
            Value::vector(touched.into_iter().map(Value::string).collect())
        };
        rows.push(vec![
            Value::Int(i64::from(entry.origin.tx)),
            instant(entry.origin.at),
            text(entry.origin.author.as_deref()),
            number(entry.counts[0]),
            number(entry.counts[1]),
            number(entry.counts[2]),
            statements,
        ]);
    }
    rows.print(format)?;
    Ok(Found::from(!rows.is_empty()))
}
