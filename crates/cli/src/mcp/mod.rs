//! The database for AI assistants, by the Model Context Protocol: `defbase mcp`.
//!
//!     assistant ──stdio│HTTP──▶ server ──▶ tools ──▶ project (the database as it is now) ──▶ the crates below
//!
//! - [`server`] and [`http`] are all that knows the protocol; it is the official SDK's. The rest takes plain arguments and
//!   gives texts.
//! - [`tools`] is the table of what can be called. Each tool reads its arguments into a type, whose JSON schema is what
//!   assistants are shown.
//! - [`project`] follows the log: before each call it looks whether another program has written to it.
//!
//! Invariants
//! - Nothing is read but the database: a name or a query never becomes a path. What edits writes files that the database
//!   has, and only with `--allow-edits`: without it those tools do not exist.
//! - An answer has at most [`answer::LIMIT`] tokens, a context as many as were asked for; it says so where it was cut.
//! - What goes wrong in a call is an answer that says what to do about it, never the end of the server.

mod answer;
mod arguments;
mod edit;
mod http;
mod look;
mod project;
mod server;
mod tools;
mod walk;

use crate::args::Mcp;
use crate::place::Place;
use crate::problem::{Outcome, Problem};
use project::Project;
use server::Server;

/// Serves until the client leaves or the program is told to stop.
pub(crate) fn run(options: &Mcp) -> Outcome<()> {
    let project = Project::new(Place::existing()?);
    // A database that cannot be opened is told now, not at the first call.
    project.now()?;
    let server = Server::new(project, options.allow_edits);
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.map_err(|e| Problem::new("cannot start the server").because(&e))?;
    match options.http {
        true => runtime.block_on(http::serve(server, options)),
        false => runtime.block_on(server.serve_stdio()),
    }
}
