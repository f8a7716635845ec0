//! Commands that change code and keep what it means.

use clap::Subcommand;

#[derive(Subcommand, Debug)]
pub(crate) enum Refactor {
    /// Give a var another name, wherever it is defined and used
    ///
    /// The change is one transaction, and the working files are written with it. It is refused, with the places, where a
    /// use would mean something else, and where a working file is not as the database has it. What mentions the name without
    /// being a use of it (strings, comments, configuration) stays and is listed.
    #[command(after_help = "\
Exits with 1 where it is refused.

Examples:
  defbase rename app.core/greet welcome --dry-run     show the change, make none
  defbase rename app.core/greet welcome")]
    Rename {
        /// Its full name
        old: String,
        /// The new name
        new: String,
        /// Show the change as a diff and make none
        #[arg(short = 'n', long)]
        dry_run: bool,
    },
}
