//! `history`: all that ever happened to a statement.

use super::{telling, told};
use crate::args::Format;
use crate::commands::{Found, statement, text};
use crate::output::{Rows, note};
use crate::problem::Outcome;
use ::code::history::{self, Version};
use db::Db;
use edn::Value;

/// `defbase history`
pub(super) fn history(db: &Db, name: &str, format: Format) -> Outcome<Found> {
    let mut entities = history::entities_ever_named(db, name)?;
    if entities.is_empty() {
        entities = vec![statement(db, name)?];
    }
    let for_people = format == Format::Table;
    let versions: Vec<Vec<Version>> = entities
        .into_iter()
        .map(|entity| history::versions(db, entity))
        .collect::<Result<_, _>>()?;
    let with_sha = !for_people || versions.iter().flatten().any(|v| v.origin.sha.is_some());
    let mut headings = telling(with_sha);
    headings.extend(["change", "fqn"]);
    match for_people {
        true => headings.extend(with_sha.then_some("message")),
        false => headings.extend(["message", "source"]),
    }
    let mut rows = Rows::new(&headings);
    for versions in versions {
        let mut last: Option<Version> = None;
        for version in versions {
            let old_name = last.as_ref().and_then(|l| l.fqn.as_deref());
            let mut row = told(&version.origin, with_sha, for_people);
            row.push(Value::string(change(last.as_ref(), &version)));
            row.push(text(version.fqn.as_deref().or(old_name)));
            match for_people {
                true => row.extend(with_sha.then(|| text(version.origin.subject()))),
                false => {
                    row.push(text(version.origin.message.as_deref()));
                    row.push(text(version.source.as_deref()));
                }
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
pub(crate) fn change(before: Option<&Version>, after: &Version) -> String {
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
