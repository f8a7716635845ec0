//! `search`, `stats`, `unused`, `analysis`, `scip`, `show`.

use super::{Found, ToRead, as_of, instant, number, statement, text};
use crate::args::{Code, DataFormat, Format};
use crate::commands::keep;
use crate::json;
use crate::output::{Rows, note, say, under_heading};
use crate::place::Place as Project;
use crate::problem::{Outcome, Problem};
use ::code::analysis::{Findings, as_kondo, find};
use ::code::export;
use ::code::kondo_config;
use ::code::location::Locations;
use ::code::scip;
use ::code::search::{self, Place, Search, SearchError};
use ::code::show::{self, Shown};
use ::code::stats::{self, Counts};
use ::code::unused;
use db::Db;
use edn::Value;
use std::path::Path;

/// Does what was typed.
pub(crate) fn run(command: Code, db: ToRead<'_>) -> Outcome<Found> {
    match command {
        Code::Search { text, regex, case_sensitive, limit, printing } => {
            let wanted = Search { pattern: &text, regex, case_sensitive, limit };
            search(&db()?, &wanted, printing.format)
        }
        Code::Show { fqn, as_of: when, printing } => {
            show(&as_of(&db()?, when.as_deref())?, &fqn, printing.format)
        }
        Code::Stats { printing } => stats(&db()?, printing.format),
        Code::Unused { private, printing } => unused(&db()?, private, printing.format),
        Code::Scip { output, as_of: when } => scip(&as_of(&db()?, when.as_deref())?, &output),
        Code::Analysis { as_of: when, format } => {
            analysis(&as_of(&db()?, when.as_deref())?, format)
        }
    }
}

/// `defbase search`
fn search(db: &Db, search: &Search<'_>, format: Format) -> Outcome<Found> {
    let hits = search::search(db, search).map_err(|error| match error {
        SearchError::NotCode(error) => error.into(),
        error => Problem::new(error.to_string()),
    })?;
    let mut places = Locations::of(db)?;
    let mut rows = Rows::new(&["fqn", "found in", "where", "line"]);
    for hit in &hits.hits {
        let place = match hit.place {
            Place::Exact | Place::Prefix | Place::Name => "name",
            Place::Doc => "docstring",
            Place::Source => "source",
        };
        let location = places.find(hit.statement).map(|mut location| {
            location.line += hit.line.as_ref().map_or(0, |(line, _)| line.saturating_sub(1));
            location.to_string()
        });
        rows.push(vec![
            Value::string(hit.fqn.as_str()),
            Value::string(place),
            text(location.as_deref()),
            text(hit.line.as_ref().map(|(_, line)| line.trim())),
        ]);
    }
    rows.print(format)?;
    if hits.total > hits.hits.len() {
        note(&format!("{} of {} shown; -n shows more", hits.hits.len(), hits.total));
    }
    Ok(Found::from(!rows.is_empty()))
}

/// `defbase stats`
fn stats(db: &Db, format: Format) -> Outcome<Found> {
    let stats = stats::stats(db)?;
    let mut rows = Rows::new(&[
        "namespace",
        "statements",
        "pure",
        "impure",
        "lines",
        "average",
        "public",
        "private",
        "tests",
        "documented",
        "uses",
        "used by",
    ]);
    let row = |name: &str, c: &Counts, uses: Value, used_by: Value| {
        vec![
            Value::string(name),
            number(c.statements),
            number(c.pure),
            number(c.impure),
            number(c.lines),
            Value::Double((c.average_lines() * 10.0).round() / 10.0),
            number(c.public),
            number(c.private),
            number(c.tests),
            c.documented_percent().map_or(Value::Nil, |p| Value::string(format!("{}%", p.round()))),
            uses,
            used_by,
        ]
    };
    for n in &stats.namespaces {
        rows.push(row(&n.namespace, &n.counts, number(n.uses), number(n.used_by)));
    }
    let found = Found::from(!rows.is_empty());
    if format != Format::Table {
        rows.print(format)?;
        return Ok(found);
    }
    rows.push(row("TOTAL", &stats.total, Value::Nil, Value::Nil));
    rows.print(format)?;
    let types: Vec<String> =
        stats.types.iter().take(6).map(|(kind, n)| format!("{n} {kind}")).collect();
    let types = if types.is_empty() { types.concat() } else { format!("; {}", types.join(", ")) };
    let (files, edges) = (stats.files, stats.edges);
    say(&format!("\n{files} files, {edges} dependencies between statements{types}"))?;
    if stats.problems > 0 {
        let n = stats.problems;
        note(&format!("{n} files do not read to their end: `defbase import` says where"));
    }
    Ok(found)
}

/// `defbase unused`
fn unused(db: &Db, only_private: bool, format: Format) -> Outcome<Found> {
    let mut places = Locations::of(db)?;
    let mut rows = Rows::new(&["fqn", "type", "private", "where"]);
    for unused in unused::unused(db)?.into_iter().filter(|u| u.private || !only_private) {
        rows.push(vec![
            Value::string(unused.fqn),
            Value::string(unused.kind),
            Value::Bool(unused.private),
            text(places.find(unused.statement).map(|l| l.to_string()).as_deref()),
        ]);
    }
    if format == Format::Table && rows.is_empty() {
        say("everything is used")?;
    } else {
        rows.print(format)?;
    }
    Ok(Found::from(rows.is_empty()))
}

