//! What clj-kondo finds in Clojure sources, beside what `code` finds in them.
//!
//! clj-kondo's findings come as a folder of JSON lines, one file a bucket (`var-usages.jsonl` …), or as what `clj-kondo --config
//! '{:output {:analysis true :format :edn}}'` prints. Places are compared to the column. Left out on its side are records without a
//! place, which it makes of what macros expand to, special forms and members of the host, which are no vars.

use code::analysis::{DefinitionFound, Findings, Place, Rules, find};
use edn::{ReadOptions, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};

/// Why nothing could be compared.
#[derive(Debug, thiserror::Error)]
pub enum KondoError {
    /// A file cannot be read.
    #[error("{0}: {1}")]
    Read(PathBuf, std::io::Error),
    /// Not what clj-kondo prints.
    #[error("{0}: {1}")]
    Form(PathBuf, String),
    /// The sources are elsewhere.
    #[error(
        "of {0} files that clj-kondo read none is there: say the folder that their names are relative to"
    )]
    NoSources(usize),
}

/// The buckets that are compared.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Bucket {
    /// `ns` forms.
    Namespaces,
    /// Namespaces that are named to be loaded, with their alias.
    Loads,
    /// Vars that are defined.
    Definitions,
    /// Vars that are used, by what they resolve to.
    Usages,
    /// The same with the var in whose definition they are used.
    UsagesWithin,
    /// Names that could not be resolved.
    Unresolved,
}

const BUCKETS: [(Bucket, &str, &str); 6] = [
    (Bucket::Namespaces, "namespace-definitions", "namespaces"),
    (Bucket::Loads, "namespace-usages", "namespace usages"),
    (Bucket::Definitions, "var-definitions", "var definitions"),
    (Bucket::Usages, "var-usages", "var usages"),
    (Bucket::UsagesWithin, "var-usages", "var usages with the var around"),
    (Bucket::Unresolved, "var-usages", "unresolved names"),
];

/// Forms that are no vars; clj-kondo counts them as uses of core.
const SPECIAL: &str = "def if do let* loop* fn* letfn* quote var try catch finally throw recur new . set! \
    monitor-enter monitor-exit & case* deftype* reify* import* ns* js* defrecord* in-ns ns";

/// One finding: where it is, and what is said of it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Finding {
    file: String,
    row: u32,
    col: u32,
    lang: String,
    says: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Finding { file, row, col, lang, says } = self;
        write!(f, "{file}:{row}:{col} {lang} {says}")
    }
}

type Buckets = BTreeMap<Bucket, BTreeSet<Finding>>;

/// What came of comparing one bucket.
#[derive(Debug)]
pub struct Agreement {
    /// What the bucket is called.
    pub name: &'static str,
    /// Findings of both.
    pub both: usize,
    /// Only clj-kondo's, as text.
    pub missed: Vec<String>,
    /// Only ours, as text.
    pub extra: Vec<String>,
}

impl Agreement {
    /// The share of clj-kondo's findings that we have too, in percent.
    pub fn recall(&self) -> f64 {
        percent(self.both, self.both + self.missed.len())
    }

    /// The share of our findings that clj-kondo has too, in percent.
    pub fn precision(&self) -> f64 {
        percent(self.both, self.both + self.extra.len())
    }
}

fn percent(part: usize, whole: usize) -> f64 {
    if whole == 0 { 100.0 } else { 100.0 * part as f64 / whole as f64 }
}

/// Compares clj-kondo's findings with ours in the same files, which are looked for in the folders.
pub fn compare(analysis: &Path, folders: &[PathBuf]) -> Result<Vec<Agreement>, KondoError> {
    let records = read(analysis)?;
    let names: BTreeSet<&str> =
        records.values().flatten().filter_map(|record| record.text("filename")).collect();
    let files = sources(&names, folders)?;
    let mut rules = Rules::default();
    for folder in folders {
        let config = folder.join(".clj-kondo/config.edn");
        if let Ok(text) = std::fs::read_to_string(&config) {
            let wrong = |e: edn::ReadError| KondoError::Form(config.clone(), e.to_string());
            rules.add_kondo_config(&text).map_err(wrong)?;
        }
    }
    let ours = ours(&find(&files, &rules));
    let analysed: BTreeSet<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
    let theirs = theirs(&records, &analysed);
    let none = BTreeSet::new();
    let agreement = |(bucket, _, name): (Bucket, &str, &'static str)| {
        let (ours, theirs) =
            (ours.get(&bucket).unwrap_or(&none), theirs.get(&bucket).unwrap_or(&none));
        Agreement {
            name,
            both: ours.intersection(theirs).count(),
            missed: theirs.difference(ours).map(Finding::to_string).collect(),
            extra: ours.difference(theirs).map(Finding::to_string).collect(),
        }
    };
    Ok(BUCKETS.into_iter().map(agreement).collect())
}

