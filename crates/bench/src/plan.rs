//! What engines in other runtimes are given: a folder with the rows to measure and the data, as EDN and as JSON.
//!
//! `plan.edn` and `plan.json` say what to do, `<dataset>.edn` and `<dataset>.json` have one fact a line. In JSON, for the
//! JavaScript API of DataScript, attributes and keywords are strings, and queries are text; types and changes of the data
//! are there for engines that have a schema and a past.

use crate::Failure;
use crate::clock::Pace;
use crate::data::{Atom, Dataset};
use crate::ours::{keyword, schema_map, value};
use crate::rows::{Batch, Row, Task, View};
use edn::Value;
use serde_json::{Value as Json, json};
use std::io::{BufWriter, Write};
use std::path::Path;

/// What a driver calls a task.
fn task_name(task: Task) -> &'static str {
    match task {
        Task::Ask(..) => "ask",
        Task::AskView(View::AsOf, _) => "ask-as-of",
        Task::AskView(View::Since, _) => "ask-since",
        Task::AskView(View::History, _) => "ask-history",
        Task::Pull(_) => "pull",
        Task::Entities(_) => "entities",
        Task::Find { one: true } => "find-datom",
        Task::Find { one: false } => "find-datoms",
        Task::Add(Batch::Fact) => "add-fact",
        Task::Add(Batch::Entity) => "add-entity",
        Task::Add(Batch::All) => "add-all",
        Task::Init => "init",
        Task::Retract => "retract",
        Task::Freeze => "freeze",
        Task::Thaw => "thaw",
    }
}

fn row_edn(row: &Row) -> Result<Value, Failure> {
    let mut said = vec![
        (keyword("name"), Value::from(row.name)),
        (keyword("dataset"), Value::from(row.dataset)),
        (keyword("task"), keyword(task_name(row.task))),
    ];
    match row.task {
        Task::Ask(query, inputs) => {
            let inputs: Result<Vec<Value>, _> = inputs.iter().map(|i| edn::read(i)).collect();
            said.push((keyword("query"), edn::read(query)?));
            said.push((keyword("inputs"), Value::vector(inputs?)));
        }
        Task::Pull(pattern) => said.push((keyword("pattern"), edn::read(pattern)?)),
        Task::Entities(names) => {
            let names = names.iter().map(|name| keyword(name)).collect();
            said.push((keyword("attributes"), Value::vector(names)));
        }
        _ => {}
    }
    Ok(Value::map(said))
}

/// Keywords that are no attributes and no values.
const LANGUAGE: [&str; 5] = ["find", "in", "with", "where", "db/id"];

fn for_javascript(form: &Value) -> Value {
    let all = |items: &[Value]| items.iter().map(for_javascript).collect::<Vec<_>>();
    match form {
        Value::Keyword(k) if !LANGUAGE.iter().any(|word| form.is_keyword(word)) => {
            Value::from(k.to_string().trim_start_matches(':'))
        }
        Value::Vector(_) => Value::vector(all(form.as_seq().unwrap_or_default())),
        Value::List(_) => Value::list(all(form.as_seq().unwrap_or_default())),
        Value::Map(map) => {
            Value::map(map.iter().map(|(k, v)| (for_javascript(k), for_javascript(v))).collect())
        }
        other => other.clone(),
    }
}

fn row_json(row: &Row) -> Result<Json, Failure> {
    let text = |form: &str| Ok::<String, Failure>(for_javascript(&edn::read(form)?).to_string());
    let mut said = json!({
        "name": row.name, "dataset": row.dataset, "task": task_name(row.task),
    });
    match row.task {
        Task::Ask(query, inputs) => {
            said["query"] = text(query)?.into();
            let input = |input: &&str| match edn::read(input)? {
                Value::Int(n) => Ok(Json::from(n)),
                Value::Str(text) => Ok(Json::from(text.to_string())),
                rules => Ok::<Json, Failure>(for_javascript(&rules).to_string().into()),
            };
            let inputs: Result<Vec<Json>, Failure> = inputs.iter().map(input).collect();
            said["inputs"] = inputs?.into();
        }
        Task::Pull(pattern) => said["pattern"] = text(pattern)?.into(),
        Task::Entities(names) => said["attributes"] = names.into(),
        _ => {}
    }
    Ok(said)
}

