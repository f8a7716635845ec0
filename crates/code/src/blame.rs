//! Who last changed a statement, line by line.
//!
//! A line goes back to the first transaction from which on it was carried over unchanged, through all versions of the
//! statement, whatever its name and its file were. Lines that a version has alike are found as `diff` finds them. A line that
//! came with a merge of git's belongs to the commit that wrote it, where the merge says which one that was (`:git/credits`).
//!
//! Cost: the history of the statement, and a comparison of lines for each of its versions.

use crate::commit::{self, Credit, Origin};
use crate::facts::DEFAULT_BEFORE;
use crate::lines;
use crate::location::Locations;
use crate::model::{Attr, NotCode};
use crate::source::Source;
use db::{Cell, Datom, Db, EntityId};
use edn::Value;
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;

/// A line and where it comes from.
#[derive(Clone, Debug, PartialEq)]
pub struct BlamedLine {
    /// Its number in its file, from 1; in the statement's own text where it stands in no file.
    pub number: usize,
    /// The line without its line feed.
    pub text: String,
    /// Who wrote it.
    pub origin: Origin,
}

/// A statement and who changed it last.
#[derive(Clone, Debug, PartialEq)]
pub struct BlamedStatement {
    /// Its entity.
    pub statement: EntityId,
    /// Its name.
    pub fqn: String,
    /// The path of its file.
    pub path: String,
    /// Its first line there, from 1.
    pub line: usize,
    /// How many lines it has.
    pub lines: usize,
    /// How many times its text or name changed.
    pub changes: usize,
    /// Who wrote it first.
    pub first: Origin,
    /// Who changed its text or name last.
    pub last: Origin,
}

/// The lines of a statement.
pub fn lines(db: &Db, statement: EntityId) -> Result<Vec<BlamedLine>, NotCode> {
    let past = Past::of(db)?;
    let first = Locations::of(db)?.find(statement).map_or(1, |location| location.line);
    let written = past.pieces(statement, &[Attr::StatementSource]);
    let mut origins = Origins::of(db);
    let blamed = written.into_iter().zip(first..).map(|((piece, tx), number)| BlamedLine {
        number,
        text: without_feed(&piece).to_owned(),
        origin: origins.get(tx),
    });
    Ok(blamed.collect())
}

/// All lines of the files that statements stand in which a condition on their namespace and path lets through: those of the
/// statements and the text before each of them.
pub fn files(
    db: &Db,
    wanted: impl Fn(Option<&str>, &str) -> bool,
) -> Result<Vec<(String, Vec<BlamedLine>)>, NotCode> {
    let past = Past::of(db)?;
    let mut origins = Origins::of(db);
    let mut blamed = Vec::new();
    for (path, statements) in placed(db, wanted)? {
        let mut lines: Vec<(String, EntityId)> = Vec::new();
        let mut number = 1;
        for (statement, _) in statements {
            for (piece, tx) in
                past.pieces(statement, &[Attr::StatementBefore, Attr::StatementSource])
            {
                match lines.last_mut().filter(|(text, _)| !text.ends_with('\n')) {
                    // The end of one statement's last line belongs to the text before the next.
                    Some((text, own)) => {
                        if !piece.trim().is_empty() {
                            *own = tx.max(*own);
                        }
                        text.push_str(&piece);
                    }
                    None => lines.push((piece, tx)),
                }
            }
        }
        let lines = lines.into_iter().map(|(text, tx)| {
            number += 1;
            BlamedLine {
                number: number - 1,
                text: without_feed(&text).to_owned(),
                origin: origins.get(tx),
            }
        });
        blamed.push((path, lines.collect()));
    }
    Ok(blamed)
}

