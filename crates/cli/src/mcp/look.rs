//! Tools that look: `search`, `show`, `context`, `query`, `history`, `stats`.

use super::answer::{self, MOST};
use super::project::{Moment, Project};
use crate::commands::ask::unknown_attributes;
use crate::commands::assist::{Wanted, find_context};
use crate::commands::past::{change, differences};
use crate::commands::{as_of, statement};
use crate::problem::{Outcome, Problem, did_you_mean, similar};
use code::commit::Origin;
use code::context::{self, Layout, Words, signature};
use code::diff::{self, Difference, Filter, Happened};
use code::history::{self, Version};
use code::location::Locations;
use code::search::{self, Search};
use code::show::{self, Shown};
use code::stats;
use db::{Db, EntityId, Input, Limits, Query};
use edn::Value;
use schemars::JsonSchema;
use serde::Deserialize;
use std::fmt::Write;
use std::time::Duration;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Find {
    /// What to look for
    text: String,
    /// It is a regular expression
    #[serde(default)]
    regex: bool,
    /// At most so many (20)
    limit: Option<usize>,
}

/// Each hit on a line: name, place, signature or the line where the text is.
pub(super) fn search(project: &Project, find: Find) -> Outcome<String> {
    const HITS: usize = 20;
    const MOST_HITS: usize = 200;
    let now = project.now()?;
    let limit = find.limit.unwrap_or(HITS).clamp(1, MOST_HITS);
    let wanted = Search { pattern: &find.text, regex: find.regex, case_sensitive: false, limit };
    let hits = search::search(&now.db, &wanted).map_err(|e| Problem::new(e.to_string()))?;
    let mut places = Locations::of(&now.db)?;
    let mut text = String::new();
    for hit in &hits.hits {
        let line = match &hit.line {
            Some((_, line)) => line.trim().to_owned(),
            None => signature(&now.db, hit.statement)?,
        };
        list(&mut text, &hit.fqn, place(&mut places, hit.statement).as_deref(), &line);
    }
    if hits.total > hits.hits.len() {
        let _ = writeln!(text, "… {} of {} shown", hits.hits.len(), hits.total);
    }
    if hits.hits.is_empty() && !find.regex {
        text = by_words(&now, &find.text, limit)?;
    }
    match text.is_empty() {
        false => Ok(text),
        true => Err(Problem::new(format!("nothing has the text `{}`", find.text))
            .help("try one word of it, or part of a name")),
    }
}

fn by_words(now: &Moment, text: &str, limit: usize) -> Outcome<String> {
    let network = now.network()?;
    let found = context::search(&now.db, network, &Words::of_question(text))?;
    let mut places = Locations::of(&now.db)?;
    let mut lines = String::new();
    for (node, _) in found.into_iter().take(limit) {
        let e = network.statement(node);
        let fqn = show::show(&now.db, e)?.fqn;
        list(&mut lines, &fqn, place(&mut places, e).as_deref(), &signature(&now.db, e)?);
    }
    Ok(lines)
}

fn list(text: &mut String, fqn: &str, place: Option<&str>, line: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{fqn}  {}\n    {line}", place.unwrap_or_default());
}

