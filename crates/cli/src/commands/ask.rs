//! `q` and `pull`.

use super::{Found, ToRead, moment, statement};
use crate::args::{Ask, Format, Moment};
use crate::output::{self, Rows, note};
use crate::problem::{Outcome, Problem, did_you_mean, similar};
use db::{Db, Input, Query, QueryError};
use edn::{Map, Value};
use std::io::Read;
use std::path::Path;

/// Does what was typed.
pub(crate) fn run(command: Ask, db: ToRead<'_>) -> Outcome<Found> {
    match command {
        Ask::Q { query, inputs, file, explain, moment, printing } => {
            // With -f there is no query among the arguments: all of them are inputs.
            let (query, inputs) = match (&file, query) {
                (Some(_), Some(first)) => (None, [first].into_iter().chain(inputs).collect()),
                (_, query) => (query, inputs),
            };
            let typed = question(query.as_deref(), file.as_deref())?;
            let db = db()?;
            let asked = Asked::new(&db, typed, &inputs, &moment)?;
            if explain { asked.explain(printing.format) } else { asked.answer(printing.format) }
        }
        Ask::Pull { pattern, entity, moment, printing } => {
            pull(&db()?, &pattern, &entity, &moment, printing.format)
        }
    }
}

/// A text and where it came from.
struct Typed {
    from: String,
    text: String,
}

impl Typed {
    fn read(&self) -> Outcome<Value> {
        edn::read(&self.text).map_err(|error| {
            Problem::new(format!("{} does not read as EDN", self.from))
                .at(&self.from, &self.text, error.span.clone(), error.message)
                .help("in a shell, EDN stands between single quotes: '[:find …]'")
        })
    }
}

/// The database as a question wants to see it.
fn viewed(db: &Db, when: &Moment) -> Outcome<Db> {
    let refused = |e: db::DbError| Problem::new("there is no such moment").because(&e);
    match when {
        Moment { as_of: Some(at), .. } => db.as_of(&moment(db, at)?).map_err(refused),
        Moment { since: Some(at), .. } => db.since(&moment(db, at)?).map_err(refused),
        Moment { history: true, .. } => Ok(db.history()),
        _ => Ok(db.clone()),
    }
}

/// What was asked: the text on the command line, in a file, or on standard input.
fn question(query: Option<&str>, file: Option<&Path>) -> Outcome<Typed> {
    if let Some(path) = file {
        let text = std::fs::read_to_string(path)
            .map_err(|e| Problem::new(format!("cannot read {}", path.display())).because(&e))?;
        return Ok(Typed { from: path.display().to_string(), text });
    }
    if let Some(text) = query.filter(|text| *text != "-") {
        return Ok(Typed { from: "the query".to_owned(), text: text.to_owned() });
    }
    let mut text = String::new();
    std::io::stdin()
        .read_to_string(&mut text)
        .map_err(|e| Problem::new("cannot read the query from standard input").because(&e))?;
    Ok(Typed { from: "standard input".to_owned(), text })
}

/// `defbase q`: a query and what it is given.
struct Asked<'d> {
    db: &'d Db,
    typed: Typed,
    form: Value,
    given: Vec<Input>,
}

impl<'d> Asked<'d> {
    fn new(db: &'d Db, typed: Typed, inputs: &[String], when: &Moment) -> Outcome<Self> {
        let form = typed.read()?;
        let mut given = Vec::with_capacity(inputs.len() + 1);
        for (i, text) in inputs.iter().enumerate() {
            let input = Typed { from: format!("input {}", i + 1), text: text.clone() };
            given.push(Input::from(input.read()?));
        }
        if let Some(at) = place_of_database(&form) {
            given.insert(at.min(given.len()), Input::from(&viewed(db, when)?));
        }
        Ok(Asked { db, typed, form, given })
    }

    /// The plan: a tree for people, data for programs.
    fn explain(&self, format: Format) -> Outcome<Found> {
        let failed = |error: QueryError| told(error, &self.typed);
        let explanation = db::explain(&self.form, &self.given).map_err(failed)?;
        match format {
            Format::Edn | Format::Json => output::value(&explanation.to_value(), format)?,
            Format::Table | Format::Csv => output::say(&explanation.to_string())?,
        }
        Ok(Found::from(!explanation.result.is_empty()))
    }

    fn answer(&self, format: Format) -> Outcome<Found> {
        let failed = |error: QueryError| told(error, &self.typed);
        let query = Query::parse(&self.form).map_err(failed)?;
        let result = query.run(&self.given).map_err(failed)?;
        let columns = result.columns().to_vec();
        let is_relation = result.is_relation();
        let mut rows: Vec<Vec<Value>> = result.rows().collect();
        if is_relation && !is_ordered(&self.form) {
            rows.sort_unstable();
        }
        let found = Found::from(!rows.is_empty());
        if found == Found::No {
            note_unknown_attributes(self.db, &self.form);
        }
        match format {
            Format::Edn => output::value(&result.into_value(), Format::Edn)?,
            Format::Json if !is_relation => output::value(&result.into_value(), Format::Json)?,
            _ => {
                let mut table = Rows::with_headings(columns);
                rows.into_iter().for_each(|row| table.push(row));
                table.print(format)?;
            }
        }
        Ok(found)
    }
}