/// Texts by path.
type Texts = Vec<(String, String)>;

/// The texts of all files, and what is found in them.
fn found(db: &Db) -> Outcome<(Texts, Vec<Findings>)> {
    let config = match Project::find()? {
        Some(project) => kondo_config::read(&project.root).text,
        None => None,
    };
    let exported = export::all(db, |_| true)
        .map_err(|e| Problem::new("the sources cannot be read").because(&e))?;
    // What is no UTF-8 was never read as code.
    let text = |file: export::Exported| Some((file.path, String::from_utf8(file.bytes).ok()?));
    let files: Texts = exported.into_iter().filter_map(text).collect();
    let found = find(&files, &keep::rules(config.as_deref()));
    Ok((files, found))
}

/// `defbase scip`
fn scip(db: &Db, output: &Path) -> Outcome<Found> {
    let (files, found) = found(db)?;
    let root = Project::existing()?.root;
    let folder = root.file_name().unwrap_or_default().to_string_lossy();
    let package = scip::package(&files, &folder);
    let index = scip::index(&files, &found, &package, &scip::address(&root));
    let documents = index.documents.len();
    let occurrences: usize = index.documents.iter().map(|d| d.occurrences.len()).sum();
    scip::write(output, index)
        .map_err(|e| Problem::new(format!("cannot write {}: {e}", output.display())))?;
    note(&format!("{documents} documents, {occurrences} occurrences in {}", output.display()));
    Ok(Found::from(documents > 0))
}

/// `defbase analysis`
fn analysis(db: &Db, format: DataFormat) -> Outcome<Found> {
    let (_, found) = found(db)?;
    let data = Value::map(vec![(Value::keyword("analysis"), as_kondo(&found))]);
    match format {
        DataFormat::Edn => say(&data.to_string())?,
        DataFormat::Json => {
            let mut out = String::new();
            json::write(&mut out, &data);
            say(&out)?;
        }
    }
    Ok(Found::from(found.iter().any(|file| !file.namespaces.is_empty())))
}

/// `defbase show`
fn show(db: &Db, name: &str, format: Format) -> Outcome<Found> {
    let shown = show::show(db, statement(db, name)?)?;
    if format == Format::Table {
        print_for_people(&shown)?;
        return Ok(Found::Yes);
    }
    let facts = facts(&shown);
    let mut rows = Rows::new(&facts.iter().map(|(name, _)| *name).collect::<Vec<_>>());
    rows.push(facts.into_iter().map(|(_, value)| value).collect());
    rows.print(format)?;
    Ok(Found::Yes)
}

fn facts(shown: &Shown) -> Vec<(&'static str, Value)> {
    let names =
        |names: &[String]| Value::vector(names.iter().map(|n| Value::string(n.as_str())).collect());
    let users: Vec<String> = shown.dependents.iter().map(|(name, _)| name.clone()).collect();
    vec![
        ("fqn", Value::string(shown.fqn.as_str())),
        ("type", Value::string(shown.kind.as_str())),
        ("where", text(shown.location.as_ref().map(|l| l.to_string()).as_deref())),
        ("doc", text(shown.doc.as_deref())),
        ("arglists", text(shown.arglists.as_deref())),
        ("private", Value::Bool(shown.private)),
        ("deprecated", Value::Bool(shown.deprecated)),
        ("pure", shown.pure.map_or(Value::Nil, Value::Bool)),
        ("impure-via", text(shown.impure_via.as_deref())),
        ("platforms", names(&shown.platforms)),
        ("definitions", names(&shown.definitions)),
        ("dependencies", names(&shown.dependencies)),
        ("dependents", names(&users)),
        ("unresolved", names(&shown.unresolved)),
        ("created-at", instant(shown.created_at)),
        ("modified-at", instant(shown.modified_at)),
        ("source", Value::string(shown.source.as_str())),
    ]
}

fn print_for_people(shown: &Shown) -> Outcome<()> {
    let place = shown.location.as_ref().map(|l| format!("  {l}")).unwrap_or_default();
    say(&format!("{}  {}{place}", shown.fqn, shown.kind))?;
    let pure = match (shown.pure, &shown.impure_via) {
        (Some(true), _) => "yes".to_owned(),
        (Some(false), Some(via)) => format!("no: {via}"),
        (Some(false), None) => "no".to_owned(),
        (None, _) => String::new(),
    };
    let users: Vec<&str> = shown.dependents.iter().map(|(name, _)| name.as_str()).collect();
    let mut flags = Vec::new();
    flags.extend(shown.private.then_some("private"));
    flags.extend(shown.deprecated.then_some("deprecated"));
    let lines = [
        ("is", flags.join(", ")),
        ("pure", pure),
        ("platforms", shown.platforms.join(" ")),
        ("defines", shown.definitions.join(" ")),
        ("uses", shown.dependencies.join(" ")),
        ("used by", users.join(" ")),
        ("unresolved", shown.unresolved.join(" ")),
    ];
    for (name, value) in lines.iter().filter(|(_, value)| !value.is_empty()) {
        say(&under_heading(&format!("  {name:<11}"), value))?;
    }
    say("")?;
    say(&shown.source)?;
    Ok(())
}
