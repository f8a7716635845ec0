//! What can be typed: what all commands share here, the commands of each kind in a file of their own.

mod ask;
mod assist;
mod code;
mod graph;
mod keep;
mod past;
mod persist;
mod refactor;
mod watch;

pub(crate) use ask::Ask;
pub(crate) use assist::{Assist, ContextFormat, Mcp};
pub(crate) use code::Code;
pub(crate) use graph::{Draw, Graph, Impact, Path, Walk};
pub(crate) use keep::{Form, Keep};
pub(crate) use past::{Past, Which};
pub(crate) use persist::Persist;
pub(crate) use refactor::Refactor;
pub(crate) use watch::Watch;

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// A database for Clojure code: a project goes in as statements, answers come out as Datalog.
#[derive(Parser, Debug)]
#[command(
    name = "defbase",
    version,
    max_term_width = 100,
    after_help = "\
Start with `defbase tour`, or in a project of yours with `defbase import`.
Every command has examples: `defbase help q`.

Exit codes: 0 done, 1 nothing found or a problem found, 2 an error.
Tables are for people; programs ask for --format edn, json or csv."
)]
pub(crate) struct Cli {
    /// Do as if started in this directory
    #[arg(short = 'C', long, global = true, value_name = "DIR")]
    pub(crate) directory: Option<PathBuf>,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// How data is printed.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum Format {
    /// Columns for people
    #[default]
    Table,
    /// Clojure data
    Edn,
    /// JSON
    Json,
    /// Comma-separated values with a heading
    Csv,
}

/// How data is printed that no table could hold.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum DataFormat {
    /// Clojure data
    #[default]
    Edn,
    /// JSON
    Json,
}

/// How a graph is printed.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum GraphFormat {
    /// Columns for people
    Table,
    /// Clojure data
    Edn,
    /// JSON
    Json,
    /// Comma-separated values with a heading
    Csv,
    /// An indented tree
    Tree,
    /// A Graphviz file
    Dot,
    /// A Mermaid flow chart
    Mermaid,
    /// A drawing
    Svg,
}

/// How a whole graph is printed.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum PictureFormat {
    /// A Graphviz file
    Dot,
    /// A Mermaid flow chart
    Mermaid,
    /// A drawing
    Svg,
    /// Clojure data: nodes and edges
    Edn,
    /// The same as JSON
    Json,
}

/// Options of every command that prints data.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Printing {
    /// How data is printed
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}

/// Which moment a question is about.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Moment {
    /// The database as it was then: an instant (2026-01-31, 2026-01-31T12:00:00Z), a transaction number of `log`, or the beginning of a commit's name
    #[arg(long, value_name = "WHEN", conflicts_with_all = ["since", "history"])]
    pub(crate) as_of: Option<String>,
    /// Only what was added after that
    #[arg(long, value_name = "WHEN", conflicts_with = "history")]
    pub(crate) since: Option<String>,
    /// Everything that ever held; use five-part clauses: [?e ?a ?v ?tx ?added]
    #[arg(long)]
    pub(crate) history: bool,
}

#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    #[command(flatten)]
    Keep(Keep),
    #[command(flatten)]
    Persist(Persist),
    #[command(flatten)]
    Ask(Ask),
    #[command(flatten)]
    Code(Code),
    #[command(flatten)]
    Graph(Graph),
    #[command(flatten)]
    Past(Past),
    #[command(flatten)]
    Refactor(Refactor),
    #[command(flatten)]
    Watch(Watch),
    #[command(flatten)]
    Assist(Assist),

    /// Import a small application and show what can be asked
    #[command(after_help = "Example:\n  defbase tour && cd defbase-tour && defbase stats")]
    Tour {
        /// Where it is put
        #[arg(default_value = "defbase-tour")]
        to: PathBuf,
    },

    /// Print a completion script for a shell
    #[command(after_help = "\
Examples:
  defbase completions bash > ~/.local/share/bash-completion/completions/defbase
  defbase completions zsh > ~/.zfunc/_defbase")]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn every_command_explains_itself_with_an_example() {
        let mut cli = Cli::command();
        cli.clone().debug_assert();
        for command in cli.get_subcommands_mut() {
            let help = command.render_long_help().to_string();
            assert!(help.contains("Example"), "{}", command.get_name());
            assert!(command.get_about().is_some(), "{}", command.get_name());
        }
    }

    #[test]
    fn a_year_alone_is_a_moment_and_moments_exclude_each_other() {
        assert!(Cli::try_parse_from(["defbase", "q", "--as-of", "2026", "[]"]).is_ok());
        assert!(Cli::try_parse_from(["defbase", "q", "--as-of", "1", "--history", "[]"]).is_err());
        assert!(Cli::try_parse_from(["defbase", "pull", "[*]"]).is_err());
    }
}