/// One of clj-kondo's records, texts without the colon of keywords.
struct Record(BTreeMap<String, Field>);

enum Field {
    Text(String),
    Number(u32),
}

impl Record {
    fn of_json(line: &str) -> Result<Record, serde_json::Error> {
        let map: BTreeMap<String, serde_json::Value> = serde_json::from_str(line)?;
        let field = |value: serde_json::Value| match value {
            serde_json::Value::String(text) => Some(Field::text(&text)),
            serde_json::Value::Number(n) => Some(Field::Number(n.as_u64()? as u32)),
            _ => None,
        };
        Ok(Record(map.into_iter().filter_map(|(key, value)| Some((key, field(value)?))).collect()))
    }

    fn of_edn(value: &Value) -> Option<Record> {
        let field = |value: &Value| match value {
            Value::Str(text) => Some(Field::text(text)),
            Value::Symbol(_) | Value::Keyword(_) => Some(Field::text(&value.to_string())),
            Value::Int(n) => Some(Field::Number(u32::try_from(*n).ok()?)),
            _ => None,
        };
        let entries = value.as_map()?.iter();
        let entry = |(key, value): (&Value, &Value)| {
            Some((key.to_string().trim_start_matches(':').to_string(), field(value)?))
        };
        Some(Record(entries.filter_map(entry).collect()))
    }

    fn text(&self, key: &str) -> Option<&str> {
        match self.0.get(key)? {
            Field::Text(text) => Some(text),
            Field::Number(_) => None,
        }
    }

    fn number(&self, key: &str) -> Option<u32> {
        match self.0.get(key)? {
            Field::Number(n) => Some(*n),
            Field::Text(_) => None,
        }
    }
}

impl Field {
    fn text(text: &str) -> Field {
        Field::Text(text.trim_start_matches(':').to_string())
    }
}

type Records = BTreeMap<&'static str, Vec<Record>>;

fn read(analysis: &Path) -> Result<Records, KondoError> {
    let text = |path: &Path| {
        std::fs::read_to_string(path).map_err(|e| KondoError::Read(path.to_path_buf(), e))
    };
    let mut records = Records::new();
    if analysis.is_dir() {
        for (_, bucket, _) in BUCKETS {
            let path = analysis.join(format!("{bucket}.jsonl"));
            let read: Result<_, _> = text(&path)?.lines().map(Record::of_json).collect();
            records.insert(bucket, read.map_err(|e| KondoError::Form(path, e.to_string()))?);
        }
        return Ok(records);
    }
    let wrong = |what: String| KondoError::Form(analysis.to_path_buf(), what);
    let options = ReadOptions { clojure: true, ..ReadOptions::default() };
    let forms = edn::read_all_with(&text(analysis)?, &options).map_err(|e| wrong(e.to_string()))?;
    let map = forms.first().and_then(|form| form.as_map());
    let map = map.ok_or_else(|| wrong("expected a map with :analysis".into()))?;
    let inner = map.get_keyword("analysis").and_then(Value::as_map).unwrap_or(map);
    for (_, bucket, _) in BUCKETS {
        let items = inner.get_keyword(bucket).and_then(Value::as_seq).unwrap_or_default();
        records.insert(bucket, items.iter().filter_map(Record::of_edn).collect());
    }
    Ok(records)
}

/// The files of these names, each from the first folder that has it.
fn sources(
    names: &BTreeSet<&str>,
    folders: &[PathBuf],
) -> Result<Vec<(String, String)>, KondoError> {
    let text = |name: &&str| {
        folders.iter().find_map(|folder| std::fs::read_to_string(folder.join(name)).ok())
    };
    let found: Vec<(String, String)> =
        names.iter().filter_map(|name| Some((name.to_string(), text(name)?))).collect();
    match found.is_empty() {
        true => Err(KondoError::NoSources(names.len())),
        false => Ok(found),
    }
}

