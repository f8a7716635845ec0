//! Commands that stay and keep the database and the files together.

use clap::Subcommand;

#[derive(Subcommand, Debug)]
pub(crate) enum Watch {
    /// Keep the database current while files are edited
    ///
    /// Imports what changed since the last time, then each change as it is saved: one transaction for what is saved
    /// together or checked out by git, one line for each statement. Reads what `defbase import` reads without arguments, and
    /// follows where deps.edn and the like say that sources are. Ctrl-C stops.
    ///
    /// Other commands can be used meanwhile, those that change the database and the files too. Where only the database was
    /// changed, the file is not imported over that: it is held, or named as a conflict where it was edited, until both are the
    /// same again.
    #[command(after_help = "\
Examples:
  defbase watch
  defbase -C ~/project watch > watch.log &")]
    Watch,
}
