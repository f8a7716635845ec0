//! Commands that keep the sources and the log.

use super::Printing;
use clap::Subcommand;
use std::path::PathBuf;

#[derive(Subcommand, Debug)]
pub(crate) enum Keep {
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
        /// The sources as they were then: an instant, a transaction number of `log`, or the beginning of a commit's name
        #[arg(long, value_name = "WHEN")]
        as_of: Option<String>,
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
}
