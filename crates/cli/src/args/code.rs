//! Commands that look at statements.

use super::{DataFormat, Printing};
use clap::Subcommand;
use std::path::PathBuf;

#[derive(Subcommand, Debug)]
pub(crate) enum Code {
    /// Find statements by a text in their names, docstrings and sources
    #[command(after_help = "\
Examples:
  defbase search discount
  defbase search --regex 'def(multi|method) ' -n 5")]
    #[command(alias = "find")]
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

    /// A statement's source and what is known of it
    #[command(after_help = "\
Examples:
  defbase show app.core/greet
  defbase show app.core/greet --as-of 2026-01-31
  defbase show app.core/greet --format json")]
    Show {
        /// Its fully qualified name
        fqn: String,
        /// As it was then: an instant, a transaction number of `log`, or the beginning of a commit's name
        #[arg(long, value_name = "WHEN")]
        as_of: Option<String>,
        #[command(flatten)]
        printing: Printing,
    },

    /// Count statements, pure ones and lines for each namespace
    #[command(after_help = "Examples:\n  defbase stats\n  defbase stats --format csv > stats.csv")]
    Stats {
        #[command(flatten)]
        printing: Printing,
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
        /// The sources as they were then: an instant, a transaction number of `log`, or the beginning of a commit's name
        #[arg(long, value_name = "WHEN")]
        as_of: Option<String>,
        /// How data is printed
        #[arg(long, value_enum, default_value_t)]
        format: DataFormat,
    },

    /// Write a SCIP index, which code browsers and editors read
    #[command(after_help = "\
Every namespace, var, macro, protocol, type, method and local with its places, signatures, docstrings and what it
implements.

Examples:
  defbase scip
  defbase scip -o target/index.scip
  defbase scip && scip print index.scip")]
    Scip {
        /// The file that is written
        #[arg(short, long, value_name = "FILE", default_value = "index.scip")]
        output: PathBuf,
        /// The sources as they were then: an instant or a transaction number of `log`
        #[arg(long, value_name = "WHEN")]
        as_of: Option<String>,
    },
}
