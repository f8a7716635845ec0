//! What makes and keeps a database: `init`, `git-setup`, `import`, `export`, `snapshot`, `restore`, `doctor`, `conflicts`.

use super::{Found, ToRead, as_of, mirror, past, snapshot};
use crate::args::{Format, Keep};
use crate::configuration::Configuration;
use crate::database::{self, Database, explained};
use crate::output::{Rows, note, say};
use crate::place::Place;
use crate::problem::{Outcome, Problem};
use crate::progress::Progress;
use ::code::analysis::Rules;
use ::code::import::{ChangeKind, ImportReport, import as import_project};
use ::code::libraries::{JarFolders, Libraries, libraries};
use ::code::project::{self, KONDO_CONFIG, is_in_jar};
use db::Db;
use edn::{Inst, Value};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Does what was typed.
pub(crate) fn run(command: Keep, db: ToRead<'_>) -> Outcome<Found> {
    match command {
        Keep::Init => init(),
        Keep::GitSetup => git_setup(),
        Keep::Import { paths, git: Some(repository), from, to, .. } => {
            past::import_git(repository.as_deref(), git::Range { from, to }, &paths)
        }
        Keep::Import { dependencies, paths, strict, message, .. } => {
            import(&paths, dependencies, strict, message)
        }
        Keep::Export { to, watch: true, .. } => mirror::mirror(&to),
        Keep::Export { jars, to, as_of: when, .. } => {
            export(&as_of(&db()?, when.as_deref())?, &to, jars)
        }
        Keep::Snapshot { file: None, .. } => snapshot::take(),
        Keep::Snapshot { file: Some(file), form } => snapshot::write(&file, form),
        Keep::Restore { file: Some(file), form, .. } => snapshot::restore_file(&file, form),
        Keep::Restore { from: Some(tier), version: Some(version), .. } => {
            snapshot::restore_version(&tier, &version)
        }
        Keep::Restore { from, .. } => snapshot::restore_tier(from.as_deref()),
        Keep::Doctor { save } => doctor(save.as_deref()),
        Keep::Conflicts { printing } => conflicts(printing.format),
    }
}

/// `defbase init`
fn init() -> Outcome<Found> {
    let place = Place::here()?;
    if place.is_taken() {
        say(&format!("{} is there already", place.log().display()))?;
        return Ok(Found::Yes);
    }
    Database::create(&place)?;
    say(&format!("made {}", place.log().display()))?;
    let sources = place.sources();
    if !sources.folders.is_empty() {
        let (folders, build_files) = (sources.folders.join(", "), sources.build_files.join(", "));
        say(&format!("sources: {folders} (found in {build_files}; see .defbase/defbase.edn)"))?;
    }
    if place.is_in_git()
        && let Err(problem) = git_setup()
    {
        note(&format!("note: {problem}"));
    }
    say("commit .defbase and .gitattributes; `defbase import` reads the sources")?;
    Ok(Found::Yes)
}

/// What a clone's git is told: how to show a log, and to remember what came of it.
const GIT_CONFIGURATION: [(&str, &str); 2] =
    [("diff.defbase.textconv", "defbase log --textconv"), ("diff.defbase.cachetextconv", "true")];

/// `defbase git-setup`
fn git_setup() -> Outcome<Found> {
    let place = Place::existing()?;
    if !place.is_in_git() {
        return Err(Problem::new(format!("{} is in no git repository", place.root.display()))
            .help("`git init` makes one"));
    }
    place.tell_git()?;
    for (name, value) in GIT_CONFIGURATION {
        let mut git = Command::new("git");
        let done = git.arg("-C").arg(&place.root).args(["config", "--local", name, value]).output();
        let by_hand = format!("by hand: git config {name} \"{value}\"");
        match done {
            Ok(done) if done.status.success() => say(&format!("git config {name} \"{value}\""))?,
            Ok(done) => {
                let said = String::from_utf8_lossy(&done.stderr).trim().to_owned();
                return Err(Problem::new(format!("git config: {said}")).help(by_hand));
            }
            Err(e) => return Err(Problem::new("git cannot be run").because(&e).help(by_hand)),
        }
    }
    say("`git diff`, `git log -p` and `git show` show the log as text; merges keep both sides")?;
    Ok(Found::Yes)
}

