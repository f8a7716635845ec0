//! Undoing: what has to become of the files so that one transaction had not been, or so that statements are as they once were.
//!
//! A file that is still as the transaction left it becomes what it was before, to the byte. Of other files only statements
//! change: one that is as the transaction left it becomes what it was; one that changed since takes the change back line by
//! line (a three-way merge); where that overlaps with what was done since, or the statement is gone or elsewhere, the whole is
//! refused, with every reason.
//!
//! All of it is pure: what comes out is a [`Change`], as a refactoring makes one, or [`Refused`].

use crate::commit::Origin;
use crate::diff::{Difference, Side, at, diff, side};
use crate::export::{self, ExportError};
use crate::facts::DEFAULT_TAIL;
use crate::lines;
use crate::model::{Attr, NotCode};
use crate::refactor::{At, Change, FileChange, Reason, Refused, Warning, Why};
use crate::source::Source;
use db::{Cell, Db, EntityId, TX0};
use rustc_hash::FxHashSet;
use std::collections::{BTreeMap, BTreeSet};

/// Why something is not undone.
#[derive(Debug, thiserror::Error)]
pub enum RevertError {
    /// It would take back more than is asked for.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The database holds something else.
    #[error(transparent)]
    NotCode(#[from] NotCode),
    /// A file cannot be made out of the database.
    #[error(transparent)]
    Stored(#[from] ExportError),
}

impl From<Reason> for RevertError {
    fn from(reason: Reason) -> RevertError {
        RevertError::Refused(reason.into())
    }
}

/// Undoes what a transaction did to statements.
pub fn transaction(db: &Db, tx: EntityId) -> Result<Change, RevertError> {
    let (before, after) = (at(db, (tx - 1).max(TX0))?, at(db, tx)?);
    let differences = diff(db, (tx - 1).max(TX0), tx)?;
    let files = touched_files(db, (tx - 1).max(TX0), tx)?;
    if files.is_empty() {
        let message = format!("transaction {tx} changed no source");
        return Err(Reason::new(Why::Unknown, message)
            .help("`defbase log` lists those that did")
            .into());
    }
    let mut draft = Draft::new(db, &before)?;
    draft.take_back_files(&after, &files, &differences)?;
    for difference in &differences {
        draft.take_back(difference)?;
    }
    draft.finish()
}

/// Brings statements back to what they were after a transaction: those with some names, now or then, or all of them.
pub fn to(db: &Db, tx: EntityId, names: &[String]) -> Result<Change, RevertError> {
    let then = at(db, tx)?;
    let mut draft = Draft::new(db, &then)?;
    let differences = diff(db, tx, db.max_tx())?;
    if names.is_empty() {
        let files = touched_files(db, tx, db.max_tx())?;
        draft.take_back_files(db, &files, &differences)?;
        return draft.finish();
    }
    for name in names {
        let named = |side: &Option<Side>| side.as_ref().is_some_and(|side| side.fqn == *name);
        let wanted = differences.iter().filter(|d| named(&d.before) || named(&d.after));
        let mut is_known = draft.now.named(Attr::StatementFqn, name).is_some();
        for difference in wanted {
            is_known = true;
            draft.bring_back(difference)?;
        }
        if !is_known {
            let message = format!("no statement is called {name}, now or then");
            draft.reasons.push(Reason::new(Why::Unknown, message));
        }
    }
    draft.finish()
}

/// The files of which something changed from one transaction to another.
fn touched_files(db: &Db, from: EntityId, to: EntityId) -> Result<BTreeSet<EntityId>, NotCode> {
    let past = db.history();
    let source = Source::new(&past)?;
    let told = [Attr::FileHash, Attr::FilePath].into_iter().flat_map(|attr| source.column(attr));
    Ok(told.filter(|d| from < d.tx && d.tx <= to).map(|d| d.e).collect())
}

/// A statement in a file that is being rewritten.
struct Piece {
    statement: Option<EntityId>,
    before: String,
    source: String,
}

/// A file statement by statement.
struct Pieces {
    statements: Vec<Piece>,
    tail: String,
}

impl Pieces {
    fn of(source: &Source<'_>, path: &str) -> Pieces {
        let Some(file) = source.named(Attr::FilePath, path) else {
            return Pieces { statements: Vec::new(), tail: DEFAULT_TAIL.to_owned() };
        };
        let piece = |e: EntityId| {
            let Side { before, source, .. } = side(source, e)?;
            Some(Piece { statement: Some(e), before, source })
        };
        let tail = source.text(file, Attr::FileTail);
        Pieces {
            statements: in_order(source, file).into_iter().filter_map(piece).collect(),
            tail: tail.as_deref().unwrap_or(DEFAULT_TAIL).to_owned(),
        }
    }

    fn text(&self) -> String {
        let statements = self.statements.iter().flat_map(|p| [p.before.as_str(), &p.source]);
        statements.chain([self.tail.as_str()]).collect()
    }
}

/// The statements of a file in their order.
fn in_order(source: &Source<'_>, file: EntityId) -> Vec<EntityId> {
    let order = |e| source.value(e, Attr::StatementOrder).and_then(Cell::as_int).unwrap_or(0);
    let mut placed: Vec<(i64, EntityId)> =
        source.with_value(Attr::StatementFile, Cell::entity(file)).map(|e| (order(e), e)).collect();
    placed.sort_unstable();
    placed.into_iter().map(|(_, e)| e).collect()
}

/// What is to become of a file.
enum Becomes {
    /// What it was, under the path it had; nothing where it was not there.
    AsBefore(Option<(String, String)>),
    /// Something else, statement by statement.
    Pieces(Pieces),
}

/// A file that goes back as a whole: its path now, and what it was under which path.
struct Back {
    now: Option<String>,
    was: Option<(String, String)>,
}

/// An undoing at work.
struct Draft<'a> {
    db: &'a Db,
    now: Source<'a>,
    /// What is to come back.
    then_db: &'a Db,
    then: Source<'a>,
    /// By the path that a file has now, or will have where it is not there.
    files: BTreeMap<String, Becomes>,
    renames: Vec<(String, String)>,
    removed: FxHashSet<EntityId>,
    reasons: Vec<Reason>,
}

impl<'a> Draft<'a> {
    fn new(db: &'a Db, then: &'a Db) -> Result<Draft<'a>, RevertError> {
        Ok(Draft {
            db,
            now: Source::new(db)?,
            then_db: then,
            then: Source::new(then)?,
            files: BTreeMap::new(),
            renames: Vec::new(),
            removed: FxHashSet::default(),
            reasons: Vec::new(),
        })
    }

