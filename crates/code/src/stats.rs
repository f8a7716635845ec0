//! Figures about a code base.

use crate::dependencies::{NamedGraph, defines_var};
use crate::graph::Direction;
use crate::model::{Attr, NotCode};
use crate::source::Source;
use db::{Db, EntityId};
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;

/// Counts over some statements.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Counts {
    /// Statements.
    pub statements: usize,
    /// Statements known to be pure.
    pub pure: usize,
    /// Statements known to be impure.
    pub impure: usize,
    /// Lines of all statements.
    pub lines: usize,
    /// Statements that define a var: public ones.
    pub public: usize,
    /// Private ones.
    pub private: usize,
    /// Functions.
    pub functions: usize,
    /// Macros.
    pub macros: usize,
    /// Tests.
    pub tests: usize,
    /// Public vars, tests apart, that have a docstring.
    pub documented: usize,
    /// Deprecated ones.
    pub deprecated: usize,
    /// Names that could not be resolved.
    pub unresolved: usize,
}

impl Counts {
    /// Lines a statement, on average.
    pub fn average_lines(&self) -> f64 {
        ratio(self.lines, self.statements)
    }

    /// The part of the public vars, tests apart, that has a docstring, in per cent; `None` where there are none.
    pub fn documented_percent(&self) -> Option<f64> {
        let public = self.public - self.tests.min(self.public);
        (public > 0).then(|| 100.0 * ratio(self.documented, public))
    }
}

fn ratio(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

/// Figures of a namespace.
#[derive(Clone, Debug, PartialEq)]
pub struct NamespaceStats {
    /// Its name.
    pub namespace: String,
    /// Counts over its statements.
    pub counts: Counts,
    /// How many namespaces it uses.
    pub uses: usize,
    /// How many namespaces use it.
    pub used_by: usize,
}

impl NamespaceStats {
    /// The part of its ties that go out, from 0 (others depend on it) to 1 (it depends on others); `None` where it has none.
    pub fn instability(&self) -> Option<f64> {
        let ties = self.uses + self.used_by;
        (ties > 0).then(|| ratio(self.uses, ties))
    }
}

/// Figures of a database.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stats {
    /// Namespace by namespace, by name.
    pub namespaces: Vec<NamespaceStats>,
    /// Over all statements.
    pub total: Counts,
    /// Files.
    pub files: usize,
    /// Files that do not read to their end.
    pub problems: usize,
    /// Edges between statements.
    pub edges: usize,
    /// How many statements there are of each type, the commonest first.
    pub types: Vec<(String, usize)>,
}

/// Counts what a database has.
pub fn stats(db: &Db) -> Result<Stats, NotCode> {
    let source = Source::new(db)?;
    let mut by_namespace: BTreeMap<String, Counts> = BTreeMap::new();
    let mut types: FxHashMap<String, usize> = FxHashMap::default();
    let mut stats = Stats::default();
    for (e, fqn) in source.texts(Attr::StatementFqn) {
        let kind = source.keyword(e, Attr::StatementType).unwrap_or_default();
        let one = count(&source, e, &fqn, &kind);
        *types.entry(kind).or_default() += 1;
        stats.total.add(&one);
        if let Some(namespace) = source.text(e, Attr::StatementNamespace) {
            by_namespace.entry(namespace.to_string()).or_default().add(&one);
        }
    }
    let graph = NamedGraph::namespaces(db)?;
    let nodes: FxHashMap<&str, u32> =
        (0..graph.graph.len() as u32).map(|node| (&**graph.name(node), node)).collect();
    stats.namespaces = by_namespace
        .into_iter()
        .map(|(namespace, counts)| {
            let node = nodes.get(namespace.as_str());
            let ties = |way| node.map_or(0, |node| graph.graph.neighbours(*node, way).len());
            let (uses, used_by) = (ties(Direction::Forward), ties(Direction::Backward));
            NamespaceStats { namespace, counts, uses, used_by }
        })
        .collect();
    stats.files = source.column(Attr::FilePath).count();
    stats.problems = source.column(Attr::FileProblem).count();
    stats.edges = source.column(Attr::DependencyFrom).count();
    stats.types = types.into_iter().collect();
    stats.types.sort_unstable_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    Ok(stats)
}

impl Counts {
    fn add(&mut self, other: &Counts) {
        self.statements += other.statements;
        self.pure += other.pure;
        self.impure += other.impure;
        self.lines += other.lines;
        self.public += other.public;
        self.private += other.private;
        self.functions += other.functions;
        self.macros += other.macros;
        self.tests += other.tests;
        self.documented += other.documented;
        self.deprecated += other.deprecated;
        self.unresolved += other.unresolved;
    }
}

fn count(source: &Source<'_>, e: EntityId, fqn: &str, kind: &str) -> Counts {
    let mut counts = Counts { statements: 1, ..Counts::default() };
    let (mut private, mut is_macro, mut deprecated, mut doc, mut arglists) =
        (false, false, false, false, false);
    for datom in source.datoms(e) {
        match source.attr(&datom) {
            Some(Attr::StatementPure) if source.db.value(datom.v).is_truthy() => counts.pure = 1,
            Some(Attr::StatementPure) => counts.impure = 1,
            Some(Attr::StatementLineCount) => {
                counts.lines = datom.v.as_int().and_then(|n| usize::try_from(n).ok()).unwrap_or(0);
            }
            Some(Attr::StatementUnresolved) => counts.unresolved += 1,
            Some(Attr::StatementPrivate) => private = true,
            Some(Attr::StatementMacro) => is_macro = true,
            Some(Attr::StatementDeprecated) => deprecated = true,
            Some(Attr::StatementDoc) => doc = true,
            Some(Attr::StatementArglists) => arglists = true,
            _ => {}
        }
    }
    if kind != "ns" && defines_var(source, e, fqn) {
        let test = kind.rsplit('/').next() == Some("deftest");
        counts.private = usize::from(private);
        counts.public = usize::from(!private);
        counts.macros = usize::from(is_macro);
        counts.tests = usize::from(test);
        counts.functions = usize::from(arglists && !is_macro);
        counts.documented = usize::from(doc && !private && !test);
        counts.deprecated = usize::from(deprecated);
    }
    counts
}