/// clj-kondo does not say that a use stands in a type.
fn makes_type(defined_by: &str) -> bool {
    ["defrecord", "deftype"].contains(&defined_by.rsplit('/').next().unwrap_or(defined_by))
}

fn theirs(records: &Records, analysed: &BTreeSet<&str>) -> Buckets {
    let special: BTreeSet<&str> = SPECIAL.split_whitespace().collect();
    let types: BTreeSet<&str> = records["var-definitions"]
        .iter()
        .filter(|record| record.text("defined-by").is_some_and(makes_type))
        .filter_map(|record| record.text("name"))
        .collect();
    let mut buckets = Buckets::new();
    for (bucket, file, _) in BUCKETS {
        let findings = buckets.entry(bucket).or_default();
        for record in records.get(file).into_iter().flatten() {
            let text = |key| record.text(key).unwrap_or("-");
            let unknown = text("to") == "clj-kondo/unknown-namespace";
            // As ClojureScript has it, core is one namespace under two names.
            let in_cljs = text("lang") == "cljs" || text("filename").ends_with(".cljs");
            let of_usage = matches!(bucket, Bucket::Usages | Bucket::UsagesWithin);
            let to = match text("to") {
                "clojure.core" if in_cljs && of_usage => "cljs.core",
                to => to,
            };
            let of_host = record.text("to").is_none();
            if of_usage && (unknown || of_host) || !unknown && bucket == Bucket::Unresolved {
                continue;
            }
            let is_core = matches!(to, "clojure.core" | "cljs.core");
            let says = match bucket {
                Bucket::Namespaces => text("name").to_string(),
                Bucket::Loads => format!("{} -> {to} {}", text("from"), text("alias")),
                Bucket::Definitions => format!("{}/{}", text("ns"), text("name")),
                _ if is_core && special.contains(text("name")) => continue,
                Bucket::Usages => format!("{to}/{}", text("name")),
                Bucket::UsagesWithin => {
                    let within = record.text("from-var").filter(|var| !types.contains(var));
                    format!("{} {to}/{}", within.unwrap_or("-"), text("name"))
                }
                Bucket::Unresolved => text("name").to_string(),
            };
            let place = record.number("name-row").zip(record.number("name-col"));
            let Some((row, col)) = place else { continue };
            if analysed.contains(text("filename")) {
                let lang = record.text("lang").unwrap_or_default().to_string();
                findings.insert(Finding { file: text("filename").into(), row, col, lang, says });
            }
        }
    }
    buckets
}

fn ours(all: &[Findings]) -> Buckets {
    let mut buckets = Buckets::new();
    for found in all {
        let mut add = |bucket, lang: Option<&str>, at: Place, says: String| {
            let lang = lang.unwrap_or_default().to_string();
            let (file, row, col) = (found.path.clone(), at.row, at.col);
            buckets.entry(bucket).or_default().insert(Finding { file, row, col, lang, says });
        };
        for ns in &found.namespaces {
            add(Bucket::Namespaces, ns.lang, ns.name_at, ns.name.to_string());
        }
        for load in &found.loads {
            let alias = load.alias.as_deref().unwrap_or("-");
            let says = format!("{} -> {} {alias}", load.from, load.to);
            add(Bucket::Loads, load.lang, load.name_at, says);
        }
        for def in &found.definitions {
            add(Bucket::Definitions, def.lang, def.name_at, format!("{}/{}", def.ns, def.name));
        }
        let is_type = |def: &&DefinitionFound| makes_type(&def.kind);
        let types: BTreeSet<&str> =
            found.definitions.iter().filter(is_type).map(|def| &*def.name).collect();
        for usage in &found.usages {
            let Some(to) = &usage.to else {
                add(Bucket::Unresolved, usage.lang, usage.name_at, usage.name.to_string());
                continue;
            };
            let var = format!("{to}/{}", usage.name);
            let within =
                usage.from_var.as_deref().filter(|var| !types.contains(var)).unwrap_or("-");
            add(Bucket::UsagesWithin, usage.lang, usage.name_at, format!("{within} {var}"));
            add(Bucket::Usages, usage.lang, usage.name_at, var);
        }
    }
    buckets
}
