//! Commands that ask the database.

use super::{Moment, Printing};
use clap::Subcommand;
use std::path::PathBuf;

#[derive(Subcommand, Debug)]
pub(crate) enum Ask {
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
}
