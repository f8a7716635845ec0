//! Finding a statement by what people call it, and all that is known of it.

use crate::location::{Location, Locations};
use crate::model::{Attr, NotCode};
use crate::source::Source;
use db::{Cell, Db, EntityId, Text};
use edn::{Inst, Value};

/// Why a name means no statement.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FindError {
    /// The database holds something else.
    #[error(transparent)]
    NotCode(#[from] NotCode),
    /// Nothing has that name.
    #[error("no statement is called {name}{}", suggestion(.alike))]
    Unknown {
        /// The name.
        name: String,
        /// Names that look like it, the likeliest first.
        alike: Vec<String>,
    },
    /// Several have that name.
    #[error("{name} may be any of {}; give more of the name", .candidates.join(", "))]
    Ambiguous {
        /// The name.
        name: String,
        /// All it may be.
        candidates: Vec<String>,
    },
}

fn suggestion(alike: &[String]) -> String {
    match alike {
        [] => String::new(),
        _ => format!("; did you mean {}?", alike.join(", ")),
    }
}

/// The statement that a name means: its fully qualified name or that of a var it defines, else the end of one, from a
/// namespace's part or the name on.
pub fn find(db: &Db, name: &str) -> Result<EntityId, FindError> {
    let source = Source::new(db)?;
    if let Some(e) = source.named(Attr::StatementFqn, name) {
        return Ok(e);
    }
    let owner = |d: EntityId| source.with_value(Attr::StatementDefinitions, Cell::entity(d)).next();
    if let Some(cell) = db.cell(&Value::string(name))
        && let Some(e) = source.with_value(Attr::DefinitionFqn, cell).find_map(owner)
    {
        return Ok(e);
    }
    let mut candidates: Vec<(String, EntityId)> = Vec::new();
    for (e, fqn) in source.texts(Attr::StatementFqn) {
        if ends_with(&fqn, name) {
            candidates.push((fqn.to_string(), e));
        }
    }
    if candidates.is_empty() {
        for (d, fqn) in source.texts(Attr::DefinitionFqn) {
            if ends_with(&fqn, name) {
                candidates.extend(owner(d).map(|e| (fqn.to_string(), e)));
            }
        }
    }
    candidates.sort_unstable();
    candidates.dedup_by_key(|(_, e)| *e);
    match candidates.as_slice() {
        [(_, e)] => Ok(*e),
        [] => Err(FindError::Unknown { name: name.to_owned(), alike: alike(&source, name) }),
        _ => {
            let candidates = candidates.into_iter().map(|(fqn, _)| fqn).collect();
            Err(FindError::Ambiguous { name: name.to_owned(), candidates })
        }
    }
}

/// Whether a name ends in another that starts where a part of it does.
fn ends_with(fqn: &str, end: &str) -> bool {
    match fqn.strip_suffix(end) {
        Some(start) => start.is_empty() || start.ends_with(['/', '.']),
        None => false,
    }
}

/// The names that take the fewest changes to become this one.
fn alike(source: &Source<'_>, name: &str) -> Vec<String> {
    const SHOWN: usize = 5;
    let wanted: Vec<char> = name.rsplit('/').next().unwrap_or(name).chars().take(64).collect();
    let limit = (wanted.len() / 3).clamp(1, 4);
    let mut found: Vec<(usize, usize, Text<'_>)> = Vec::new();
    for (e, fqn) in source.texts(Attr::StatementFqn) {
        let own = source.text(e, Attr::StatementName);
        let own: Vec<char> = own.as_ref().unwrap_or(&fqn).chars().take(64).collect();
        if own.len().abs_diff(wanted.len()) > limit {
            continue;
        }
        let distance = distance(&own, &wanted);
        if distance <= limit {
            found.push((distance, fqn.len(), fqn));
        }
    }
    found.sort_unstable();
    found.into_iter().take(SHOWN).map(|(.., fqn)| fqn.to_string()).collect()
}

/// How many characters must be added, taken away, replaced or swapped with their neighbour.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for (i, row) in rows.iter_mut().enumerate() {
        row[0] = i;
    }
    rows[0] = (0..=b.len()).collect();
    for i in 1..=a.len() {
        for j in 1..=b.len() {
            let replaced = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut least = replaced.min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(rows[i - 2][j - 2] + 1);
            }
            rows[i][j] = least;
        }
    }
    rows[a.len()][b.len()]
}

