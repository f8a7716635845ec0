//! Commands that stay and keep the database and the files together.

use clap::Subcommand;

#[derive(Subcommand, Debug)]
pub(crate) enum Watch {
    /// Keep the database current while files are edited
    ///
    /// Imports what changed since the last time, then each change as it is saved: one transaction for what is saved
    /// together, one line for each statement. Reads what `defbase import` reads without arguments. Ctrl-C stops.
    ///
    /// Where another program changes the log meanwhile, as git does, a file that the log has another text of is not
    /// touched on either side: it is named as a conflict until both are the same again.
    #[command(after_help = "\
Examples:
  defbase watch
  defbase -C ~/project watch > watch.log &")]
    Watch,
}
