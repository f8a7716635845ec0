//! Databases written and read in every form and notation: how long, how large, and how small they get.

use crate::{Failure, best};
use code::project::{self, Project};
use code::{import, model};
use edn::Inst;
use places::{Form, Notation, Saved, Squeeze};
use std::path::Path;
use store::{Connection, Replayed, TxInfo};

const FORMS: [Form; 5] =
    [Form::Snapshot, Form::Data, Form::Entities, Form::Transactions, Form::Serializable];

const NOTATIONS: [Notation; 3] = [Notation::Edn, Notation::Json, Notation::Transit];

/// A table: milliseconds to write and to read, megabytes, and how many of a hundred bytes are left of them.
pub(crate) fn measure(name: &str, folder: &Path) -> Result<(), Failure> {
    let (state, _) = imported(project::read(folder, &[folder.to_owned()])?)?;
    let datoms = state.db.len();
    println!("{name}: {datoms} datoms\n");
    println!("| form | notation | write, ms | read, ms | MB | gzip, % | zstd, % |");
    println!("|---|---|--:|--:|--:|--:|--:|");
    for form in FORMS {
        for notation in NOTATIONS {
            let runs = if datoms > 100_000 { 1 } else { 5 };
            let (write, saved) = best(runs, || Ok(Saved::of_log(&state, form, notation)?))?;
            let (read, again) = best(runs, || Ok(saved.database(state.db.schema())?))?;
            if again != state.db {
                return Err(format!("{form:?} in {notation:?} is another database").into());
            }
            let bytes = saved.text.len() as f64;
            let small = |squeeze: Squeeze| -> Result<f64, Failure> {
                Ok(squeeze.pack(&saved.text)?.len() as f64 / bytes * 100.0)
            };
            let (gzip, zstd) = (small(Squeeze::Gzip)?, small(Squeeze::Zstd)?);
            let (form, notation, megabytes) = (form.name(), notation.name(), bytes / 1e6);
            println!(
                "| {form} | {notation} | {write:.0} | {read:.0} | {megabytes:.1} | {gzip:.1} | {zstd:.1} |"
            );
        }
    }
    println!();
    Ok(())
}

/// What reading the log gives that importing a project has written, and the log.
pub(crate) fn imported(project: Project) -> Result<(Replayed, Vec<u8>), Failure> {
    let scratch = tempfile::tempdir()?;
    let path = scratch.path().join("code-db-txlog.edn");
    let planned = import::import(&model::empty_db()?, project, Inst(0))?;
    let connection = Connection::create(&path, &model::schema_map()?, &TxInfo::default())?;
    connection.transact_ops(&planned.plan.ops, &TxInfo::default())?;
    drop(connection);
    let log = std::fs::read(&path)?;
    Ok((store::load(&log, &path)?, log))
}
