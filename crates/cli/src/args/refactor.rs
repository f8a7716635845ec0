//! Commands that change code and keep what it means.

use clap::Subcommand;

#[derive(Subcommand, Debug)]
pub(crate) enum Refactor {
    /// Give a var, namespace, keyword, alias or local another name, wherever it is defined and used
    ///
    /// The change is one transaction, and the working files are written with it. It is refused, with the places, where a
    /// use would mean something else, and where a working file is not as the database has it. What mentions the name without
    /// being a use of it (strings, comments, configuration) stays and is listed.
    #[command(after_help = "\
Exits with 1 where it is refused.

Examples:
  defbase rename app.core/greet welcome --dry-run      show the change, make none
  defbase rename app.core/greet welcome                a var
  defbase rename app.core app.main                     a namespace, with its file
  defbase rename :app.order/id number                  a keyword
  defbase rename --in app.core str string              an alias, in one namespace
  defbase rename --in app.core/greet name who          a local
  defbase rename src/app/core.clj:12:7 who             what stands there")]
    Rename {
        /// A full name, a keyword, or a place: PATH:ROW:COLUMN
        old: String,
        /// The new name
        new: String,
        /// OLD is an alias in this namespace, or a local in this definition
        #[arg(long = "in", value_name = "FQN")]
        within: Option<String>,
        /// Show the change as a diff and make none
        #[arg(short = 'n', long)]
        dry_run: bool,
    },
}
