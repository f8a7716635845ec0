//! What can be typed.

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
    /// The database as it was then: an instant (2026-01-31, 2026-01-31T12:00:00Z) or a transaction number of `log`
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
    /// Make a database in this directory
    #[command(after_help = "Example:\n  defbase init && git add .gitattributes .defbase")]
    Init,

    /// Read a project's sources (.clj .cljs .cljc .bb .edn, jars) into the database
    ///
    /// Only what changed is written. A file that does not read is kept as far as it reads, and reported; the exit
    /// code is 1 then. Makes a database where there is none.
    #[command(after_help = "\
Examples:
  defbase import                     everything below the project's directory
  defbase import src test            two folders
  defbase import ~/.m2/clojure.jar   the sources inside a jar")]
    Import {
        /// Files, folders and jars
        #[arg(value_name = "PATH")]
        paths: Vec<PathBuf>,
    },

    /// Write the sources back, byte for byte
    #[command(after_help = "\
Examples:
  defbase export /tmp/copy
  defbase export --as-of 2026-01-31 /tmp/january")]
    Export {
        /// The folder to write to
        #[arg(value_name = "DIR")]
        to: PathBuf,
        /// The sources as they were then: an instant or a transaction number of `log`
        #[arg(long, value_name = "WHEN")]
        as_of: Option<String>,
    },

    /// Ask in Datalog
    #[command(after_help = "\
Examples:
  defbase q '[:find ?f :where [?s :statement/fqn ?f] [?s :statement/pure? false]]'
  defbase q '[:find ?f :in $ ?ns :where [?s :statement/namespace ?ns] [?s :statement/fqn ?f]]' '\"app.core\"'
  defbase q --as-of 2026-01-31 -f question.edn --format json
  defbase q --explain '[:find ?f :where [?s :statement/pure? false] [?s :statement/fqn ?f]]'
  echo '[:find (count ?s) . :where [?s :statement/fqn]]' | defbase q")]
    Q {
        /// The query; from standard input where it is missing or `-`
        query: Option<String>,
        /// What follows the database in `:in`, each as EDN
        #[arg(value_name = "INPUT", allow_negative_numbers = true)]
        inputs: Vec<String>,
        /// Read the query from a file
        #[arg(short, long, value_name = "FILE")]
        file: Option<PathBuf>,
        /// Run the query and show its plan: each step with its method, the rows expected, the rows that came, and the time
        #[arg(long)]
        explain: bool,
        #[command(flatten)]
        moment: Moment,
        #[command(flatten)]
        printing: Printing,
    },

    /// Show an entity by a pull pattern
    #[command(after_help = "\
Examples:
  defbase pull '[*]' '[:statement/fqn \"app.core/greet\"]'
  defbase pull '[:namespace/name {:namespace/statements [:statement/name]}]' '[:namespace/name \"app.core\"]'
  defbase pull '[:statement/doc]' app.core/greet")]
    Pull {
        /// What to show
        pattern: String,
        /// An entity id, a lookup ref, or a fully qualified name
        entity: String,
        #[command(flatten)]
        moment: Moment,
        #[command(flatten)]
        printing: Printing,
    },

    /// Find statements by a text in their names, docstrings and sources
    #[command(after_help = "\
Examples:
  defbase search discount
  defbase search --regex 'def(multi|method) ' -n 5")]
    Search {
        /// The text; capitals and small letters are the same
        text: String,
        /// The text is a regular expression
        #[arg(short = 'e', long)]
        regex: bool,
        /// Capitals are other letters than small ones
        #[arg(short = 's', long)]
        case_sensitive: bool,
        /// At most so many
        #[arg(short = 'n', long, default_value_t = 20, value_name = "N")]
        limit: usize,
        #[command(flatten)]
        printing: Printing,
    },

    /// Count statements, pure ones and lines for each namespace
    #[command(after_help = "Examples:\n  defbase stats\n  defbase stats --format csv > stats.csv")]
    Stats {
        #[command(flatten)]
        printing: Printing,
    },

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

    /// Definitions that nothing uses
    #[command(after_help = "\
Exits with 1 where there is one, so that it can guard a build.

Examples:
  defbase unused              private ones, and public ones that nothing in the project names
  defbase unused --private    only private ones, which can be deleted")]
    Unused {
        /// Only private ones
        #[arg(long)]
        private: bool,
        #[command(flatten)]
        printing: Printing,
    },

    /// Every namespace, definition and use with its place, as clj-kondo prints its analysis
    #[command(after_help = "\
Names are resolved as the project's `.clj-kondo/config.edn` says, where there is one.

Examples:
  defbase analysis > analysis.edn
  defbase analysis --format json | jq '.analysis[\"var-usages\"] | length'
  defbase analysis --as-of 2026-01-31 > january.edn")]
    Analysis {
        /// The sources as they were then: an instant or a transaction number of `log`
        #[arg(long, value_name = "WHEN")]
        as_of: Option<String>,
        /// How data is printed
        #[arg(long, value_enum, default_value_t)]
        format: DataFormat,
    },

    /// A statement's source and what is known of it
    #[command(after_help = "\
Examples:
  defbase show app.core/greet
  defbase show app.core/greet --as-of 2026-01-31
  defbase show app.core/greet --format json")]
    Show {
        /// Its fully qualified name
        fqn: String,
        /// As it was then: an instant or a transaction number of `log`
        #[arg(long, value_name = "WHEN")]
        as_of: Option<String>,
        #[command(flatten)]
        printing: Printing,
    },

    /// All that ever happened to a statement
    #[command(after_help = "Example:\n  defbase history app.core/greet")]
    History {
        /// Its fully qualified name, now or once
        fqn: String,
        #[command(flatten)]
        printing: Printing,
    },

    /// The transactions, newest first
    #[command(after_help = "Examples:\n  defbase log\n  defbase log -n 100 --format json")]
    Log {
        /// At most so many
        #[arg(short = 'n', long, default_value_t = 20, value_name = "N")]
        limit: usize,
        #[command(flatten)]
        printing: Printing,
    },

    /// Write the whole database into one file
    #[command(after_help = "\
Examples:
  defbase snapshot                   into .defbase/snapshots/
  defbase snapshot backup.edn        into a file of your choice")]
    Snapshot {
        /// The file; a new one in .defbase/snapshots/ where it is missing
        file: Option<PathBuf>,
    },

    /// Make a database from a snapshot or a log
    #[command(after_help = "\
The database must not be there yet: nothing is overwritten.

Example:
  defbase -C elsewhere restore backup.edn")]
    Restore {
        /// A snapshot or a log
        file: PathBuf,
    },

    /// Verify the log and the snapshots, and say what can be saved
    #[command(after_help = "\
Exits with 1 where something is wrong.

Examples:
  defbase doctor
  defbase doctor --save saved.edn && defbase -C elsewhere restore saved.edn")]
    Doctor {
        /// Write all transactions that can be saved into a new file
        #[arg(long, value_name = "FILE")]
        save: Option<PathBuf>,
    },

    /// Changes that were made to the same thing without knowledge of each other
    #[command(after_help = "\
Exits with 1 where there is one. The later change holds; another transaction settles the conflict.

Example:
  git merge feature && defbase conflicts")]
    Conflicts {
        #[command(flatten)]
        printing: Printing,
    },

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
