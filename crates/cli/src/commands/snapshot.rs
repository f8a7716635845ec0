//! Whole databases in files: `snapshot` and `restore`.

use super::{Found, instant, number, text};
use crate::args;
use crate::configuration::Configuration;
use crate::database::{self, explained};
use crate::keeping;
use crate::output::{Rows, note, say};
use crate::place::{Place, cannot_write};
use crate::problem::{Outcome, Problem};
use db::Schema;
use edn::Value;
use places::{Form, Freshest, Notation, Place as _, PlaceError, Saved, Squeeze, Tier, freshest};
use std::path::{Path, PathBuf};
use store::Collection;

/// `defbase snapshot`
pub(crate) fn take() -> Outcome<Found> {
    let place = Place::existing()?;
    let config = Configuration::of(&place)?.keeping;
    let (version, path) = keeping::snapshot(&place, &config, None)?;
    let size = shown_size(version.bytes as usize);
    say(&format!("wrote a snapshot, {size}, to {}", path.display()))?;
    Ok(Found::Yes)
}

/// `defbase snapshot FILE`
pub(crate) fn write(file: &Path, form: args::Form) -> Outcome<Found> {
    let place = Place::existing()?;
    if file.exists() {
        return Err(Problem::new(format!("{} is there already", file.display()))
            .help("name another file; nothing is overwritten"));
    }
    let Named { notation, squeeze, .. } = Named::of(file);
    let notation = notation.ok_or_else(|| {
        Problem::new(format!("{} does not say what to write", file.display()))
            .help("end its name in .edn, .json or .transit, and in .gz or .zst behind that")
    })?;
    let state = keeping::state(&place)?;
    let saved = Saved::of_log(&state, form.meant(), notation)
        .map_err(|e| Problem::new("this form cannot be made of the database").because(&e))?;
    let small = squeeze.pack(&saved.text).map_err(|e| cannot_write(file, &e))?;
    store::write_whole(file, &small).map_err(|e| match e {
        store::StoreError::Io { source, .. } => cannot_write(file, &source),
        other => explained(&other),
    })?;
    let (facts, size) = (state.db.len(), shown_size(small.len()));
    say(&format!("wrote {facts} facts, {size}, to {}", file.display()))?;
    Ok(Found::Yes)
}

/// The project here, which must not have a database yet.
fn empty_place() -> Outcome<Place> {
    let place = Place::here()?;
    match place.is_taken() {
        false => Ok(place),
        true => {
            let log = place.log();
            Err(Problem::new(format!("there is a database already: {}", log.display()))
                .help("restore into another folder: `defbase -C FOLDER restore FILE`"))
        }
    }
}

/// `defbase restore FILE`
pub(crate) fn restore_file(file: &Path, form: Option<args::Form>) -> Outcome<Found> {
    let place = empty_place()?;
    let named = Named::of(file);
    let bytes = database::bytes_of(file)?;
    let name = file.display().to_string();
    let bytes = named.squeeze.unpack(&bytes, &name, "file").map_err(|e| unusable(&e))?;
    let inspection = match form {
        None if !store::is_snapshot(&bytes) => store::inspect(&bytes),
        _ => store::Inspection::default(),
    };
    if inspection.whole() == 0 {
        let form = form.map(args::Form::meant).or(named.form).unwrap_or(Form::Snapshot);
        let form = if store::is_snapshot(&bytes) { Form::Snapshot } else { form };
        let notation = named.notation.unwrap_or(Notation::Edn);
        return restore_saved(&place, &Saved { form, notation, text: bytes }, &name);
    }
    let state = inspection.replay(file).map_err(|e| explained(&e))?;
    let (log, transactions) = inspection.salvage(&bytes);
    place.prepare()?;
    store::write_whole(&place.log(), &log).map_err(|e| explained(&e))?;
    say(&format!("restored {transactions} transactions, {} facts", state.db.len()))?;
    if inspection.is_torn {
        let torn = bytes.len() - inspection.sound_bytes;
        note(&format!("note: {torn} bytes at the end never became a transaction"));
    }
    Ok(Found::Yes)
}

/// Makes the log of a whole database in some form.
fn restore_saved(place: &Place, saved: &Saved, name: &str) -> Outcome<Found> {
    let wrong = |e: &dyn std::error::Error| {
        Problem::new(format!("{name} is no {} of a database", saved.form.name()))
            .because(e)
            .help("a log or a snapshot shows what it is; of another file say it: `--form data`")
    };
    if saved.form == Form::Snapshot {
        let state = saved.replayed().map_err(|e| wrong(&e))?;
        place.prepare()?;
        store::restore_state(&state, &place.log()).map_err(|e| explained(&e))?;
        say(&format!("restored {} facts", state.db.len()))?;
        return Ok(Found::Yes);
    }
    let schema = ::code::model::schema_map()
        .map_err(|e| Problem::new("the schema of code databases is broken").because(&e))?;
    let schema = Schema::new(&Value::Map(schema)).map_err(|e| wrong(&e))?;
    let db = saved.database(&schema).map_err(|e| wrong(&e))?;
    place.prepare()?;
    let state = store::record(&db, &place.log()).map_err(|e| explained(&e))?;
    say(&format!("restored {} facts, with a new log", state.db.len()))?;
    Ok(Found::Yes)
}

