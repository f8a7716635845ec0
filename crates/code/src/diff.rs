//! What happened to statements between two moments.
//!
//! Statements are followed by their entities, which survive renames and moves, so a statement that has another name and
//! stands in another file is one difference and not two.
//!
//! Cost: reading the history of a few attributes once, and each statement that was touched between the moments at both.

use crate::commit::Origin;
use crate::facts::DEFAULT_BEFORE;
use crate::lines;
use crate::model::{Attr, NotCode};
use crate::source::Source;
use db::{Cell, Db, EntityId, TX0};
use edn::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

/// What happened to a statement; several things can at once.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub enum Happened {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// It has another name.
    Renamed,
    /// It stands in another file or namespace.
    Moved,
    /// Its text has other tokens.
    Changed,
    /// Its text has other white space or comments and the same tokens.
    Reformatted,
}

impl Happened {
    /// Everything that can happen.
    pub const ALL: [Happened; 6] = [
        Happened::Added,
        Happened::Removed,
        Happened::Renamed,
        Happened::Moved,
        Happened::Changed,
        Happened::Reformatted,
    ];

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Happened::Added => "added",
            Happened::Removed => "removed",
            Happened::Renamed => "renamed",
            Happened::Moved => "moved",
            Happened::Changed => "changed",
            Happened::Reformatted => "reformatted",
        }
    }
}

/// A statement as it is at a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Side {
    /// Its name.
    pub fqn: String,
    /// The name without the namespace.
    pub name: String,
    /// The namespace it is in; none in a data file.
    pub namespace: Option<String>,
    /// The path of its file.
    pub path: String,
    /// The text before it.
    pub before: String,
    /// Its text.
    pub source: String,
    normal_hash: Option<i64>,
}

/// A statement that differs between two moments. One of its sides is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Its entity.
    pub statement: EntityId,
    /// What happened to it, in the order of [`Happened`]; at least one thing.
    pub happened: Vec<Happened>,
    /// As it was.
    pub before: Option<Side>,
    /// As it is.
    pub after: Option<Side>,
}

impl Difference {
    /// Its side after, or where it is gone, before.
    pub fn last(&self) -> Option<&Side> {
        self.after.as_ref().or(self.before.as_ref())
    }

    /// Its name now or last.
    pub fn fqn(&self) -> &str {
        self.last().map_or("", |side| &side.fqn)
    }

    /// Its name before, where that was another.
    pub fn was(&self) -> Option<&str> {
        let (before, after) = (self.before.as_ref()?, self.after.as_ref()?);
        (before.fqn != after.fqn).then_some(before.fqn.as_str())
    }

    /// Its texts before and after; nothing where it was not there.
    pub fn sources(&self) -> (&str, &str) {
        fn source(side: &Option<Side>) -> &str {
            side.as_ref().map_or("", |side| &side.source)
        }
        (source(&self.before), source(&self.after))
    }

    /// The change of its text as a unified diff.
    pub fn patch(&self) -> String {
        const NOWHERE: &str = "/dev/null";
        let title = |side: &Option<Side>| match side {
            Some(side) => format!("{}\t{}", side.path, side.fqn),
            None => NOWHERE.to_owned(),
        };
        let ended = |text: &str| match text {
            "" => String::new(),
            text => format!("{text}\n"),
        };
        let (before, after) = self.sources();
        lines::unified((&title(&self.before), &ended(before)), (&title(&self.after), &ended(after)))
    }
}

/// Which statements are asked for. Each part that is given must hold, before or after.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// A namespace, or with `.*` at its end all below it.
    pub namespace: Option<String>,
    /// A fully qualified name.
    pub fqn: Option<String>,
    /// A file, or a folder and all below it.
    pub path: Option<String>,
}

impl Filter {
    /// Whether everything is let through.
    pub fn is_empty(&self) -> bool {
        *self == Filter::default()
    }

    /// Whether a difference is asked for.
    pub fn admits(&self, difference: &Difference) -> bool {
        let sides = [&difference.before, &difference.after];
        sides.into_iter().flatten().any(|side| self.admits_side(side))
    }

