//! The `defbase` program. It only translates: what was typed to calls of the crates below, what they return to text.

mod args;
mod commands;
mod database;
mod json;
mod output;
mod place;
mod problem;
mod progress;

use crate::args::{Cli, Command};
use crate::commands::{Found, as_of, ask, code, graph, keep, past, tour};
use crate::place::Place;
use crate::problem::{Outcome, Problem};
use ::code::graph::Direction;
use ::code::search::Search;
use clap::{CommandFactory, Parser};
use db::Db;
use std::cell::OnceCell;
use std::process::ExitCode;

/// An import makes and frees millions of small values on every core.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const PROBLEM_FOUND: u8 = 1;
const ERROR: u8 = 2;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let outcome = enter(&cli).and_then(|()| run(cli.command));
    match outcome {
        Ok(Found::Yes) => ExitCode::SUCCESS,
        Ok(Found::No) => ExitCode::from(PROBLEM_FOUND),
        Err(problem) if problem.is_silent() => ExitCode::SUCCESS,
        Err(problem) => {
            problem.report();
            ExitCode::from(ERROR)
        }
    }
}

fn enter(cli: &Cli) -> Outcome<()> {
    let Some(directory) = &cli.directory else { return Ok(()) };
    std::env::set_current_dir(directory)
        .map_err(|e| Problem::new(format!("cannot enter {}", directory.display())).because(&e))
}

/// Does what was typed.
fn run(command: Command) -> Outcome<Found> {
    let opened = OnceCell::new();
    let db = || {
        let db = database::read(&Place::existing()?)?;
        Ok(opened.get_or_init(|| db).clone())
    };
    let outcome = perform(command, &db);
    match opened.get() {
        // What could not be read may be missing in what was found.
        Some(db) => database::all_could_be_read(db).and(outcome),
        None => outcome,
    }
}

fn perform(command: Command, db: &dyn Fn() -> Outcome<Db>) -> Outcome<Found> {
    match command {
        Command::Init => keep::init(),
        Command::Import { paths } => keep::import(&paths),
        Command::Export { to, as_of: when } => keep::export(&as_of(&db()?, when.as_deref())?, &to),
        Command::Q { query, inputs, file, explain, moment, printing } => {
            // With -f there is no query among the arguments: all of them are inputs.
            let (query, inputs) = match (&file, query) {
                (Some(_), Some(first)) => (None, [first].into_iter().chain(inputs).collect()),
                (_, query) => (query, inputs),
            };
            let typed = ask::question(query.as_deref(), file.as_deref())?;
            let db = db()?;
            let asked = ask::Asked::new(&db, typed, &inputs, &moment)?;
            if explain { asked.explain(printing.format) } else { asked.answer(printing.format) }
        }
        Command::Pull { pattern, entity, moment, printing } => {
            ask::pull(&db()?, &pattern, &entity, &moment, printing.format)
        }
        Command::Search { text, regex, case_sensitive, limit, printing } => {
            let search = Search { pattern: &text, regex, case_sensitive, limit };
            code::search(&db()?, &search, printing.format)
        }
        Command::Stats { printing } => code::stats(&db()?, printing.format),
        Command::Deps(walk) => graph::walk(&db()?, &walk, Direction::Forward),
        Command::Dependents(walk) => graph::walk(&db()?, &walk, Direction::Backward),
        Command::Cycles { namespaces, with_self, format } => {
            graph::cycles(&db()?, namespaces, with_self, format)
        }
        Command::Unused { private, printing } => code::unused(&db()?, private, printing.format),
        Command::Analysis { as_of: when, format } => {
            code::analysis(&as_of(&db()?, when.as_deref())?, format)
        }
        Command::Show { fqn, as_of: when, printing } => {
            code::show(&as_of(&db()?, when.as_deref())?, &fqn, printing.format)
        }
        Command::History { fqn, printing } => past::history(&db()?, &fqn, printing.format),
        Command::Log { limit, printing } => past::log(&db()?, limit, printing.format),
        Command::Snapshot { file } => keep::snapshot(file.as_deref()),
        Command::Restore { file } => keep::restore(&file),
        Command::Doctor { save } => keep::doctor(save.as_deref()),
        Command::Conflicts { printing } => keep::conflicts(printing.format),
        Command::Tour { to } => tour::tour(&to),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "defbase", &mut script);
            output::say(String::from_utf8_lossy(&script).trim_end())?;
            Ok(Found::Yes)
        }
    }
}