/// All that is known of a statement.
#[derive(Clone, Debug, PartialEq)]
pub struct Shown {
    /// Its entity.
    pub statement: EntityId,
    /// Its name.
    pub fqn: String,
    /// What defines it.
    pub kind: String,
    /// Its text.
    pub source: String,
    /// Where it stands.
    pub location: Option<Location>,
    /// Its docstring.
    pub doc: Option<String>,
    /// Its argument vectors.
    pub arglists: Option<String>,
    /// Whether it is private.
    pub private: bool,
    /// Whether it is deprecated.
    pub deprecated: bool,
    /// Whether it is pure, where that is known.
    pub pure: Option<bool>,
    /// The name that makes it impure.
    pub impure_via: Option<String>,
    /// The platforms that read it.
    pub platforms: Vec<String>,
    /// The names it uses, in this database or not.
    pub dependencies: Vec<String>,
    /// The statements that use it, and how.
    pub dependents: Vec<(String, String)>,
    /// Names in it that could not be resolved.
    pub unresolved: Vec<String>,
    /// The vars it defines, where that is more or other than one with its own name.
    pub definitions: Vec<String>,
    /// When it was first imported.
    pub created_at: Option<Inst>,
    /// When its text or name last changed.
    pub modified_at: Option<Inst>,
}

/// Gathers all that is known of a statement.
pub fn show(db: &Db, statement: EntityId) -> Result<Shown, NotCode> {
    let source = Source::new(db)?;
    let text = |attr| source.text(statement, attr).map(|text| text.to_string());
    let instant = |attr| match source.value(statement, attr).map(|v| db.value(v)) {
        Some(Value::Inst(at)) => Some(at),
        _ => None,
    };
    let texts = |attr| {
        let datoms = db.values(statement, source.ids.get(attr));
        datoms
            .filter_map(|d| db.dict().string(d.v))
            .map(|text| text.to_string())
            .collect::<Vec<_>>()
    };
    let mut platforms: Vec<String> = db
        .values(statement, source.ids.get(Attr::StatementPlatforms))
        .filter_map(|d| db.value(d.v).as_keyword().map(|k| k.as_str().to_owned()))
        .collect();
    platforms.sort_unstable();
    let mut dependents: Vec<(String, String)> = source
        .with_value(Attr::DependencyTo, Cell::entity(statement))
        .filter_map(|edge| {
            let from = source.value(edge, Attr::DependencyFrom)?.as_entity()?;
            let how = source.keyword(edge, Attr::DependencyType)?;
            Some((source.text(from, Attr::StatementFqn)?.to_string(), how))
        })
        .collect();
    dependents.sort_unstable();
    dependents.dedup();
    let definitions = db
        .values(statement, source.ids.get(Attr::StatementDefinitions))
        .filter_map(|d| Some(source.text(d.v.as_entity()?, Attr::DefinitionFqn)?.to_string()))
        .collect();
    Ok(Shown {
        statement,
        fqn: text(Attr::StatementFqn).unwrap_or_default(),
        kind: source.keyword(statement, Attr::StatementType).unwrap_or_default(),
        source: text(Attr::StatementSource).unwrap_or_default(),
        location: Locations::of(db)?.find(statement),
        doc: text(Attr::StatementDoc),
        arglists: text(Attr::StatementArglists),
        private: source.flag(statement, Attr::StatementPrivate),
        deprecated: source.flag(statement, Attr::StatementDeprecated),
        pure: source.value(statement, Attr::StatementPure).and_then(|v| db.value(v).as_bool()),
        impure_via: text(Attr::StatementImpureVia),
        platforms,
        dependencies: texts(Attr::StatementDependencies),
        dependents,
        unresolved: texts(Attr::StatementUnresolved),
        definitions,
        created_at: instant(Attr::StatementCreatedAt),
        modified_at: instant(Attr::StatementModifiedAt),
    })
}
