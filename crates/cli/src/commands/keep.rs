//! What makes and keeps a database: `init`, `import`, `export`, `snapshot`, `restore`, `doctor`, `conflicts`.

use super::Found;
use crate::args::Format;
use crate::database::{self, Database};
use crate::log;
use crate::output::{Rows, note, say};
use crate::place::{Place, cannot_write};
use crate::problem::{Outcome, Problem};
use crate::progress::Progress;
use ::code::analysis::{Rules, analyze};
use ::code::import::{ChangeKind, ImportReport, import_with};
use ::code::project::{self, KONDO_CONFIG};
use db::Db;
use edn::{Inst, Value};
use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// `defbase init`
pub(crate) fn init() -> Outcome<Found> {
    let place = Place::here()?;
    if place.is_taken() {
        say(&format!("{} is there already", place.log().display()))?;
        return Ok(Found::Yes);
    }
    Database::create(&place)?;
    say(&format!("made {}", place.log().display()))?;
    say("commit .defbase and .gitattributes; `defbase import` reads the sources")?;
    Ok(Found::Yes)
}

fn now() -> Inst {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Inst(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// `defbase import`
pub(crate) fn import(paths: &[PathBuf]) -> Outcome<Found> {
    let here = Place::here()?;
    let start = Instant::now();
    let (place, mut database) = match Place::find()? {
        Some(place) => (place.clone(), Database::open(&place)?),
        None => (here.clone(), Database::create(&here)?),
    };
    let roots = match paths {
        [] => place.paths()?,
        typed => typed.iter().map(|path| here.root.join(path)).collect(),
    };
    let progress = Progress::start("reading files");
    let project = project::read(&place.root, &roots).map_err(|e| {
        Problem::new(e.to_string())
            .help("name folders, jars, or files that end in .clj, .cljs, .cljc, .bb or .edn")
    })?;
    progress.now("reading statements");
    let mut rules = Rules::default();
    if let Some(config) = &project.config
        && let Err(e) = rules.add_kondo_config(config)
    {
        note(&format!("note: {KONDO_CONFIG} does not read and is not used: {e}"));
    }
    let import = import_with(&database.db(), project, now(), |texts| analyze(&texts, &rules))
        .map_err(|e| Problem::new("the import cannot be made").because(&e))?;
    if !import.plan.ops.is_empty() {
        progress.now("writing the log");
        database.transact(&import.plan.ops)?;
    }
    drop(progress);
    summarise(&import.report, start)?;
    for problem in &import.report.problems {
        note(&format!("{problem}"));
    }
    if !import.report.problems.is_empty() {
        let n = import.report.problems.len();
        note(&format!("{n} files were kept as they are and imported as far as they read"));
    }
    Ok(Found::from(import.report.problems.is_empty()))
}

fn summarise(report: &ImportReport, start: Instant) -> Outcome<()> {
    let took = start.elapsed();
    let files = report.files;
    if report.changes.is_empty() && report.files_changed == 0 && report.files_deleted == 0 {
        return Ok(say(&format!("nothing changed in {files} files, {} ms", took.as_millis()))?);
    }
    say(&format!(
        "imported {files} files ({} changed, {} deleted), {} lines, {} statements in {} ms",
        report.files_changed,
        report.files_deleted,
        report.lines,
        report.statements,
        took.as_millis()
    ))?;
    let word = |kind: &ChangeKind| match kind {
        ChangeKind::Added => "added",
        ChangeKind::Deleted => "deleted",
        ChangeKind::Renamed => "renamed",
        ChangeKind::Changed => "changed",
        ChangeKind::Moved => "moved",
        ChangeKind::Spaced => "spaced differently",
        ChangeKind::Derived => "with other dependencies",
    };
    let mut words: Vec<String> =
        report.changes.iter().map(|(kind, n)| format!("{n} {}", word(kind))).collect();
    words.push(format!("{} unchanged", report.unchanged));
    Ok(say(&format!("statements: {}", words.join(", ")))?)
}

/// `defbase export`
pub(crate) fn export(db: &Db, to: &Path) -> Outcome<Found> {
    let progress = Progress::start("writing files");
    let report = ::code::export::export(db, to, |_| true, None)
        .map_err(|e| Problem::new("the export failed").because(&e))?;
    drop(progress);
    say(&format!(
        "wrote {} files to {} ({} were the same already), {} bytes",
        report.written.len(),
        to.display(),
        report.unchanged,
        report.bytes
    ))?;
    Ok(Found::from(!report.written.is_empty() || report.unchanged > 0))
}

fn shown_size(bytes: usize) -> String {
    match bytes {
        0..10_000 => format!("{bytes} bytes"),
        10_000..10_000_000 => format!("{} KB", bytes / 1_000),
        _ => format!("{} MB", bytes / 1_000_000),
    }
}

/// `defbase snapshot`
pub(crate) fn snapshot(file: Option<&Path>) -> Outcome<Found> {
    let place = Place::existing()?;
    let text = database::text_of(&place.log())?;
    let read = log::read(&text);
    if let Some(first) = read.damage.first() {
        return Err(Problem::new(format!(
            "the log is damaged in line {}: {}",
            first.line, first.message
        ))
        .help("`defbase doctor` shows what can be saved"));
    }
    database::check(&read.transactions)?;
    let path = match file {
        Some(file) => file.to_owned(),
        None => {
            let folder = place.snapshots();
            std::fs::create_dir_all(&folder).map_err(|e| cannot_write(&folder, &e))?;
            folder.join(format!("{}.edn", now().0))
        }
    };
    if path.exists() {
        return Err(Problem::new(format!("{} is there already", path.display()))
            .help("name another file; nothing is overwritten"));
    }
    database::write_copy(&read.transactions, &path)?;
    say(&format!(
        "wrote {} transactions, {}, to {}",
        read.transactions.len(),
        shown_size(read.end),
        path.display()
    ))?;
    Ok(Found::Yes)
}

/// `defbase restore`
pub(crate) fn restore(file: &Path) -> Outcome<Found> {
    let place = Place::here()?;
    if place.is_taken() {
        return Err(Problem::new(format!(
            "there is a database already: {}",
            place.log().display()
        ))
        .help("restore into another folder: `defbase -C FOLDER restore FILE`"));
    }
    let text = database::text_of(file)?;
    let read = log::read(&text);
    if let Some(first) = read.damage.first() {
        return Err(Problem::new(format!("{} is damaged", file.display()))
            .at(&file.display().to_string(), &text, line_span(&text, first.line), &first.message)
            .help("`defbase doctor --save FILE` in its project writes what can be saved"));
    }
    if read.transactions.is_empty() {
        return Err(Problem::new(format!("{} is neither a snapshot nor a log", file.display()))
            .help("`defbase snapshot FILE` writes one; a log is .defbase/code-db-txlog.edn"));
    }
    let db = database::check(&read.transactions)?;
    place.prepare()?;
    database::write_copy(&read.transactions, &place.log())?;
    say(&format!("restored {} transactions, {} facts", read.transactions.len(), db.len()))?;
    if read.end < text.len() {
        note(&format!(
            "note: {} bytes at the end never became a transaction",
            text.len() - read.end
        ));
    }
    Ok(Found::Yes)
}

fn line_span(text: &str, line: usize) -> std::ops::Range<usize> {
    let mut start = 0;
    for (n, content) in text.split_inclusive('\n').enumerate() {
        if n + 1 == line {
            return start
                ..start + content.trim_end().chars().take(60).map(char::len_utf8).sum::<usize>();
        }
        start += content.len();
    }
    0..0
}

/// `defbase doctor`
pub(crate) fn doctor(save: Option<&Path>) -> Outcome<Found> {
    let place = Place::existing()?;
    let mut well = examine(&place.log(), "log")?;
    if let Ok(entries) = std::fs::read_dir(place.snapshots()) {
        let mut files: Vec<PathBuf> = entries.flatten().map(|e| e.path()).collect();
        files.retain(|path| path.extension().is_some_and(|e| e == "edn"));
        files.sort();
        for file in files {
            well &= examine(&file, "snapshot")?;
        }
    }
    if let Some(save) = save {
        if save.exists() {
            return Err(Problem::new(format!("{} is there already", save.display()))
                .help("name another file"));
        }
        let kept = log::replayable(log::read(&database::text_of(&place.log())?).transactions);
        database::write_copy(&kept, save)?;
        say(&format!(
            "saved {} transactions in {}; `defbase -C FOLDER restore {}` makes a database of them",
            kept.len(),
            save.display(),
            save.display()
        ))?;
    }
    Ok(Found::from(well))
}

/// Verifies one file; says what is wrong and what is not lost.
fn examine(path: &Path, what: &str) -> Outcome<bool> {
    let text = database::text_of(path)?;
    let read = log::read(&text);
    let (whole, name) = (read.transactions.len(), path.display());
    let kept = log::replayable(read.transactions);
    let replays = database::check(&kept);
    let size = shown_size(text.len());
    let torn = text.len() - read.end.min(text.len());
    if read.damage.is_empty() && torn == 0 && replays.is_ok() {
        say(&format!("{what} {name}: {whole} transactions, {size}, all whole"))?;
        return Ok(true);
    }
    say(&format!("{what} {name}: {whole} whole transactions, {size}"))?;
    for damage in &read.damage {
        say(&format!("  line {}: {}", damage.line, damage.message))?;
    }
    if torn > 0 {
        say(&format!(
            "  the last {torn} bytes never became a transaction; the next `defbase import` sets them aside"
        ))?;
    }
    if let Err(problem) = replays {
        say(&format!("  {problem}"))?;
    }
    if !read.damage.is_empty() {
        say(&format!("  {} transactions can be saved: `defbase doctor --save FILE`", kept.len()))?;
    }
    Ok(false)
}

/// `defbase conflicts`
pub(crate) fn conflicts(format: Format) -> Outcome<Found> {
    let read = log::read(&database::text_of(&Place::existing()?.log())?);
    let (db, found) = database::conflicts(&read.transactions)?;
    if format == Format::Table && found.is_empty() {
        say("no conflicts")?;
        return Ok(Found::Yes);
    }
    let mut rows = Rows::new(&["entity", "attribute", "holds", "was also set to"]);
    let name = |e| {
        let known = ["statement/fqn", "file/path", "namespace/name"];
        known
            .iter()
            .find_map(|key| db.get(e, &Value::keyword(key)))
            .unwrap_or(Value::Int(i64::from(e)))
    };
    for conflict in &found {
        rows.push(vec![
            name(conflict.entity),
            conflict.attribute.clone(),
            conflict.later.clone(),
            conflict.earlier.clone(),
        ]);
    }
    rows.print(format)?;
    Ok(Found::from(found.is_empty()))
}
