//! Commands that look back.

use super::Printing;
use clap::Subcommand;

#[derive(Subcommand, Debug)]
pub(crate) enum Past {
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
}
