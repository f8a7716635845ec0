//! An analyser of a very small Clojure, for tests of what comes after analysis.
#![allow(dead_code, clippy::unwrap_used, unreachable_pub)]

use code::facts::{FileFacts, StatementFacts};
use code::import::{Update, plan};
use code::model;
use db::Db;
use edn::{Inst, Keyword};

/// Facts as an analyser of a very small Clojure would find them: names are `ns/name`, and every other symbol that is the
/// name of a definition anywhere is a use.
pub fn facts(files: &[(&str, &str)]) -> Vec<FileFacts> {
    let mut all: Vec<FileFacts> = files.iter().map(|(path, text)| file(path, text)).collect();
    let defined: Vec<(String, String)> = all
        .iter()
        .flat_map(|f| &f.statements)
        .map(|s| (s.name.to_string(), s.fqn.to_string()))
        .collect();
    for statement in all.iter_mut().flat_map(|f| &mut f.statements) {
        let words = statement.source.split(|c: char| " ()[]\n".contains(c)).skip(3);
        for word in words {
            for (_, fqn) in defined.iter().filter(|(name, _)| name == word) {
                statement.dependencies.push((fqn.as_str().into(), Keyword::parse("function-call")));
            }
        }
    }
    all
}

pub fn file(path: &str, text: &str) -> FileFacts {
    let tree = edn::syntax::parse(text);
    let mut facts = FileFacts {
        path: path.to_owned(),
        hash: model::content_hash(text.as_bytes()),
        ..FileFacts::default()
    };
    let (mut end, mut ns) = (0, "user");
    for root in tree.roots() {
        let node = tree.node(root);
        let source = tree.text(root, text);
        let mut words = source
            .split(|c: char| " ()[]\n".contains(c))
            .filter(|w| !w.is_empty() && *w != "^:private");
        let (head, name) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
        let fqn = match head {
            "ns" => {
                ns = name;
                name.to_owned()
            }
            "def" | "defn" => format!("{ns}/{name}"),
            _ => format!("{ns}/({head})"),
        };
        let mut statement = StatementFacts::new(&fqn, Some(ns), name, head);
        statement.doc = (head == "defn" || head == "ns")
            .then(|| source.split('"').nth(1))
            .flatten()
            .map(edn::Str::from);
        statement.arglists = (head == "defn").then(|| "([])".into());
        statement.private = source.contains("^:private");
        statement.before = text[end..node.start as usize].into();
        statement.source = source.into();
        facts.statements.push(statement);
        end = node.end as usize;
    }
    facts.tail = text[end..].to_owned();
    facts
}

/// A database of these files.
pub fn imported(files: &[(&str, &str)]) -> Db {
    updated(&model::empty_db().unwrap(), files, &[], 1)
}

/// The database with these files as they are now, and without those that are gone.
pub fn updated(db: &Db, files: &[(&str, &str)], gone: &[&str], now: i64) -> Db {
    let files = facts(files);
    let gone: Vec<String> = gone.iter().map(|g| (*g).to_owned()).collect();
    let plan =
        plan(db, &Update { files: &files, gone: &gone, config: None, now: Inst(now) }).unwrap();
    db.with_ops(&plan.ops, edn::Value::Nil).unwrap().db_after
}
