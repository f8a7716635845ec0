//! Commands about the places that keep the database besides.

use super::Printing;
use clap::Subcommand;

#[derive(Subcommand, Debug)]
pub(crate) enum Persist {
    /// The places that keep the database besides, and how far behind each is
    ///
    /// The log in .defbase is the truth. Every change goes from there to the tiers that .defbase/defbase.edn names: to the primary
    /// before the command is done, to the others in the background. One that fails is tried again by itself, and catches up.
    #[command(after_help = "\
Exits with 1 where one is behind.

.defbase/defbase.edn, with any of these:
  {:primary {:type :file :path \"data/code-db.edn\" :backup-count 10}
   :backup  {:type :sqlite :path \"data/code-db.sqlite\"}
   :sync    {:type :postgres :url \"postgresql://localhost/codebase\"}
   :archive {:type :bucket :url \"s3://team/code-db\"}
   :office  {:type :http :url \"https://host/api/v1\" :token \"${DEFBASE_TOKEN}\"}
   :backup-schedule {:on-change :append-tx-log, :hourly :create-snapshot, :daily :compress-old-logs
                     [:every 100 :transactions] :create-snapshot}
   :retention {:snapshots 10, :days 30}}
A file whose path ends in .gz or .zst is kept small. ${NAME} is a variable of the environment.

Examples:
  defbase tiers
  defbase tiers --now                try each at once, also those that are left alone for a while")]
    Tiers {
        /// Try each tier now
        #[arg(long)]
        now: bool,
        #[command(flatten)]
        printing: Printing,
    },

    /// Keep a version of the database in every tier, and say how that went
    #[command(after_help = "\
Exits with 1 where a tier failed. Versions without a name make room for newer ones, those with a name stay.

Examples:
  defbase backup                     named after the moment
  defbase backup release-1.0
  defbase versions && defbase restore --from backup --version release-1.0")]
    Backup {
        /// What to call it
        name: Option<String>,
        #[command(flatten)]
        printing: Printing,
    },

    /// The snapshots, and the versions in each tier
    #[command(after_help = "\
Examples:
  defbase versions
  defbase versions backup            those of one tier")]
    Versions {
        /// Of which tier; else of all, and the snapshots
        tier: Option<String>,
        #[command(flatten)]
        printing: Printing,
    },

    /// Let go of old snapshots and versions
    ///
    /// As many stay as :retention and :backup-count in .defbase/defbase.edn say, 10 where they say nothing. The newest one stays, and
    /// what has a name.
    #[command(after_help = "\
Example:
  defbase prune --dry-run")]
    Prune {
        /// Only say what would go
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        printing: Printing,
    },

    /// Take what others wrote into a tier, and give it what it lacks
    ///
    /// A log is a set of transactions, so clones that meet in a tier come to the same database, in whatever order. What they
    /// disagree about `defbase conflicts` lists. The sources are written by `defbase export`.
    #[command(after_help = "\
Exits with 1 where a tier failed.

Examples:
  defbase sync                       with every tier
  defbase sync sync                  with the one that is called so")]
    Sync {
        /// With which tiers
        tiers: Vec<String>,
        #[command(flatten)]
        printing: Printing,
    },
}