/// The statements that a condition on their namespace and path lets through, file by file in their order there.
pub fn statements(
    db: &Db,
    wanted: impl Fn(Option<&str>, &str) -> bool,
) -> Result<Vec<BlamedStatement>, NotCode> {
    let past = Past::of(db)?;
    let source = Source::new(db)?;
    let mut locations = Locations::of(db)?;
    let mut origins = Origins::of(db);
    let mut blamed = Vec::new();
    for (path, statements) in placed(db, wanted)? {
        for (statement, fqn) in statements {
            let changes = past.changes(statement);
            let (Some(first), Some(last)) = (changes.first(), changes.last()) else { continue };
            let text = source.text(statement, Attr::StatementSource).unwrap_or_default();
            blamed.push(BlamedStatement {
                statement,
                fqn,
                path: path.clone(),
                line: locations.find(statement).map_or(1, |location| location.line),
                lines: text.lines().count(),
                changes: changes.len() - 1,
                first: origins.get(*first),
                last: origins.get(*last),
            });
        }
    }
    Ok(blamed)
}

/// Statements in the order of their places, by the path of their file.
type Placed = BTreeMap<String, Vec<(EntityId, String)>>;

fn placed(db: &Db, wanted: impl Fn(Option<&str>, &str) -> bool) -> Result<Placed, NotCode> {
    let source = Source::new(db)?;
    let mut by_file: FxHashMap<EntityId, Vec<(i64, EntityId)>> = FxHashMap::default();
    for datom in source.column(Attr::StatementFile) {
        let Some(file) = datom.v.as_entity() else { continue };
        let order = source.value(datom.e, Attr::StatementOrder).and_then(Cell::as_int);
        by_file.entry(file).or_default().push((order.unwrap_or(0), datom.e));
    }
    let mut placed = Placed::new();
    for (file, mut statements) in by_file {
        let path = source.text(file, Attr::FilePath).unwrap_or_default().to_string();
        statements.sort_unstable();
        let own: Vec<(EntityId, String)> = statements
            .into_iter()
            .map(|(_, e)| e)
            .filter(|e| wanted(source.text(*e, Attr::StatementNamespace).as_deref(), &path))
            .map(|e| (e, source.text(e, Attr::StatementFqn).unwrap_or_default().to_string()))
            .collect();
        if !own.is_empty() {
            placed.insert(path, own);
        }
    }
    Ok(placed)
}

/// What transactions say of themselves, each asked once.
struct Origins<'a> {
    db: &'a Db,
    known: FxHashMap<EntityId, Origin>,
}

impl<'a> Origins<'a> {
    fn of(db: &'a Db) -> Origins<'a> {
        Origins { db, known: FxHashMap::default() }
    }

    fn get(&mut self, tx: EntityId) -> Origin {
        self.known.entry(tx).or_insert_with(|| Origin::of(self.db, tx)).clone()
    }
}

/// All that was ever said of statements.
struct Past {
    db: Db,
    credits: Credits,
}

impl Past {
    fn of(db: &Db) -> Result<Past, NotCode> {
        let past = Past { db: db.history(), credits: Credits::of(db) };
        Source::new(&past.db)?;
        Ok(past)
    }

    /// What was said of some attributes of a statement, in the order of transactions, retractions first.
    fn events(&self, statement: EntityId, attrs: &[Attr]) -> Vec<(Attr, Datom)> {
        let ids: Vec<_> = attrs.iter().filter_map(|a| Some((*a, a.id(&self.db)?))).collect();
        let mut events: Vec<(Attr, Datom)> = ids
            .into_iter()
            .flat_map(|(attr, id)| self.db.values(statement, id).map(move |d| (attr, d)))
            .collect();
        events.sort_by_key(|(_, d)| (d.tx, d.added));
        events
    }

    /// The transactions that changed a statement's text or name.
    fn changes(&self, statement: EntityId) -> Vec<EntityId> {
        let events = self.events(statement, &[Attr::StatementFqn, Attr::StatementSource]);
        let mut changes: Vec<EntityId> = events.into_iter().map(|(_, d)| d.tx).collect();
        changes.dedup();
        changes
    }