fn schema_json(data: &Dataset) -> Json {
    let mut schema = serde_json::Map::new();
    for a in &data.attributes {
        let said = [
            (a.many, ":db/cardinality", json!(":db.cardinality/many")),
            (a.reference, ":db/valueType", json!(":db.type/ref")),
            (a.identity, ":db/unique", json!(":db.unique/identity")),
            (a.index, ":db/index", json!(true)),
        ];
        let said = said.into_iter().filter(|(is, ..)| *is);
        let said: serde_json::Map<_, _> = said.map(|(_, k, v)| (k.to_string(), v)).collect();
        if !said.is_empty() {
            schema.insert(a.name.to_string(), said.into());
        }
    }
    schema.into()
}

fn atom_json(atom: &Atom) -> Json {
    match atom {
        Atom::Int(n) => json!(n),
        Atom::Text(text) => json!(text),
        Atom::Word(name) => json!(name),
        Atom::Flag(flag) => json!(flag),
        Atom::Ref(e) => json!(e),
    }
}

/// What the values of each attribute are.
fn types_json(data: &Dataset) -> Json {
    let mut types = serde_json::Map::new();
    for (_, a, v) in data.facts() {
        let name = data.attributes[a].name;
        if !types.contains_key(name) {
            let called = match v {
                Atom::Int(_) => "long",
                Atom::Text(_) => "string",
                Atom::Word(_) => "keyword",
                Atom::Flag(_) => "boolean",
                Atom::Ref(_) => "ref",
            };
            types.insert(name.into(), called.into());
        }
    }
    types.into()
}

/// Writes the facts of a data set.
pub(crate) fn write_data(folder: &Path, data: &Dataset) -> Result<(), Failure> {
    let create = |ending: &str| {
        let file = std::fs::File::create(folder.join(format!("{}.{ending}", data.name)));
        file.map(BufWriter::new)
    };
    let (mut edn, mut json) = (create("edn")?, create("json")?);
    for (e, a, v) in data.facts() {
        let name = data.attributes[a].name;
        writeln!(edn, "[{e} :{name} {}]", value(v))?;
        writeln!(json, "[{e},\"{name}\",{}]", atom_json(v))?;
    }
    edn.flush()?;
    Ok(json.flush()?)
}

/// Writes what is to be measured, once the data of all rows are written.
pub(crate) fn write_plan(
    folder: &Path,
    rows: &[&Row],
    datasets: &[Dataset],
    pace: Pace,
) -> Result<(), Failure> {
    let ms = |time: std::time::Duration| time.as_millis() as i64;
    let edn_rows: Result<Vec<Value>, Failure> = rows.iter().map(|row| row_edn(row)).collect();
    let described = datasets.iter().map(|data| {
        let said = vec![
            (keyword("schema"), schema_map(&data.attributes)),
            (keyword("facts"), Value::from(format!("{}.edn", data.name))),
        ];
        (Value::from(data.name.as_str()), Value::map(said))
    });
    let plan = Value::map(vec![
        (keyword("warmup-ms"), ms(pace.warm_up).into()),
        (keyword("measure-ms"), ms(pace.measure).into()),
        (keyword("least-runs"), (pace.least as i64).into()),
        (keyword("rows"), Value::vector(edn_rows?)),
        (keyword("datasets"), Value::map(described.collect())),
    ]);
    std::fs::write(folder.join("plan.edn"), plan.to_string())?;
    let json_rows: Result<Vec<Json>, Failure> = rows.iter().map(|row| row_json(row)).collect();
    let described = datasets.iter().map(|data| {
        let changes = data.changes.iter();
        let changes: Vec<Json> =
            changes.map(|(e, a, v)| json!([e, data.attributes[*a].name, atom_json(v)])).collect();
        let said = json!({
            "schema": schema_json(data), "types": types_json(data),
            "facts": format!("{}.json", data.name), "changes": changes,
        });
        (data.name.clone(), said)
    });
    let described: serde_json::Map<String, Json> = described.collect();
    let plan = json!({
        "warmup-ms": ms(pace.warm_up), "measure-ms": ms(pace.measure), "least-runs": pace.least,
        "rows": json_rows?, "datasets": described,
    });
    Ok(std::fs::write(folder.join("plan.json"), plan.to_string())?)
}