/// `defbase restore`, `defbase restore --from TIER`
pub(crate) fn restore_tier(name: Option<&str>) -> Outcome<Found> {
    let place = empty_place()?;
    let tiers = tiers(&place, name)?;
    let Freshest { candidates, taken } = keeping::runtime()?.block_on(freshest(&tiers));
    let mut rows = Rows::new(&["tier", "place", "transactions", "latest", "problem"]);
    for candidate in &candidates {
        rows.push(vec![
            Value::string(candidate.tier.as_str()),
            text(candidate.place.as_deref()),
            number(candidate.transactions),
            instant(candidate.latest),
            text(candidate.problem.as_deref()),
        ]);
    }
    rows.print(args::Format::Table)?;
    let Some((which, transactions, state)) = taken else {
        return Err(Problem::new("no tier has a log that verifies").help(
            "`defbase restore --from TIER --version NAME` takes a version, where one has any",
        ));
    };
    place.prepare()?;
    let added = Collection::at(&place.log()).add(&transactions).map_err(|e| explained(&e))?;
    let (tier, facts) = (&candidates[which].tier, state.db.len());
    say(&format!("restored {added} transactions, {facts} facts, from {tier}"))?;
    Ok(Found::Yes)
}

/// `defbase restore --from TIER --version NAME`
pub(crate) fn restore_version(tier: &str, version: &str) -> Outcome<Found> {
    let place = empty_place()?;
    let tiers = tiers(&place, Some(tier))?;
    let found = keeping::runtime()?.block_on(async {
        let mut found = None;
        for tier in &tiers {
            let place = tier.open()?;
            found = place.load(version).await?.map(|saved| (saved, place.name()));
        }
        Ok::<_, PlaceError>(found)
    });
    match found.map_err(|e| unusable(&e))? {
        Some((saved, name)) => {
            restore_saved(&place, &saved, &format!("version {version} of {name}"))
        }
        None => Err(Problem::new(format!("{tier} has no version {version}"))
            .help("`defbase versions` lists them where there is a database")),
    }
}

fn tiers(place: &Place, name: Option<&str>) -> Outcome<Vec<Tier>> {
    let config = Configuration::of(place)?.keeping;
    let tiers = Tier::of(&config, &place.root);
    if tiers.is_empty() {
        return Err(Problem::new("there is no tier to restore from").help(format!(
            "name a file, or a tier in {}; `defbase help tiers` has an example",
            place.configuration().display()
        )));
    }
    super::persist::chosen(tiers, name.map(str::to_owned).as_slice())
}

/// Every snapshot of a project with how many facts it has, or what is wrong with it.
pub(crate) fn verified(place: &Place) -> Outcome<Vec<(PathBuf, Result<usize, String>)>> {
    let config = Configuration::of(place)?.keeping;
    let snapshots = keeping::snapshots(place, &config);
    let runtime = keeping::runtime()?;
    let versions = runtime.block_on(snapshots.versions()).map_err(|e| unusable(&e))?;
    let mut verified = Vec::new();
    for version in versions.into_iter().rev() {
        let Some(path) = snapshots.path_of(&version) else { continue };
        let read = || {
            let saved =
                runtime.block_on(snapshots.load(&version.name)).map_err(|e| e.to_string())?;
            let saved = saved.ok_or("it is gone")?;
            Ok(saved.replayed().map_err(|e| e.to_string())?.db.len())
        };
        verified.push((path, read()));
    }
    Ok(verified)
}

fn unusable(error: &PlaceError) -> Problem {
    Problem::new(error.to_string())
}

/// What a file's name says of it.
struct Named {
    form: Option<Form>,
    notation: Option<Notation>,
    squeeze: Squeeze,
}

impl Named {
    /// `code-db.entities.json.zst`
    fn of(file: &Path) -> Named {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let (squeeze, name) = Squeeze::of_name(&name);
        let mut parts = name.rsplit('.');
        let notation = parts.next().and_then(Notation::named);
        Named { form: parts.next().and_then(Form::named), notation, squeeze }
    }
}

impl args::Form {
    fn meant(self) -> Form {
        match self {
            args::Form::Snapshot => Form::Snapshot,
            args::Form::Data => Form::Data,
            args::Form::Entities => Form::Entities,
            args::Form::Transactions => Form::Transactions,
            args::Form::Serializable => Form::Serializable,
        }
    }
}

pub(crate) fn shown_size(bytes: usize) -> String {
    match bytes {
        0..10_000 => format!("{bytes} bytes"),
        10_000..10_000_000 => format!("{} KB", bytes / 1_000),
        _ => format!("{} MB", bytes / 1_000_000),
    }
}
