//! `blame`: who changed what last.

use super::{telling, told};
use crate::args::Format;
use crate::commands::{Found, number, statement, text};
use crate::output::{Rows, note};
use crate::problem::Outcome;
use ::code::blame::{self, BlamedLine};
use ::code::show;
use db::Db;
use edn::Value;

/// `defbase blame`
pub(super) fn blame(db: &Db, what: &str, by_line: bool, format: Format) -> Outcome<Found> {
    let folder = what.trim_start_matches("./").trim_end_matches('/');
    let wanted = |namespace: Option<&str>, path: &str| {
        let below = |rest: &str| rest.is_empty() || rest.starts_with('/');
        namespace == Some(what)
            || matches!(folder, "" | ".")
            || path.strip_prefix(folder).is_some_and(below)
    };
    // A namespace is also the name of its `ns` form; what has both is asked for as a whole.
    let statements = blame::statements(db, wanted)?;
    if statements.is_empty() {
        let lines = blame::lines(db, statement(db, what)?)?;
        return print_lines(&[(None, lines)], format);
    }
    if by_line {
        let files = blame::files(db, wanted)?;
        let files: Vec<_> = files.into_iter().map(|(path, lines)| (Some(path), lines)).collect();
        return print_lines(&files, format);
    }
    let with_sha = format != Format::Table || statements.iter().any(|s| s.last.sha.is_some());
    let mut headings = vec!["fqn", "where", "lines", "changes", "since"];
    headings.extend(telling(with_sha));
    headings.push("message");
    let mut rows = Rows::new(&headings);
    for blamed in &statements {
        let last = &blamed.last;
        let mut row = vec![
            Value::string(blamed.fqn.as_str()),
            Value::string(format!("{}:{}", blamed.path, blamed.line)),
            number(blamed.lines),
            number(blamed.changes),
            crate::commands::instant(blamed.first.at),
        ];
        row.extend(told(last, with_sha, format == Format::Table));
        row.push(text(last.subject()));
        rows.push(row);
    }
    rows.print(format)?;
    if format == Format::Table && show::find(db, what).is_ok() {
        note("`--lines` tells it line by line");
    }
    Ok(Found::Yes)
}

fn print_lines(files: &[(Option<String>, Vec<BlamedLine>)], format: Format) -> Outcome<Found> {
    let for_people = format == Format::Table;
    let all = || files.iter().flat_map(|(_, lines)| lines);
    let with_sha = !for_people || all().any(|line| line.origin.sha.is_some());
    let with_path =
        files.iter().any(|(path, _)| path.is_some()) && (!for_people || files.len() > 1);
    let mut headings = telling(with_sha);
    headings.extend(with_path.then_some("path"));
    headings.push("line");
    headings.extend((!for_people).then_some("message"));
    headings.push("text");
    let mut rows = Rows::new(&headings);
    for (path, lines) in files {
        for line in lines {
            let mut row = told(&line.origin, with_sha, for_people);
            row.extend(with_path.then(|| text(path.as_deref())));
            row.push(number(line.number));
            row.extend((!for_people).then(|| text(line.origin.message.as_deref())));
            row.push(Value::string(line.text.as_str()));
            rows.push(row);
        }
    }
    rows.print(format)?;
    Ok(Found::from(!rows.is_empty()))
}
