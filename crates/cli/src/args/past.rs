//! Commands that look back.

use super::Printing;
use clap::{Args, Subcommand};
use std::path::PathBuf;

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

    /// The transactions that changed statements, newest first
    #[command(after_help = "\
Exits with 1 where there is none.

Examples:
  defbase log
  defbase log -n 100 --format json
  defbase log --author ada --since 2026-01-01 --grep '(?i)fix'
  defbase log --namespace 'app.db.*' -p
  defbase log --fqn app.core/greet")]
    Log {
        /// At most so many
        #[arg(short = 'n', long, default_value_t = 20, value_name = "N")]
        limit: usize,
        /// Only those whose author's name or mail address this regular expression finds
        #[arg(long, value_name = "REGEX")]
        author: Option<String>,
        /// Only those whose message this regular expression finds
        #[arg(long, value_name = "REGEX")]
        grep: Option<String>,
        /// Only those at or after a moment
        #[arg(long, value_name = "WHEN")]
        since: Option<String>,
        /// Only those at or before a moment
        #[arg(long, value_name = "WHEN")]
        until: Option<String>,
        #[command(flatten)]
        which: Which,
        /// Also what they changed, as unified diffs
        #[arg(short, long)]
        patch: bool,
        /// A log's own file as text for people instead, whole: what `git diff` shows after `defbase git-setup`
        #[arg(long, value_name = "FILE", exclusive = true)]
        textconv: Option<PathBuf>,
        #[command(flatten)]
        printing: Printing,
    },

    /// What happened to statements between two moments
    #[command(after_help = "\
A moment is an instant (2026-01-31, 2026-01-31T12:00:00Z), a transaction number of `log`, or the beginning of a
commit's name where git's history was imported. It means what was there after it.
Where TO is before FROM, it shows the way back. Exits with 1 where nothing differs.

Examples:
  defbase diff 2026-01-31                from then to now
  defbase diff 12 20 --patch             from one transaction to another
  defbase diff 20 12 --patch             what would undo that
  defbase diff --since 2026-01-31 --namespace 'app.*' --stat
  defbase diff 4f2a91c --path src/app --format json")]
    Diff {
        /// The moment it starts from
        #[arg(required_unless_present = "since", conflicts_with = "since", value_name = "FROM")]
        from: Option<String>,
        /// The moment it goes to; now where it is missing
        #[arg(value_name = "TO")]
        to: Option<String>,
        /// From this moment to now
        #[arg(long, value_name = "WHEN")]
        since: Option<String>,
        #[command(flatten)]
        which: Which,
        /// The changes of texts, as unified diffs
        #[arg(short, long, conflicts_with = "stat")]
        patch: bool,
        /// How many statements and lines, namespace by namespace
        #[arg(long)]
        stat: bool,
        #[command(flatten)]
        printing: Printing,
    },

    /// Undo what a transaction did to statements, or bring statements back to what they once were
    ///
    /// One new transaction, and the working files with it. What was changed since stays; where that overlaps with what would
    /// be undone nothing happens, and the reasons are told.
    #[command(after_help = "\
Exits with 1 where it is refused.

Examples:
  defbase revert 17 --dry-run            what undoing transaction 17 would change
  defbase revert 4f2a91c                 undo what a commit did
  defbase revert --to 2026-01-31 app.core/greet app.core/welcome
  defbase revert --to 17                 everything")]
    Revert {
        /// The transaction, as `log` numbers it, or the beginning of a commit's name; with --to, fully qualified names
        #[arg(value_name = "TX|FQN", required_unless_present = "to")]
        what: Vec<String>,
        /// Bring back what was there then: all of it where no statement is named
        #[arg(long, value_name = "WHEN")]
        to: Option<String>,
        /// Only show what would change
        #[arg(short = 'n', long)]
        dry_run: bool,
    },

    /// Who changed what last: the lines of a statement, the statements of a namespace or of files
    #[command(after_help = "\
Lines and statements are followed through renames and moves.

Examples:
  defbase blame app.core/greet           line by line
  defbase blame app.core                 statement by statement
  defbase blame src/app/core.clj --lines
  defbase blame . --format csv           everything
  defbase blame app.core/greet --as-of 2026-01-31")]
    Blame {
        /// A statement's or a namespace's fully qualified name, a file, or a folder
        #[arg(value_name = "FQN|NAMESPACE|PATH")]
        what: String,
        /// Of a namespace or of files too, line by line
        #[arg(short, long)]
        lines: bool,
        /// As it was then: an instant, a transaction number of `log`, or the beginning of a commit's name
        #[arg(long, value_name = "WHEN")]
        as_of: Option<String>,
        #[command(flatten)]
        printing: Printing,
    },
}

/// Which statements a question is about.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Which {
    /// Only statements of this namespace; `app.*` for all below app
    #[arg(long, value_name = "NAMESPACE")]
    pub(crate) namespace: Option<String>,
    /// Only the statement with this name, now or then
    #[arg(long, value_name = "FQN")]
    pub(crate) fqn: Option<String>,
    /// Only statements in this file or below this folder
    #[arg(long, value_name = "PATH")]
    pub(crate) path: Option<String>,
}
