//! Commands that follow dependencies.

use super::{GraphFormat, PictureFormat};
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand};
use code::model::DependencyType;

#[derive(Subcommand, Debug)]
pub(crate) enum Graph {
    /// What a statement depends on
    #[command(after_help = "\
Examples:
  defbase deps app.core/greet
  defbase deps app.core/greet --transitive --format tree
  defbase deps app.core/greet --type function-call --type macro-use
  defbase deps app.core/greet --transitive --format dot | dot -Tsvg > greet.svg")]
    Deps(Walk),

    /// What depends on a statement
    #[command(after_help = "\
Examples:
  defbase dependents app.core/greet
  defbase dependents app.core/greet --transitive --depth 3 --format tree")]
    Dependents(Walk),

    /// What a change to statements can reach, and which tests to run
    #[command(after_help = "\
A change reaches what uses a statement, what uses that, and so on; of a method and of a type that implements a
protocol also what calls the multimethod or uses the protocol. Without a name it is asked what the last import
changed. Exits with 1 where nothing is reached.

Examples:
  defbase impact app.core/greet
  defbase impact app.core/greet app.core/limit --tests
  defbase import && defbase impact --tests --format csv
  defbase impact --since 2026-01-31 --format json")]
    Impact(Impact),

    /// A shortest way from a statement, or a namespace, to one that it depends on
    #[command(after_help = "\
Exits with 1 where there is none.

Examples:
  defbase path app.core/-main app.db/query
  defbase path app.core app.db --all
  defbase path app.core/-main app.db/query --all --format svg > ways.svg")]
    Path(Path),

    /// Draw the dependencies between namespaces or statements
    #[command(
        name = "graph",
        after_help = "\
Boxes have a colour by what they are; what lies on a cycle is red.

Examples:
  defbase graph > app.svg
  defbase graph --namespaces --of app.db --format mermaid
  defbase graph --of app.core app.util > core.svg
  defbase graph --statements --format dot | dot -Tpdf > app.pdf"
    )]
    Draw(Draw),

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

/// A graph to be drawn.
#[derive(Args, Debug)]
pub(crate) struct Draw {
    /// Namespaces; the default
    #[arg(long, conflicts_with = "statements")]
    pub(crate) namespaces: bool,
    /// Statements; the default with --of
    #[arg(long)]
    pub(crate) statements: bool,
    /// Only of this namespace and those below it, `app.db` and `app.db.sql`; may be given several times. Of namespaces also
    /// those that they use or are used by
    #[arg(long, value_name = "NS", num_args = 1..)]
    pub(crate) of: Vec<String>,
    #[command(flatten)]
    pub(crate) kinds: Kinds,
    /// How it is printed
    #[arg(long, value_enum, default_value = "svg")]
    pub(crate) format: PictureFormat,
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
    #[command(flatten)]
    pub(crate) kinds: Kinds,
    /// How data is printed
    #[arg(long, value_enum, default_value = "table")]
    pub(crate) format: GraphFormat,
}

/// Which dependencies to follow.
#[derive(Args, Debug)]
pub(crate) struct Kinds {
    /// Only dependencies of this type; may be given several times
    #[arg(long = "type", value_name = "TYPE", value_parser = kind_parser())]
    pub(crate) types: Vec<DependencyType>,
}

/// Reads the name of a type.
fn kind_parser() -> impl TypedValueParser<Value = DependencyType> {
    let values = DependencyType::all().map(|kind| PossibleValue::new(kind.name()).help(kind.doc()));
    // Only names of the list come through.
    PossibleValuesParser::new(values)
        .try_map(|name| DependencyType::named(&name).ok_or("no such type"))
}

/// What a change reaches.
#[derive(Args, Debug)]
pub(crate) struct Impact {
    /// Fully qualified names of statements; a namespace's name means all of its statements
    pub(crate) fqns: Vec<String>,
    /// Whatever was changed after that: an instant or a transaction number of `log`
    #[arg(long, value_name = "WHEN", conflicts_with = "fqns")]
    pub(crate) since: Option<String>,
    /// Only tests
    #[arg(long)]
    pub(crate) tests: bool,
    /// No further than so many steps
    #[arg(long, value_name = "N")]
    pub(crate) depth: Option<u32>,
    /// How data is printed
    #[arg(long, value_enum, default_value = "table")]
    pub(crate) format: GraphFormat,
}

/// A way through dependencies.
#[derive(Args, Debug)]
pub(crate) struct Path {
    /// Where it starts: a statement's or a namespace's fully qualified name
    pub(crate) from: String,
    /// Where it ends
    pub(crate) to: String,
    /// All shortest ways
    #[arg(long)]
    pub(crate) all: bool,
    /// How many ways at most
    #[arg(long, short = 'n', value_name = "N", default_value_t = 100)]
    pub(crate) limit: usize,
    #[command(flatten)]
    pub(crate) kinds: Kinds,
    /// How data is printed
    #[arg(long, value_enum, default_value = "table")]
    pub(crate) format: GraphFormat,
}