pub(crate) fn now() -> Inst {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Inst(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// What a project says of macros, where it says something.
pub(crate) fn rules(config: Option<&str>) -> Rules {
    let mut rules = Rules::default();
    if let Some(config) = config
        && let Err(e) = rules.add_kondo_config(config)
    {
        note(&format!("note: {KONDO_CONFIG} does not read and is not used: {e}"));
    }
    rules
}

/// `defbase import`
fn import(
    paths: &[PathBuf],
    dependencies: bool,
    strict: bool,
    message: Option<String>,
) -> Outcome<Found> {
    let here = Place::here()?;
    let start = Instant::now();
    let (place, database) = match Place::find()? {
        Some(place) => (place.clone(), Database::open(&place)?),
        None => {
            has_sources(&here, paths)?;
            (here.clone(), Database::create(&here)?)
        }
    };
    let mut roots = match paths {
        [] => Configuration::paths(&place)?,
        typed => typed.iter().map(|path| here.root.join(path)).collect(),
    };
    if dependencies {
        roots.extend(jars(&place)?);
    }
    let progress = Progress::start("reading files");
    let project = project::read(&place.root, &roots).map_err(|e| unreadable_project(&e))?;
    // What could not be opened; a file that does not read is in the database nevertheless.
    let left_out = project.problems.len();
    progress.now("reading statements");
    let import = import_project(&database.db(), project, now())
        .map_err(|e| Problem::new("the import cannot be made").because(&e))?;
    if import.plan.ops.is_empty() {
        database::all_could_be_read(&database.db())?;
    } else {
        progress.now("writing the log");
        database.transact(&import.plan.ops, message)?;
    }
    drop(progress);
    summarise(&import.report, start)?;
    for problem in &import.report.problems {
        note(&format!("{problem}"));
    }
    let broken = import.report.problems.len().saturating_sub(left_out);
    if broken > 0 {
        note(&format!("{broken} files were kept as they are and imported as far as they read"));
    }
    Ok(Found::from(left_out == 0 && (broken == 0 || !strict)))
}

/// That a folder without sources gets no database unasked.
fn has_sources(place: &Place, paths: &[PathBuf]) -> Outcome<()> {
    if !paths.is_empty() || !place.sources().folders.is_empty() {
        return Ok(());
    }
    let listing = project::list(&place.root, std::slice::from_ref(&place.root));
    match listing.map_err(|e| unreadable_project(&e))?.files.is_empty() {
        false => Ok(()),
        true => Err(Problem::new(format!("there are no sources in {}", place.root.display()))
            .help(
                "name folders or jars, or go to a project; `defbase init` makes an empty database",
            )),
    }
}

/// The jars of the project's libraries; says which are not there.
fn jars(place: &Place) -> Outcome<Vec<PathBuf>> {
    let build_files = place.sources().build_files;
    let Libraries { jars, missing } =
        libraries(&place.root, &build_files, &JarFolders::of_this_machine());
    if jars.is_empty() && missing.is_empty() {
        return Err(Problem::new("no library is named here").help(
            "deps.edn or project.clj name libraries, and so does the class path in .cpcache",
        ));
    }
    for library in &missing {
        note(&format!("note: {library} is not on this machine"));
    }
    Ok(jars)
}

/// That the sources of a project cannot be read.
pub(crate) fn unreadable_project(error: &project::ProjectError) -> Problem {
    Problem::new(error.to_string())
        .help("name folders, jars, or files that end in .clj, .cljs, .cljc, .cljd, .bb or .edn")
}

/// What happened to a statement, in a word.
pub(crate) fn word(kind: ChangeKind) -> &'static str {
    match kind {
        ChangeKind::Added => "added",
        ChangeKind::Deleted => "deleted",
        ChangeKind::Renamed => "renamed",
        ChangeKind::Changed => "changed",
        ChangeKind::Moved => "moved",
        ChangeKind::Spaced => "spaced differently",
        ChangeKind::Derived => "with other dependencies",
    }
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
    let mut words: Vec<String> =
        report.changes.iter().map(|(kind, n)| format!("{n} {}", word(*kind))).collect();
    words.push(format!("{} unchanged", report.unchanged));
    Ok(say(&format!("statements: {}", words.join(", ")))?)
}

/// `defbase export`
fn export(db: &Db, to: &Path, jars: bool) -> Outcome<Found> {
    let progress = Progress::start("writing files");
    let report = ::code::export::export(db, to, |path| jars || !is_in_jar(path), None)
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

/// `defbase doctor`
fn doctor(save: Option<&Path>) -> Outcome<Found> {
    let place = Place::existing()?;
    let mut well = examine(&place.log())?;
    for (file, outcome) in snapshot::verified(&place)? {
        match outcome {
            Ok(facts) => say(&format!("snapshot {}: {facts} facts, all whole", file.display()))?,
            Err(problem) => {
                say(&format!("snapshot {}: {problem}", file.display()))?;
                well = false;
            }
        }
    }
    if let Some(save) = save {
        if save.exists() {
            return Err(Problem::new(format!("{} is there already", save.display()))
                .help("name another file"));
        }
        let bytes = database::bytes_of(&place.log())?;
        let (log, transactions) = store::inspect(&bytes).salvage(&bytes);
        store::write_whole(save, &log).map_err(|e| explained(&e))?;
        say(&format!(
            "saved {transactions} transactions in {}; `defbase -C FOLDER restore {}` makes a database of them",
            save.display(),
            save.display()
        ))?;
    }
    Ok(Found::from(well))
}

/// Verifies the log; says what is wrong and what is not lost.
fn examine(path: &Path) -> Outcome<bool> {
    let bytes = database::bytes_of(path)?;
    let inspection = store::inspect(&bytes);
    let (whole, name, size) =
        (inspection.whole(), path.display(), snapshot::shown_size(bytes.len()));
    let replays = inspection.replay(path);
    if inspection.damage.is_empty() && replays.is_ok() {
        say(&format!("log {name}: {whole} transactions, {size}, all whole"))?;
        return Ok(true);
    }
    say(&format!("log {name}: {whole} whole transactions, {size}"))?;
    for damage in &inspection.damage {
        say(&format!("  line {}: {}", damage.line, damage.problem))?;
    }
    if inspection.is_torn {
        let torn = bytes.len() - inspection.sound_bytes;
        say(&format!(
            "  the last {torn} bytes never became a transaction; the next `defbase import` sets them aside"
        ))?;
    } else {
        if inspection.damage.is_empty()
            && let Err(error) = replays
        {
            say(&format!("  {error}"))?;
        }
        let (_, kept) = inspection.salvage(&bytes);
        say(&format!("  {kept} transactions can be saved: `defbase doctor --save FILE`"))?;
    }
    Ok(false)
}

/// Attributes that follow from others: where they differ, the others do.
const DERIVED: [&str; 7] = [
    "statement/hash",
    "statement/normal-hash",
    "statement/line-count",
    "statement/created-at",
    "statement/modified-at",
    "file/hash",
    "file/facts-hash",
];

/// `defbase conflicts`
fn conflicts(format: Format) -> Outcome<Found> {
    let log = Place::existing()?.log();
    let state = database::inspected(&log)?.replay(&log).map_err(|e| explained(&e))?;
    let (mut found, db) = (state.conflicts(), state.db);
    found.retain(|c| !DERIVED.iter().any(|name| c.attribute.is_keyword(name)));
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
        let holds = db.get(conflict.entity, &conflict.attribute).unwrap_or(Value::Nil);
        let sides = [&conflict.earlier, &conflict.later].map(|s| s.value.clone());
        let other = sides.into_iter().map(|v| v.unwrap_or(Value::Nil)).find(|v| *v != holds);
        rows.push(vec![
            name(conflict.entity),
            conflict.attribute.clone(),
            holds,
            other.unwrap_or(Value::Nil),
        ]);
    }
    rows.print(format)?;
    Ok(Found::from(found.is_empty()))
}
