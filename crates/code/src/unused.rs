//! Vars that nothing uses.
//!
//! A var is unused when no other statement uses it; vars that only use each other are unused together. What loads a namespace
//! or imports a type does not use it. Left out is what is used from outside: tests, `-main`, what is exported or registers itself,
//! methods, the functions of a class that `:gen-class` makes, those of a namespace that tools call into (`:ns-default` in
//! `deps.edn`, `user`, where a REPL begins) or that something goes through whole (`ns-publics`), and forms that define
//! nothing; so is a var whose full name stands anywhere else in the sources: quoted, for `requiring-resolve`, in a text, in a file
//! of data such as `deps.edn`. What several files define under one name, as scripts, programs of one repository and platforms
//! do, is used in all of them where it is in one.
//!
//! Cost: the graph of all statements; where something seems unused, one pass over all sources.

use crate::analysis::shared_name;
use crate::dependencies::{NamedGraph, defines_var};
use crate::graph::Direction;
use crate::impact::is_test_kind;
use crate::model::{Attr, DependencyType, NotCode, Types};
use crate::source::Source;
use db::{Db, EntityId};
use rustc_hash::{FxHashMap, FxHashSet};

/// A var that no statement uses.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Unused {
    /// Its name.
    pub fqn: String,
    /// Its statement.
    pub statement: EntityId,
    /// What defines it.
    pub kind: String,
    /// Whether it is private, so that nobody else can use it either.
    pub private: bool,
}

/// The vars that nothing uses, by name.
pub fn unused(db: &Db) -> Result<Vec<Unused>, NotCode> {
    let source = Source::new(db)?;
    let uses = Types::all_but(&[DependencyType::NamespaceRequire, DependencyType::Import]);
    let named = NamedGraph::statements(db)?.only(uses);
    let (component, count) = named.graph.components();
    let mut alive = vec![false; count];
    for (from, to) in named.graph.edges() {
        let (from, to) = (component[from as usize], component[to as usize]);
        alive[to as usize] |= from != to;
    }
    let open = Open::of(&source, &named);
    for node in 0..named.graph.len() as u32 {
        let own = component[node as usize] as usize;
        alive[own] = alive[own] || is_alive(&source, &named, node, &open);
    }
    let is_left = |node: &u32| !alive[component[*node as usize] as usize];
    let left: Vec<u32> = (0..named.graph.len() as u32).filter(is_left).collect();
    for node in mentioned(&source, &named, &left) {
        alive[component[node as usize] as usize] = true;
    }
    let shared = |node: u32| shared_name(named.name(node));
    let wanted: FxHashSet<&str> = left.iter().map(|node| shared(*node)).collect();
    let all = 0..named.graph.len() as u32;
    let used = all.filter(|node| alive[component[*node as usize] as usize]).map(shared);
    let used: FxHashSet<&str> = used.filter(|name| wanted.contains(name)).collect();
    for node in left.iter().filter(|node| used.contains(shared(**node))) {
        alive[component[*node as usize] as usize] = true;
    }
    let is_left = |node: &&u32| !alive[component[**node as usize] as usize];
    let unused = left.iter().filter(is_left).map(|node| {
        let statement = named.entity(*node);
        Unused {
            fqn: named.name(*node).to_string(),
            statement,
            kind: source.keyword(statement, Attr::StatementType).unwrap_or_default(),
            private: source.flag(statement, Attr::StatementPrivate),
        }
    });
    let mut unused: Vec<Unused> = unused.collect();
    unused.sort_unstable();
    Ok(unused)
}

/// Whether a statement is used from outside, or defines nothing that could be used.
fn is_alive(source: &Source<'_>, named: &NamedGraph, node: u32, open: &Open) -> bool {
    let statement = named.entity(node);
    let kind = source.keyword(statement, Attr::StatementType).unwrap_or_default();
    let name = source.text(statement, Attr::StatementName).unwrap_or_default();
    let namespace = source.text(statement, Attr::StatementNamespace).unwrap_or_default();
    let of_class = || name.starts_with('-') && open.classes.contains(&*namespace);
    let of_tool =
        || open.tools.contains(&*namespace) && !source.flag(statement, Attr::StatementPrivate);
    let kind = kind.rsplit('/').next().unwrap_or(&kind);
    matches!(kind, "ns" | "defmethod" | "defproject")
        || is_test_kind(kind)
        || source.flag(statement, Attr::StatementRoot)
        || &*name == "-main"
        || of_class()
        || of_tool()
        || !defines_var(source, statement, named.name(node))
}