    /// Files that are still as they were `after` become what they were before, and with them some differences are undone.
    fn take_back_files(
        &mut self,
        after: &Db,
        files: &BTreeSet<EntityId>,
        differences: &[Difference],
    ) -> Result<(), RevertError> {
        let left = Source::new(after)?;
        let mut backs = Vec::new();
        for file in files.iter().copied() {
            let path = |source: &Source<'_>| {
                source.text(file, Attr::FilePath).map(|path| path.to_string())
            };
            let (before, left, now) = (path(&self.then), path(&left), path(&self.now));
            if now == left && text(after, left.as_deref())? == text(self.db, now.as_deref())? {
                let was = match before {
                    Some(path) => text(self.then_db, Some(&path))?.map(|text| (path, text)),
                    None => None,
                };
                backs.push(Back { now, was });
            }
        }
        self.place_files(backs);
        for difference in differences {
            let sides = [&difference.before, &difference.after];
            if !sides.into_iter().flatten().all(|side| self.is_as_before(&side.path)) {
                continue;
            }
            match (&difference.before, &difference.after) {
                (Some(before), Some(after)) if before.fqn != after.fqn => {
                    self.renames.push((after.fqn.clone(), before.fqn.clone()));
                }
                (None, Some(_)) => {
                    self.removed.insert(difference.statement);
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Gives each file that goes back its path. A file is said to move only where no other had or gets a path of its own:
    /// files that change places are rewritten where they stand.
    fn place_files(&mut self, backs: Vec<Back>) {
        let (mut is_now, mut is_then) = (FxHashSet::default(), FxHashSet::default());
        for back in &backs {
            is_now.extend(back.now.clone());
            is_then.extend(back.was.as_ref().map(|(path, _)| path.clone()));
        }
        let mut vacated = Vec::new();
        for Back { now, was } in backs {
            let Some((path, text)) = was else {
                vacated.extend(now);
                continue;
            };
            if !is_now.contains(&path)
                && let Some(other) = self.now.named(Attr::FilePath, &path)
            {
                let message = format!("{path} is another file now");
                let help = "move that one elsewhere first";
                let first = in_order(&self.now, other).first().and_then(|e| self.place(*e));
                self.reasons.push(Reason::new(Why::Taken, message).at(first).help(help));
                continue;
            }
            let is_alone = |now: &String| !is_now.contains(&path) && !is_then.contains(now);
            let key = match now {
                Some(now) if now != path && is_alone(&now) => now,
                other => {
                    vacated.extend(other);
                    path.clone()
                }
            };
            self.files.insert(key, Becomes::AsBefore(Some((path, text))));
        }
        for path in vacated {
            self.files.entry(path).or_insert(Becomes::AsBefore(None));
        }
    }

    /// Whether a file becomes what it was, under the path that it has or had.
    fn is_as_before(&self, path: &str) -> bool {
        self.files.iter().any(|(key, becomes)| match becomes {
            Becomes::AsBefore(was) => {
                key == path || was.as_ref().is_some_and(|(old, _)| old == path)
            }
            Becomes::Pieces(_) => false,
        })
    }

    /// Takes back one difference, as far as that is not done with its files.
    fn take_back(&mut self, difference: &Difference) -> Result<(), RevertError> {
        let Difference { statement, before, after, .. } = difference;
        let now = side(&self.now, *statement);
        match (before, after, now) {
            (None, Some(_), None) => {}
            (None, Some(after), Some(now)) => {
                if self.is_as_before(&now.path) {
                    return Ok(());
                }
                match now.source == after.source {
                    true => self.remove(*statement, &now),
                    false => self.refuse(*statement, &now, "was changed since"),
                }
            }
            (Some(before), None, _) => {
                if !self.is_as_before(&before.path) {
                    self.insert(*statement, before, &before.source);
                }
            }
            (Some(_), Some(after), None) => self.refuse(*statement, after, "was removed since"),
            (Some(before), Some(after), Some(now)) => {
                let source = match () {
                    () if before.source == after.source => Some(now.source.clone()),
                    () if now.source == after.source => Some(before.source.clone()),
                    () => lines::merged(&after.source, &now.source, &before.source),
                };
                let Some(source) = source else {
                    self.refuse(*statement, &now, "was changed since in the same lines");
                    return Ok(());
                };
                if before.path != after.path && now.path != after.path {
                    self.refuse(*statement, &now, "was moved elsewhere since");
                    return Ok(());
                }
                let path = if before.path == after.path { &now.path } else { &before.path };
                self.replace(*statement, before, &now, &path.clone(), source);
            }
            (None, None, _) => {}
        }
        Ok(())
    }

    /// Makes a statement what it was, whatever it is.
    fn bring_back(&mut self, difference: &Difference) -> Result<(), RevertError> {
        let statement = difference.statement;
        match (&difference.before, &difference.after) {
            (Some(before), Some(now)) => {
                self.replace(statement, before, now, &before.path, before.source.clone());
            }
            (Some(before), None) => self.insert(statement, before, &before.source),
            (None, Some(now)) => self.remove(statement, now),
            (None, None) => {}
        }
        Ok(())
    }

    fn pieces(&mut self, path: &str) -> Option<&mut Pieces> {
        let now = &self.now;
        let becomes = self
            .files
            .entry(path.to_owned())
            .or_insert_with(|| Becomes::Pieces(Pieces::of(now, path)));
        match becomes {
            Becomes::Pieces(pieces) => Some(pieces),
            Becomes::AsBefore(_) => None,
        }
    }

    fn remove(&mut self, statement: EntityId, now: &Side) {
        self.removed.insert(statement);
        if let Some(pieces) = self.pieces(&now.path) {
            pieces.statements.retain(|piece| piece.statement != Some(statement));
        }
    }

    /// Gives a statement its former text and place.
    fn replace(
        &mut self,
        statement: EntityId,
        before: &Side,
        now: &Side,
        path: &str,
        source: String,
    ) {
        if before.fqn != now.fqn {
            self.renames.push((now.fqn.clone(), before.fqn.clone()));
        }
        if now.path == path {
            let Some(pieces) = self.pieces(path) else { return };
            let own = pieces.statements.iter_mut().find(|p| p.statement == Some(statement));
            if let Some(piece) = own {
                piece.source = source;
            }
            return;
        }
        if let Some(pieces) = self.pieces(&now.path) {
            pieces.statements.retain(|piece| piece.statement != Some(statement));
        }
        if !self.is_as_before(path) {
            self.insert(statement, before, &source);
        }
    }

    /// Puts a statement where it was: behind the nearest of those before it that is there.
    fn insert(&mut self, statement: EntityId, was: &Side, source: &str) {
        if let Some(other) = self.now.named(Attr::StatementFqn, &was.fqn)
            && other != statement
            && !self.removed.contains(&other)
        {
            let message = format!("{} is the name of something else now", was.fqn);
            self.reasons.push(Reason::new(Why::Taken, message).at(self.place(other)));
            return;
        }
        let file = self.then.value(statement, Attr::StatementFile).and_then(Cell::as_entity);
        let mut above: Vec<EntityId> = match file {
            Some(file) => {
                in_order(&self.then, file).into_iter().take_while(|e| *e != statement).collect()
            }
            None => Vec::new(),
        };
        let Some(pieces) = self.pieces(&was.path) else { return };
        let mut at = 0;
        while let Some(e) = above.pop() {
            if let Some(found) = pieces.statements.iter().position(|p| p.statement == Some(e)) {
                at = found + 1;
                break;
            }
        }
        let piece = Piece {
            statement: Some(statement),
            before: was.before.clone(),
            source: source.to_owned(),
        };
        pieces.statements.insert(at, piece);
    }

    fn place(&self, statement: EntityId) -> Option<At> {
        let location = crate::location::Locations::of(self.db).ok()?.find(statement)?;
        let row = u32::try_from(location.line).unwrap_or(u32::MAX);
        Some(At { path: location.path, row, col: 1 })
    }

    /// Says what was done since that is in the way, and by whom.
    fn refuse(&mut self, statement: EntityId, known: &Side, what: &str) {
        let versions = crate::history::versions(self.db, statement).unwrap_or_default();
        let by = versions.last().map(|version| told(&version.origin)).unwrap_or_default();
        let reason = Reason::new(Why::Changed, format!("{} {what}{by}", known.fqn))
            .at(self.place(statement))
            .help(
                "undo the later one first, or `defbase revert --to WHEN FQN` what is to come back",
            );
        self.reasons.push(reason);
    }

    fn finish(self) -> Result<Change, RevertError> {
        if !self.reasons.is_empty() {
            return Err(Refused::because(self.reasons).into());
        }
        let warnings = self.left_without()?;
        let mut files = Vec::new();
        for (path, becomes) in self.files {
            let there =
                text(self.db, self.now.named(Attr::FilePath, &path).map(|_| path.as_str()))?;
            let (new_path, after) = match becomes {
                Becomes::AsBefore(None) => (None, None),
                Becomes::AsBefore(Some((old, text))) => ((old != path).then_some(old), Some(text)),
                Becomes::Pieces(pieces) => (None, Some(pieces.text())),
            };
            if there != after || new_path.is_some() {
                files.push(FileChange { path, new_path, before: there, after });
            }
        }
        Ok(Change { files, renames: self.renames, texts: Vec::new(), warnings })
    }

    /// Uses of what goes in what stays.
    fn left_without(&self) -> Result<Vec<Warning>, RevertError> {
        let mut warnings = Vec::new();
        for statement in &self.removed {
            let Some(gone) = side(&self.now, *statement) else { continue };
            let edges = self.now.with_value(Attr::DependencyTo, Cell::entity(*statement));
            for edge in edges {
                let user = self.now.value(edge, Attr::DependencyFrom).and_then(Cell::as_entity);
                let Some(user) = user.filter(|user| !self.removed.contains(user)) else { continue };
                let Some(uses) = side(&self.now, user) else { continue };
                let message = format!("{} uses {}, which goes", uses.fqn, gone.fqn);
                warnings.push(Warning { at: self.place(user), message });
            }
        }
        warnings.sort();
        warnings.dedup();
        Ok(warnings)
    }
}

/// The text of a file, where it is there.
fn text(db: &Db, path: Option<&str>) -> Result<Option<String>, RevertError> {
    let Some(path) = path else { return Ok(None) };
    let Some(bytes) = export::file(db, path)? else { return Ok(None) };
    let no_text = |_| Reason::new(Why::Unreadable, format!("{path} is no UTF-8"));
    Ok(Some(String::from_utf8(bytes).map_err(no_text)?))
}

/// ` by transaction 7 (ada)`
fn told(origin: &Origin) -> String {
    let who = origin.author.as_deref().map(|who| format!(" ({who})")).unwrap_or_default();
    format!(" by transaction {}{who}", origin.tx)
}
