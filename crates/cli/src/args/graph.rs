//! Commands that follow dependencies.

use super::GraphFormat;
use clap::{Args, Subcommand};

#[derive(Subcommand, Debug)]
pub(crate) enum Graph {
    /// What a statement depends on
    #[command(after_help = "\
Examples:
  defbase deps app.core/greet
  defbase deps app.core/greet --transitive --format tree
  defbase deps app.core/greet --transitive --format dot | dot -Tsvg > greet.svg")]
    Deps(Walk),

    /// What depends on a statement
    #[command(after_help = "\
Examples:
  defbase dependents app.core/greet
  defbase dependents app.core/greet --transitive --depth 3 --format tree")]
    Dependents(Walk),

    /// Statements, or namespaces, that depend on each other in a circle
    #[command(after_help = "\
Exits with 1 where there is one, so that it can guard a build.

Examples:
  defbase cycles
  defbase cycles --namespaces
  defbase cycles --format dot | dot -Tsvg > cycles.svg")]
    Cycles {
        /// Between namespaces instead of statements
        #[arg(long)]
        namespaces: bool,
        /// Also what depends on itself alone
        #[arg(long)]
        with_self: bool,
        /// How data is printed
        #[arg(long, value_enum, default_value = "table")]
        format: GraphFormat,
    },
}

/// A walk through dependencies.
#[derive(Args, Debug)]
pub(crate) struct Walk {
    /// A statement's or a namespace's fully qualified name
    pub(crate) fqn: String,
    /// Also what those depend on, and so on
    #[arg(short, long)]
    pub(crate) transitive: bool,
    /// No further than so many steps; implies --transitive
    #[arg(long, value_name = "N")]
    pub(crate) depth: Option<u32>,
    /// How data is printed
    #[arg(long, value_enum, default_value = "table")]
    pub(crate) format: GraphFormat,
}