/// The namespaces where a REPL begins, so that what is in them is called by people.
const FOR_PEOPLE: [&str; 3] = ["user", "cljs.user", "shadow.user"];

/// What gives all vars of a namespace.
const LISTINGS: [&str; 3] = ["ns-publics", "ns-interns", "ns-map"];

/// Namespaces with vars that something uses without naming them.
#[derive(Default)]
struct Open {
    /// A class is made of it.
    classes: FxHashSet<String>,
    /// A tool calls its functions, or people do; or something goes through all its vars.
    tools: FxHashSet<String>,
}

impl Open {
    fn of(source: &Source<'_>, named: &NamedGraph) -> Open {
        let mut open = Open::default();
        let namespace = |e: EntityId| Some(source.text(e, Attr::StatementNamespace)?.to_string());
        for (e, text) in source.texts(Attr::StatementSource) {
            if text.contains(":gen-class") {
                open.classes.extend(namespace(e));
            }
            let after = |word| text.split(word).skip(1).filter_map(first_word).map(str::to_owned);
            open.tools.extend(after(":ns-default"));
            let listed: Vec<String> = LISTINGS.into_iter().flat_map(after).collect();
            if listed.iter().any(|word| word == "*ns*") {
                open.tools.extend(namespace(e));
            }
            // A macro can also ask the compiler, and is about where it is used.
            let goes_through =
                !listed.is_empty() || text.contains("&env") && text.contains(":defs");
            if goes_through && source.flag(e, Attr::StatementMacro) {
                open.tools.extend(users(named, e).filter_map(namespace));
            }
            open.tools.extend(listed);
        }
        let has_form = |ns: &&str| source.named(Attr::StatementFqn, ns).is_some();
        open.tools.extend(FOR_PEOPLE.iter().filter(|ns| has_form(ns)).map(|ns| (*ns).to_owned()));
        open
    }
}

/// The statements that use another one.
fn users(named: &NamedGraph, statement: EntityId) -> impl Iterator<Item = EntityId> + '_ {
    let node = named.node(statement);
    let users = node.map(|node| named.graph.neighbours(node, Direction::Backward));
    users.unwrap_or_default().iter().map(|node| named.entity(*node))
}

/// Where a name ends in the text of a source.
fn ends_word(c: char) -> bool {
    c.is_whitespace() || "()[]{}\"'`,;@^~\\".contains(c)
}

fn first_word(text: &str) -> Option<&str> {
    text.split(ends_word).find(|word| !word.is_empty())
}

/// Those of some statements whose full name, or that of a var they define, stands in another statement or in the configuration.
fn mentioned(source: &Source<'_>, named: &NamedGraph, nodes: &[u32]) -> Vec<u32> {
    let mut wanted: FxHashMap<String, u32> = FxHashMap::default();
    for node in nodes {
        wanted.insert(named.name(*node).to_string(), *node);
        let definitions = source.ids.get(Attr::StatementDefinitions);
        for definition in source.db.values(named.entity(*node), definitions) {
            let entity = definition.v.as_entity();
            let name = entity.and_then(|e| source.text(e, Attr::DefinitionFqn));
            wanted.extend(name.map(|name| (name.to_string(), *node)));
        }
    }
    if wanted.is_empty() {
        return Vec::new();
    }
    let mut found = Vec::new();
    let texts = source.texts(Attr::StatementSource);
    for (e, text) in texts.chain(source.texts(Attr::AnalyserConfig)) {
        for word in text.split(ends_word).filter(|word| word.contains('/')) {
            let node = wanted.get(word.trim_start_matches('#'));
            found.extend(node.filter(|node| named.entity(**node) != e));
        }
    }
    found
}