fn place(places: &mut Locations<'_>, statement: EntityId) -> Option<String> {
    places.find(statement).map(|location| location.to_string())
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Show {
    /// Fully qualified names, or ends of them that are unique
    names: Vec<String>,
    /// As it was then: an instant, or a transaction number of history
    as_of: Option<String>,
}

/// A name that means nothing does not keep the others from being shown.
pub(super) fn show(project: &Project, wanted: Show) -> Outcome<String> {
    let now = project.now()?;
    let db = as_of(&now.db, wanted.as_of.as_deref())?;
    if wanted.names.is_empty() {
        return Err(Problem::new("no names were given"));
    }
    let mut text = String::new();
    let mut problem = None;
    let mut found = false;
    for name in &wanted.names {
        match shown(&db, name) {
            Ok(one) => {
                found = true;
                text.push_str(&one);
            }
            Err(error) => {
                let _ = writeln!(text, ";; {}\n", error.plain().replace('\n', "\n;; "));
                problem = Some(error);
            }
        }
    }
    match problem {
        Some(problem) if !found => Err(problem),
        _ => Ok(text),
    }
}

fn shown(db: &Db, name: &str) -> Outcome<String> {
    let shown = show::show(db, statement(db, name)?)?;
    let mut text = head(&shown);
    let _ = writeln!(text, "{}\n", shown.source);
    if shown.kind == "ns" {
        outline(db, &shown, &mut text)?;
    }
    Ok(text)
}

fn head(shown: &Shown) -> String {
    const NAMES: usize = 12;
    let mut text = format!(";; {} {}", shown.fqn, shown.kind);
    if let Some(location) = &shown.location {
        let _ = write!(text, " {location}-{}", location.end_line);
    }
    for (is, word) in [(shown.private, "private"), (shown.deprecated, "deprecated")] {
        if is {
            let _ = write!(text, ", {word}");
        }
    }
    text.push('\n');
    let users: Vec<&str> = shown.dependents.iter().map(|(name, _)| name.as_str()).collect();
    // That it uses `let` and `+` says nothing.
    let is_core = |name: &&str| ["clojure.core/", "cljs.core/"].iter().any(|c| name.starts_with(c));
    let used: Vec<&str> =
        shown.dependencies.iter().map(String::as_str).filter(|n| !is_core(n)).collect();
    for (word, names) in [("uses", used), ("used by", users)] {
        let more = names.len().saturating_sub(NAMES);
        if !names.is_empty() && shown.kind != "ns" {
            let _ = write!(text, ";; {word} {}", names[..names.len() - more].join(" "));
            text.push_str(&if more > 0 { format!(" and {more} more\n") } else { "\n".to_owned() });
        }
    }
    text
}

/// The signatures of a namespace's statements, in the order of the file.
fn outline(db: &Db, namespace: &Shown, text: &mut String) -> Outcome<()> {
    let query =
        "[:find ?o ?s :in $ ?ns :where [?s :statement/namespace ?ns] [?s :statement/order ?o]]";
    let query = Query::parse(&Value::string(query)).map_err(|e| Problem::new(e.to_string()))?;
    let inputs = [db.into(), Input::from(Value::string(namespace.fqn.as_str()))];
    let result = query.run(&inputs).map_err(|e| Problem::new(e.to_string()))?;
    let mut rows: Vec<Vec<Value>> = result.rows().collect();
    rows.sort_unstable();
    for row in rows {
        let statement = row[1].as_int().and_then(|e| EntityId::try_from(e).ok());
        if let Some(statement) = statement.filter(|e| *e != namespace.statement) {
            let _ = writeln!(text, "{}", signature(db, statement)?);
        }
    }
    Ok(())
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Context {
    /// Names of statements
    #[serde(default)]
    names: Vec<String>,
    /// Or a question in plain words
    question: Option<String>,
    /// At most so many tokens (8000)
    budget: Option<usize>,
}

/// The same text as `defbase context` prints.
pub(super) fn context(project: &Project, wanted: Context) -> Outcome<String> {
    const BUDGET: usize = 8000;
    let now = project.now()?;
    let budget = wanted.budget.unwrap_or(BUDGET).min(MOST);
    let asked = match (wanted.names.is_empty(), wanted.question) {
        (false, None) => Wanted::Names(wanted.names),
        (true, Some(question)) => Wanted::Question(question),
        _ => return Err(Problem::new("give either names or a question")),
    };
    let found = find_context(&now.db, now.network()?, &asked, budget, Layout::Text)?;
    match found.items.is_empty() {
        true => {
            Err(Problem::new(format!("nothing fits into {budget} tokens"))
                .help("give a larger budget"))
        }
        false => Ok(found.text),
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Ask {
    /// The query as EDN
    query: String,
    /// What follows the database in :in, each as EDN
    #[serde(default)]
    inputs: Vec<String>,
    /// At most so many rows (100)
    limit: Option<usize>,
}

/// A query may take so long, and no intermediate result may have more rows.
const TIME: Duration = Duration::from_secs(10);
const ROWS: usize = 5_000_000;

/// Rows as EDN vectors, a line each.
pub(super) fn query(project: &Project, ask: Ask) -> Outcome<String> {
    const SHOWN: usize = 100;
    let now = project.now()?;
    let read = |text: &str| {
        edn::read(text).map_err(|e| Problem::new(format!("`{text}` does not read as EDN: {e}")))
    };
    let form = read(&ask.query)?;
    let explained = |e: db::QueryError| {
        Problem::new(e.to_string())
            .help("a query is [:find ?x ... :in $ ... :where [?e :attribute ?x] ...]; `inputs` follow the database")
    };
    let query = Query::parse(&form).map_err(explained)?;
    let mut inputs = vec![Input::from(&now.db)];
    for input in &ask.inputs {
        inputs.push(Input::from(read(input)?));
    }
    let limits = Limits { rows: ROWS, time: Some(TIME) };
    let result = query.run_within(&inputs, limits).map_err(explained)?;
    if !result.is_relation() {
        return Ok(result.into_value().to_string());
    }
    let total = result.len();
    let limit = ask.limit.unwrap_or(SHOWN);
    let rows = result.rows().take(limit).map(|row| Value::vector(row).to_string());
    let mut text = rows.collect::<Vec<_>>().join("\n");
    if total > limit {
        let _ = write!(text, "\n… {limit} of {total} rows; limit shows more");
    }
    if total == 0 {
        text.push_str("no rows");
        let known: Vec<String> = now.db.schema().as_map().keys().map(Value::to_string).collect();
        for unknown in unknown_attributes(&now.db, &form) {
            let hint = did_you_mean(&similar(&unknown, known.iter().map(String::as_str)));
            let _ = write!(
                text,
                "\nno entity has the attribute {unknown}; {}",
                hint.unwrap_or_default()
            );
        }
    }
    Ok(text)
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Past {
    /// A statement's name, also one it had once
    name: Option<String>,
    /// At most so many (20)
    limit: Option<usize>,
}

/// The last version first.
pub(super) fn history(project: &Project, past: Past) -> Outcome<String> {
    const SHOWN: usize = 20;
    let now = project.now()?;
    let limit = past.limit.unwrap_or(SHOWN);
    let Some(name) = past.name else { return log(&now.db, limit) };
    let mut entities = history::entities_ever_named(&now.db, &name)?;
    if entities.is_empty() {
        entities = vec![statement(&now.db, &name)?];
    }
    let mut lines = Vec::new();
    for entity in entities {
        let mut last: Option<Version> = None;
        for version in history::versions(&now.db, entity)? {
            let what = change(last.as_ref(), &version);
            lines.push(format!("{} {what}", origin(&version.origin)));
            last = Some(version);
        }
    }
    lines.reverse();
    lines.truncate(limit);
    lines.push("show with as_of and the number of a transaction shows it as it was".to_owned());
    Ok(lines.join("\n"))
}

fn log(db: &Db, limit: usize) -> Outcome<String> {
    let mut text = String::new();
    for entry in diff::log(db, limit, |_| true, &Filter::default())? {
        let subject = entry.origin.subject().map(|s| format!(" {s}")).unwrap_or_default();
        let _ = writeln!(text, "{}{subject}", origin(&entry.origin));
        names(&mut text, &entry.differences);
    }
    Ok(text)
}

/// What happened to which statements, a line for each kind of change.
fn names(text: &mut String, differences: &[Difference]) {
    const NAMES: usize = 12;
    for what in Happened::ALL {
        let of_kind: Vec<&str> = differences
            .iter()
            .filter(|d| d.happened.contains(&what))
            .map(Difference::fqn)
            .collect();
        if !of_kind.is_empty() {
            let shown = &of_kind[..of_kind.len().min(NAMES)];
            let more = if of_kind.len() > NAMES { " …" } else { "" };
            let _ =
                writeln!(text, "  {} {}: {}{more}", of_kind.len(), what.word(), shown.join(" "));
        }
    }
}

fn origin(origin: &Origin) -> String {
    let at = origin.at.map(|at| Value::Inst(at).to_string());
    let at = at.as_deref().map_or("", |at| at.trim_start_matches("#inst ").trim_matches('"'));
    format!("{} {at} {}", origin.tx, origin.author.as_deref().unwrap_or("unknown"))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Between {
    /// An instant, or a transaction number of history
    from: String,
    /// The same; now where it is missing
    to: Option<String>,
    /// Only this namespace
    namespace: Option<String>,
    /// With the lines that differ
    #[serde(default)]
    patch: bool,
}

/// Names by what happened to them, and the lines where they are wanted.
pub(super) fn diff_between(project: &Project, between: Between) -> Outcome<String> {
    let Between { from, to, namespace, patch } = between;
    let filter = Filter { namespace, ..Filter::default() };
    let differences = differences(&project.now()?.db, &from, to.as_deref(), &filter)?;
    let mut text = String::new();
    names(&mut text, &differences);
    if patch {
        differences.iter().for_each(|difference| text.push_str(&difference.patch()));
    }
    match text.is_empty() {
        true => Ok("nothing differs\n".to_owned()),
        false => Ok(text),
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Count {
    /// Only namespaces whose name begins so
    #[serde(default)]
    namespace: String,
}

/// A line for each namespace.
pub(super) fn stats(project: &Project, count: Count) -> Outcome<String> {
    let stats = stats::stats(&project.now()?.db)?;
    let mut text = format!(
        "{} files, {} statements, {} lines, {} dependencies\n",
        stats.files, stats.total.statements, stats.total.lines, stats.edges
    );
    text.push_str("namespace: statements, public, tests, lines, uses, used by\n");
    for n in stats.namespaces.iter().filter(|n| n.namespace.starts_with(&count.namespace)) {
        let c = &n.counts;
        let _ = writeln!(
            text,
            "{}: {}, {}, {}, {}, {}, {}",
            n.namespace, c.statements, c.public, c.tests, c.lines, n.uses, n.used_by
        );
    }
    Ok(text)
}

/// The schema of the database, an attribute a line.
pub(super) fn schema() -> String {
    let line = |attr: code::model::Attr| format!("{} {}", attr.name(), attr.doc());
    answer::within(
        &code::model::Attr::all().map(line).collect::<Vec<_>>().join("\n"),
        answer::LIMIT,
    )
}
