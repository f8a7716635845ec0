//! clj-kondo's findings as it prints them: records of texts, numbers and flags, by bucket.

use super::{BUCKETS, KondoError};
use edn::{ReadOptions, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// One of clj-kondo's records, texts without the colon of keywords.
pub(super) struct Record(BTreeMap<String, Field>);

enum Field {
    Text(String),
    Number(u32),
    Numbers(Vec<u32>),
    Flag(bool),
}

/// All that are to be compared.
pub(super) struct Records(BTreeMap<&'static str, Vec<Record>>);

impl Records {
    /// A bucket by clj-kondo's name for it; `None` where it was not asked for it.
    pub(super) fn bucket(&self, name: &str) -> Option<&[Record]> {
        self.0.get(name).map(Vec::as_slice)
    }

    /// The files that clj-kondo read.
    pub(super) fn files(&self) -> BTreeSet<&str> {
        self.0.values().flatten().filter_map(|record| record.text("filename")).collect()
    }
}

impl Record {
    fn of_json(line: &str) -> Result<Record, serde_json::Error> {
        let map: BTreeMap<String, serde_json::Value> = serde_json::from_str(line)?;
        let field = |value: serde_json::Value| match value {
            serde_json::Value::String(text) => Some(Field::text(&text)),
            serde_json::Value::Number(n) => Some(Field::Number(n.as_u64()? as u32)),
            serde_json::Value::Bool(is) => Some(Field::Flag(is)),
            serde_json::Value::Array(items) => {
                Field::numbers(items.iter().map(serde_json::Value::as_u64))
            }
            _ => None,
        };
        Ok(Record(map.into_iter().filter_map(|(key, value)| Some((key, field(value)?))).collect()))
    }

    fn of_edn(value: &Value) -> Option<Record> {
        let number = |item: &Value| item.as_int().and_then(|n| u64::try_from(n).ok());
        let field = |value: &Value| match value {
            Value::Str(text) => Some(Field::text(text)),
            Value::Symbol(_) | Value::Keyword(_) => Some(Field::text(&value.to_string())),
            Value::Int(n) => Some(Field::Number(u32::try_from(*n).ok()?)),
            Value::Bool(is) => Some(Field::Flag(*is)),
            Value::Set(items) => Field::numbers(items.iter().map(number)),
            value => Field::numbers(value.as_seq()?.iter().map(number)),
        };
        let entries = value.as_map()?.iter();
        let entry = |(key, value): (&Value, &Value)| {
            Some((key.to_string().trim_start_matches(':').to_string(), field(value)?))
        };
        Some(Record(entries.filter_map(entry).collect()))
    }

    pub(super) fn text(&self, key: &str) -> Option<&str> {
        match self.0.get(key)? {
            Field::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn number(&self, key: &str) -> Option<u32> {
        match self.0.get(key)? {
            Field::Number(n) => Some(*n),
            _ => None,
        }
    }

    /// Numbers in ascending order; none where there are none.
    pub(super) fn numbers(&self, key: &str) -> &[u32] {
        match self.0.get(key) {
            Some(Field::Numbers(numbers)) => numbers,
            _ => &[],
        }
    }

    pub(super) fn flag(&self, key: &str) -> bool {
        matches!(self.0.get(key), Some(Field::Flag(true)))
    }
}

impl Field {
    fn text(text: &str) -> Field {
        Field::Text(text.trim_start_matches(':').to_string())
    }

    fn numbers(items: impl Iterator<Item = Option<u64>>) -> Option<Field> {
        let mut numbers: Vec<u32> = items.map(|n| Some(n? as u32)).collect::<Option<_>>()?;
        numbers.sort_unstable();
        Some(Field::Numbers(numbers))
    }
}

/// Reads a folder of JSON lines or a file of EDN.
pub(super) fn read(analysis: &Path) -> Result<Records, KondoError> {
    let wrong = |what: String| KondoError::Form(analysis.to_path_buf(), what);
    let records = match analysis.is_dir() {
        true => of_folder(analysis)?,
        false => of_file(analysis)?,
    };
    match records.0.is_empty() {
        true => Err(wrong("there are none of clj-kondo's findings".into())),
        false => Ok(records),
    }
}

fn text(path: &Path) -> Result<String, KondoError> {
    std::fs::read_to_string(path).map_err(|e| KondoError::Read(path.to_path_buf(), e))
}

fn of_folder(analysis: &Path) -> Result<Records, KondoError> {
    let mut records = BTreeMap::new();
    for about in &BUCKETS {
        let path = analysis.join(format!("{}.jsonl", about.file));
        if path.exists() && !records.contains_key(about.file) {
            let read: Result<_, _> = text(&path)?.lines().map(Record::of_json).collect();
            let read = read.map_err(|e| KondoError::Form(path, e.to_string()))?;
            records.insert(about.file, read);
        }
    }
    Ok(Records(records))
}

fn of_file(analysis: &Path) -> Result<Records, KondoError> {
    let wrong = |what: String| KondoError::Form(analysis.to_path_buf(), what);
    let options = ReadOptions { clojure: true, ..ReadOptions::default() };
    let forms = edn::read_all_with(&text(analysis)?, &options).map_err(|e| wrong(e.to_string()))?;
    let map = forms.first().and_then(|form| form.as_map());
    let map = map.ok_or_else(|| wrong("expected a map with :analysis".into()))?;
    let inner = map.get_keyword("analysis").and_then(Value::as_map).unwrap_or(map);
    let mut records = BTreeMap::new();
    for about in &BUCKETS {
        if let Some(items) = inner.get_keyword(about.file).and_then(Value::as_seq) {
            records.insert(about.file, items.iter().filter_map(Record::of_edn).collect());
        }
    }
    Ok(Records(records))
}