    fn admits_side(&self, side: &Side) -> bool {
        let in_namespace = |wanted: &String| {
            let own = side.namespace.as_deref().unwrap_or("");
            match wanted.strip_suffix(".*") {
                Some(above) => own.strip_prefix(above).is_some_and(|rest| rest.starts_with('.')),
                None => own == wanted,
            }
        };
        let below = |wanted: &String| {
            let wanted = wanted.trim_end_matches('/');
            side.path
                .strip_prefix(wanted)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        self.namespace.as_ref().is_none_or(in_namespace)
            && self.fqn.as_ref().is_none_or(|wanted| side.fqn == *wanted)
            && self.path.as_ref().is_none_or(below)
    }
}

/// What happened to statements from one moment to another, by name; also from a later moment back to an earlier one.
/// Moments are transactions, and mean what was there after them.
pub fn diff(db: &Db, from: EntityId, to: EntityId) -> Result<Vec<Difference>, NotCode> {
    let touched = Touched::of(db)?;
    let (first, last) = (from.min(to), from.max(to));
    let mut statements: BTreeSet<EntityId> = BTreeSet::new();
    for (_, own) in touched.0.range((Bound::Excluded(first), Bound::Included(last))) {
        statements.extend(own);
    }
    let (before, after) = (at(db, from)?, at(db, to)?);
    between(&before, &after, statements)
}

/// The statements that each transaction said something of that can be a difference.
pub(crate) struct Touched(pub(crate) BTreeMap<EntityId, BTreeSet<EntityId>>);

impl Touched {
    pub(crate) fn of(db: &Db) -> Result<Touched, NotCode> {
        const TELLING: [Attr; 5] = [
            Attr::StatementSource,
            Attr::StatementFqn,
            Attr::StatementName,
            Attr::StatementNamespace,
            Attr::StatementFile,
        ];
        let past = db.history();
        let source = Source::new(&past)?;
        let mut touched: BTreeMap<EntityId, BTreeSet<EntityId>> = BTreeMap::new();
        for datom in TELLING.into_iter().flat_map(|attr| source.column(attr)) {
            touched.entry(datom.tx).or_default().insert(datom.e);
        }
        // Another path of a file is another place of all that was ever in it and is looked at.
        for datom in source.column(Attr::FilePath) {
            let statements = source.with_value(Attr::StatementFile, Cell::entity(datom.e));
            touched.entry(datom.tx).or_default().extend(statements);
        }
        Ok(Touched(touched))
    }
}

/// The database after a transaction.
pub(crate) fn at(db: &Db, tx: EntityId) -> Result<Db, NotCode> {
    // A transaction that is not there yet changes nothing.
    Ok(db.as_of(&Value::Int(i64::from(tx))).unwrap_or_else(|_| db.clone()))
}

/// What distinguishes statements in two databases, by name.
pub(crate) fn between(
    before: &Db,
    after: &Db,
    statements: impl IntoIterator<Item = EntityId>,
) -> Result<Vec<Difference>, NotCode> {
    let (before, after) = (Source::new(before)?, Source::new(after)?);
    let mut differences: Vec<Difference> = statements
        .into_iter()
        .filter_map(|e| difference(e, side(&before, e), side(&after, e)))
        .collect();
    differences.sort_by(|a, b| a.fqn().cmp(b.fqn()).then(a.statement.cmp(&b.statement)));
    Ok(differences)
}

/// A statement as a database has it.
pub(crate) fn side(source: &Source<'_>, statement: EntityId) -> Option<Side> {
    let text = |attr| source.text(statement, attr).map(|text| text.to_string());
    let file = source.value(statement, Attr::StatementFile).and_then(Cell::as_entity);
    Some(Side {
        fqn: text(Attr::StatementFqn)?,
        name: text(Attr::StatementName).unwrap_or_default(),
        namespace: text(Attr::StatementNamespace),
        path: file
            .and_then(|file| source.text(file, Attr::FilePath))
            .map(|path| path.to_string())
            .unwrap_or_default(),
        before: text(Attr::StatementBefore).unwrap_or_else(|| DEFAULT_BEFORE.to_owned()),
        source: text(Attr::StatementSource).unwrap_or_default(),
        normal_hash: source.value(statement, Attr::StatementNormalHash).and_then(Cell::as_int),
    })
}

fn difference(
    statement: EntityId,
    before: Option<Side>,
    after: Option<Side>,
) -> Option<Difference> {
    let happened = match (&before, &after) {
        (None, None) => return None,
        (None, Some(_)) => vec![Happened::Added],
        (Some(_), None) => vec![Happened::Removed],
        (Some(before), Some(after)) => what_happened(before, after),
    };
    (!happened.is_empty()).then_some(Difference { statement, happened, before, after })
}

fn what_happened(before: &Side, after: &Side) -> Vec<Happened> {
    let mut happened = Vec::new();
    if base(&before.name) != base(&after.name) {
        happened.push(Happened::Renamed);
    }
    if before.namespace != after.namespace || before.path != after.path {
        happened.push(Happened::Moved);
    }
    if before.source != after.source {
        let same = before.normal_hash == after.normal_hash;
        happened.push(if same { Happened::Reformatted } else { Happened::Changed });
    }
    happened
}

/// A name without the number that tells it from others like it: that can change without the statement doing so.
fn base(name: &str) -> &str {
    match name.rsplit_once('#') {
        Some((base, number)) if !base.is_empty() && number.bytes().all(|b| b.is_ascii_digit()) => {
            base
        }
        _ => name,
    }
}

/// A transaction that changed statements.
#[derive(Clone, Debug, PartialEq)]
pub struct LogEntry {
    /// Who did it, when, what for.
    pub origin: Origin,
    /// What it did.
    pub differences: Vec<Difference>,
}

impl LogEntry {
    /// To how many statements what happened, in the order of [`Happened::ALL`].
    pub fn counts(&self) -> [usize; 6] {
        counts(&self.differences)
    }
}

/// To how many statements what happened, in the order of [`Happened::ALL`].
pub fn counts(differences: &[Difference]) -> [usize; 6] {
    Happened::ALL.map(|what| differences.iter().filter(|d| d.happened.contains(&what)).count())
}

/// The transactions that changed statements, the last one first: at most `limit` of those that a condition on their origin
/// lets through, each with what it did to the statements that the filter asks for.
pub fn log(
    db: &Db,
    limit: usize,
    wanted: impl Fn(&Origin) -> bool,
    filter: &Filter,
) -> Result<Vec<LogEntry>, NotCode> {
    let touched = Touched::of(db)?;
    let mut entries = Vec::new();
    for (tx, statements) in touched.0.into_iter().rev() {
        if entries.len() == limit {
            break;
        }
        let origin = Origin::of(db, tx);
        if !wanted(&origin) {
            continue;
        }
        let (before, after) = (at(db, (tx - 1).max(TX0))?, at(db, tx)?);
        let mut differences = between(&before, &after, statements)?;
        differences.retain(|difference| filter.admits(difference));
        if !differences.is_empty() {
            entries.push(LogEntry { origin, differences });
        }
    }
    Ok(entries)
}