/// Whether a query says in which order it wants its rows.
fn is_ordered(query: &Value) -> bool {
    match query {
        Value::Map(map) => map.get_keyword("order-by").is_some(),
        _ => query.as_seq().unwrap_or_default().iter().any(|item| item.is_keyword("order-by")),
    }
}

/// Where the database stands among the inputs: at `$`. A query without `:in` has it alone.
fn place_of_database(query: &Value) -> Option<usize> {
    let is_source = |v: &Value| v.as_symbol().is_some_and(|s| s.as_str() == "$");
    let inputs = match query {
        Value::Map(map) => match map.get_keyword("in") {
            None => return Some(0),
            Some(inputs) => inputs.as_seq()?,
        },
        _ => {
            let items = query.as_seq().unwrap_or_default();
            let Some(start) = items.iter().position(|i| i.is_keyword("in")) else {
                return Some(0);
            };
            let rest = &items[start + 1..];
            let end = rest.iter().position(|i| i.as_keyword().is_some()).unwrap_or(rest.len());
            &rest[..end]
        }
    };
    inputs.iter().position(is_source)
}

/// Says which attributes data patterns name that no entity has: the usual reason for an empty answer.
fn note_unknown_attributes(db: &Db, query: &Value) {
    let known: Vec<String> = db.schema().as_map().keys().map(Value::to_string).collect();
    for attribute in unknown_attributes(db, query) {
        let alike = similar(&attribute, known.iter().map(String::as_str));
        let hint = did_you_mean(&alike).map(|h| format!("; {h}")).unwrap_or_default();
        note(&format!("note: no entity has the attribute {attribute}{hint}"));
    }
}

/// The attributes that data patterns of a query name and no entity has.
pub(crate) fn unknown_attributes(db: &Db, query: &Value) -> Vec<String> {
    let mut unknown = Vec::new();
    let mut open = vec![query];
    while let Some(form) = open.pop() {
        if let Some(map) = form.as_map() {
            open.extend(map.values());
        }
        let items = form.as_seq().unwrap_or_default();
        open.extend(items);
        let starts =
            |v: &Value, with: &[char]| v.as_symbol().is_some_and(|s| s.as_str().starts_with(with));
        let pattern = match items {
            [source, rest @ ..] if starts(source, &['$']) => rest,
            all => all,
        };
        if let [entity, attribute, ..] = pattern
            && form.as_vector().is_some()
            && starts(entity, &['?', '_'])
            && attribute.as_keyword().is_some()
            && db.attr(attribute).is_none()
        {
            unknown.push(attribute.to_string());
        }
    }
    unknown.sort_unstable();
    unknown.dedup();
    unknown
}

/// A query's error, with a caret under the clause where the text has it.
fn told(error: QueryError, typed: &Typed) -> Problem {
    let clause = match &error {
        QueryError::Unbound { clause, .. } | QueryError::Function { clause, .. } => Some(clause),
        QueryError::RuleArity(clause) | QueryError::Negation(clause) => Some(clause),
        _ => None,
    };
    let place = clause.and_then(|c| typed.text.find(c.as_str()).map(|at| at..at + c.len()));
    let problem = Problem::new(error.to_string());
    let problem = match place {
        Some(span) => problem.at(&typed.from, &typed.text, span, "this clause"),
        None => problem,
    };
    match error {
        QueryError::Unbound { .. } => {
            problem.help("bind them with a data pattern like [?e :attribute ?var], or through :in")
        }
        QueryError::Input(_) => problem.help(
            "`$` in :in is the database; what else :in asks for follows the query, each as EDN",
        ),
        QueryError::UnknownRule(_) => {
            problem.help("rules are an input: :in $ % … and '[[(rule ?x) …]]'")
        }
        QueryError::Parse(_) => {
            problem.help("a query is [:find ?x … :in $ … :where [?e :attribute ?x] …]")
        }
        _ => problem,
    }
}

/// `defbase pull`
fn pull(db: &Db, pattern: &str, entity: &str, when: &Moment, format: Format) -> Outcome<Found> {
    let typed = Typed { from: "the pattern".to_owned(), text: pattern.to_owned() };
    let form = typed.read()?;
    let db = viewed(db, when)?;
    let entity = match edn::read(entity) {
        Ok(id @ (Value::Int(_) | Value::Vector(_) | Value::Keyword(_))) => id,
        _ => Value::Int(i64::from(statement(&db, entity)?)),
    };
    let pulled = db::pull(&db, &form, &entity).map_err(|e| {
        Problem::new(e.to_string())
            .help("a pattern is a vector: '[* {:statement/file [:file/path]}]'")
    })?;
    let says_something = |map: &&Map| map.keys().any(|key| !key.is_keyword("db/id"));
    let Some(map) = pulled.as_map().filter(says_something) else {
        note(&format!("note: nothing found for {entity}"));
        return Ok(Found::No);
    };
    if format == Format::Table {
        let mut rows = Rows::new(&["attribute", "value"]);
        for (key, value) in map.iter() {
            rows.push(vec![key.clone(), value.clone()]);
        }
        rows.print(format)?;
    } else {
        output::value(&pulled, format)?;
    }
    Ok(Found::Yes)
}
