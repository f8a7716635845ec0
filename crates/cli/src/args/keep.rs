//! Commands that keep the sources and the log.

use super::Printing;
use clap::{Subcommand, ValueEnum};
use std::path::PathBuf;

/// What a file says of a database.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum Form {
    /// Everything: the log can be made anew from it
    #[default]
    Snapshot,
    /// Schema, facts and history, as `db->data` gives them
    Data,
    /// Every entity with its attributes, as pull gives them
    Entities,
    /// All transactions with their facts, as `tx-range` gives them
    Transactions,
    /// What DataScript's `serializable` gives
    Serializable,
}

#[derive(Subcommand, Debug)]
pub(crate) enum Keep {
    /// Make a database in this directory
    ///
    /// Where deps.edn, project.clj, bb.edn or shadow-cljs.edn say where the sources are, in this directory or, in a monorepo,
    /// below it, .defbase/defbase.edn names those folders; else it names the directory.
    #[command(after_help = "Example:\n  defbase init && git add .gitattributes .defbase")]
    Init,

    /// Have git merge the log and show it so that it reads well, in this clone
    ///
    /// What is the same for all clones stands in .gitattributes: both sides of a merge are kept, and the log is shown by a
    /// program of ours. Which program that is stands in the configuration of each clone: `init` and this command write it.
    #[command(
        after_help = "Example:\n  git clone URL app && cd app && defbase git-setup && git log -p"
    )]
    GitSetup,

    /// Read a project's sources (.clj .cljs .cljc .cljd .bb .edn, jars) into the database
    ///
    /// Only what changed is written. A file that does not read is kept whole, read on behind what is broken, and reported on
    /// standard error. Makes a database where there is none.
    #[command(after_help = "\
Exits with 0 where everything is in the database, also files that do not read: a hook or a build goes on. With
--strict those end it with 1, as a file that cannot be opened always does. 2 is an error: nothing was imported.

Examples:
  defbase import                     everything below the project's directory
  defbase import src test            two folders
  defbase import ~/.m2/clojure.jar   the sources inside a jar
  defbase import --dependencies      the libraries' jars on this machine too
  defbase import -m 'before the release'
  defbase import --git               the history of the repository here, one transaction a commit;
                                     again, what was committed since
  defbase import --git ../app --from v1.0 --to main -- src
  defbase import --strict || exit 1  in a hook that lets nothing pass that does not read")]
    Import {
        /// The jars of the project's libraries too, as far as they are on this machine
        ///
        /// From the class path in .cpcache, else what deps.edn and project.clj name from ~/.m2 and /usr/share/java. What is in a
        /// jar is only read: no refactoring changes it, and `export` leaves it out.
        #[arg(long, conflicts_with = "git")]
        dependencies: bool,
        /// Files, folders and jars; with --git, folders and files of the repository
        #[arg(value_name = "PATH")]
        paths: Vec<PathBuf>,
        /// Exit with 1 where a file does not read to its end, changed or not
        #[arg(long, conflicts_with = "git")]
        strict: bool,
        /// What it is for
        #[arg(short, long, value_name = "TEXT", conflicts_with = "git")]
        message: Option<String>,
        /// The history of a git repository: of the one that the project is in where none is named
        ///
        /// Each commit becomes a transaction with its author, time, message and name; commits that a merge brings in
        /// come before it. The database is then what the last commit is.
        #[arg(long, value_name = "REPO", num_args = 0..=1)]
        git: Option<Option<PathBuf>>,
        /// The first commit, with all that was there by then; else the history from its beginning
        #[arg(long, value_name = "REV", requires = "git")]
        from: Option<String>,
        /// The last commit; else the one that is checked out
        #[arg(long, value_name = "REV", requires = "git")]
        to: Option<String>,
    },

    /// Write the sources back, byte for byte
    #[command(after_help = "\
Examples:
  defbase export /tmp/copy
  defbase export --as-of 2026-01-31 /tmp/january
  defbase export --watch .           the working files, kept as the database has them")]
    Export {
        /// What was imported of jars too
        #[arg(long)]
        jars: bool,
        /// The folder to write to
        #[arg(value_name = "DIR")]
        to: PathBuf,
        /// The sources as they were then: an instant, a transaction number of `log`, or the beginning of a commit's name
        #[arg(long, value_name = "WHEN")]
        as_of: Option<String>,
        /// Stay, and write what other programs change in the database; a file that was edited is never overwritten
        #[arg(long, conflicts_with = "as_of")]
        watch: bool,
    },

    /// Write the whole database into one file
    ///
    /// The file's name says how: .edn, .json or .transit, and .gz or .zst behind it to make it small. A snapshot is whole: the log can
    /// be made anew from it. The other forms are for programs that expect them.
    #[command(after_help = "\
Examples:
  defbase snapshot                           into .defbase/snapshots/, made small
  defbase snapshot backup.edn                into a file of your choice
  defbase snapshot --form data db.edn        as (pr-str (d/db->data db)) writes it
  defbase snapshot --form entities db.json.gz")]
    Snapshot {
        /// The file; a new one in .defbase/snapshots/ where it is missing
        file: Option<PathBuf>,
        /// What it says of the database
        #[arg(long, value_enum, default_value_t, requires = "file")]
        form: Form,
    },

    /// Make a database from a file, or from the freshest tier
    ///
    /// A file is a snapshot, a log, or another form that `snapshot` writes; it may be packed. Without one, all tiers of
    /// .defbase/defbase.edn are read, and the freshest that verifies is taken.
    #[command(after_help = "\
The database must not be there yet: nothing is overwritten.

Examples:
  defbase -C elsewhere restore backup.edn
  defbase restore                            from the freshest tier that verifies
  defbase restore --from backup              from this tier
  defbase restore --from backup --version release-1.0")]
    Restore {
        /// A snapshot, a log, or another form of a database
        #[arg(conflicts_with = "from")]
        file: Option<PathBuf>,
        /// The form of the file, where neither it nor its name tells
        #[arg(long, value_enum, requires = "file")]
        form: Option<Form>,
        /// The tier
        #[arg(long, value_name = "TIER")]
        from: Option<String>,
        /// A version that the tier has, rather than its log
        #[arg(long, value_name = "NAME", requires = "from")]
        version: Option<String>,
    },

    /// Verify the log and the snapshots, and say what can be saved
    #[command(after_help = "\
Exits with 1 where something is wrong.

Examples:
  defbase doctor
  defbase doctor --save saved.edn && defbase -C elsewhere restore saved.edn")]
    #[command(alias = "check")]
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
