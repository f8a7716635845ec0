//! The `defbase` program. It only translates: what was typed to calls of the crates below, what they return to text.

mod args;
mod commands;
mod configuration;
mod database;
mod diff;
mod follow;
mod json;
mod keeping;
mod mcp;
mod output;
mod place;
mod problem;
mod progress;
mod working;

use crate::args::{Cli, Command};
use crate::commands::{
    Found, ToRead, ask, assist, code, graph, keep, past, persist, refactor, tour, watch,
};
use crate::place::Place;
use crate::problem::{Outcome, Problem};
use clap::{CommandFactory, Parser};
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
    let before = keeping::stamp();
    let outcome = perform(command, &db);
    let outcome = match opened.get() {
        // What could not be read may be missing in what was found.
        Some(db) => database::all_could_be_read(db).and(outcome),
        None => outcome,
    };
    // What went wrong later may have come after a change.
    match keeping::stamp() {
        after if after == before => outcome,
        Some(after) => keeping::after(&after.place).and(outcome),
        None => outcome,
    }
}

fn perform(command: Command, db: ToRead<'_>) -> Outcome<Found> {
    match command {
        Command::Keep(command) => keep::run(command, db),
        Command::Persist(command) => persist::run(command, db),
        Command::Ask(command) => ask::run(command, db),
        Command::Code(command) => code::run(command, db),
        Command::Graph(command) => graph::run(command, db),
        Command::Past(command) => past::run(command, db),
        Command::Refactor(command) => refactor::run(command, db),
        Command::Watch(command) => watch::run(command),
        Command::Assist(command) => assist::run(command, db),
        Command::Tour { to } => tour::tour(&to),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "defbase", &mut script);
            output::say(String::from_utf8_lossy(&script).trim_end())?;
            Ok(Found::Yes)
        }
    }
}