    /// The lines of some texts of a statement put together, each with the transaction that it comes from.
    fn pieces(&self, statement: EntityId, attrs: &[Attr]) -> Vec<(String, EntityId)> {
        let events = self.events(statement, attrs);
        let usual = |attr: &Attr| match attr {
            Attr::StatementBefore => DEFAULT_BEFORE.to_owned(),
            _ => String::new(),
        };
        let mut parts: Vec<String> = attrs.iter().map(usual).collect();
        let mut whole = String::new();
        let mut from: Vec<EntityId> = Vec::new();
        for at_once in events.chunk_by(|(_, a), (_, b)| a.tx == b.tx) {
            for (attr, datom) in at_once {
                let Some(at) = attrs.iter().position(|own| own == attr) else { continue };
                parts[at] = match datom.added {
                    true => self.db.dict().string(datom.v).unwrap_or_default().to_string(),
                    false => usual(attr),
                };
            }
            let next = parts.concat();
            let tx = at_once.first().map_or(0, |(_, d)| d.tx);
            let wrote = self.credits.lines(tx, statement, whole_lines_before(attrs, &parts));
            let carried = lines::carried(&whole, &next).into_iter().enumerate();
            from = carried
                .map(|(number, line)| {
                    let before = line.and_then(|line| from.get(line).copied());
                    before.or_else(|| wrote(number)).unwrap_or(tx)
                })
                .collect();
            whole = next;
        }
        let lines = lines::lines(&whole).into_iter().map(str::to_owned);
        lines.zip(from).collect()
    }
}

/// How many lines end before a statement's own text.
fn whole_lines_before(attrs: &[Attr], parts: &[String]) -> usize {
    let before = attrs.iter().zip(parts).take_while(|(attr, _)| **attr != Attr::StatementSource);
    before.map(|(_, text)| text.bytes().filter(|byte| *byte == b'\n').count()).sum()
}

/// Which lines that came with a merge another commit wrote.
struct Credits {
    /// The database with all of its transactions.
    db: Db,
    /// By the merge's transaction; the commits by theirs.
    by_merge: FxHashMap<EntityId, Vec<(EntityId, Credit)>>,
}

impl Credits {
    fn of(db: &Db) -> Credits {
        let db = db.unviewed();
        let credits: Vec<(EntityId, Credit)> = commit::credits(&db).collect();
        let commits: FxHashMap<String, EntityId> = match credits.is_empty() {
            true => FxHashMap::default(),
            false => commit::shas(&db).map(|(tx, sha)| (sha, tx)).collect(),
        };
        let mut by_merge: FxHashMap<EntityId, Vec<(EntityId, Credit)>> = FxHashMap::default();
        for (merge, credit) in credits {
            // What was written before the first commit that was imported is the merge's.
            if let Some(tx) = commits.get(&credit.sha) {
                by_merge.entry(merge).or_default().push((*tx, credit));
            }
        }
        Credits { db, by_merge }
    }

    /// Who wrote the lines of a statement, by their numbers from 0, where a merge says it. So many of them end before the
    /// statement's own text.
    fn lines(
        &self,
        merge: EntityId,
        statement: EntityId,
        before: usize,
    ) -> impl Fn(usize) -> Option<EntityId> {
        let credits = self.by_merge.get(&merge);
        let place = credits.and_then(|_| {
            let then = self.db.as_of(&Value::Int(i64::from(merge))).ok()?;
            Locations::of(&then).ok()?.find(statement)
        });
        move |number| {
            let place = place.as_ref()?;
            let line = (place.line + number).checked_sub(before)?;
            let is_its = |credit: &Credit| {
                credit.path == place.path && (credit.first..=credit.last).contains(&line)
            };
            credits?.iter().find(|(_, credit)| is_its(credit)).map(|(tx, _)| *tx)
        }
    }
}

fn without_feed(line: &str) -> &str {
    line.trim_end_matches('\n').trim_end_matches('\r')
}
