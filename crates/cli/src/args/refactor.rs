//! Commands that change code and keep what it means.

use clap::Subcommand;

#[derive(Subcommand, Debug)]
pub(crate) enum Refactor {
    /// Give a var, namespace, keyword, alias or local another name, wherever it is defined and used
    ///
    /// The change is one transaction, and the working files are written with it. It is refused, with the places, where a
    /// use would mean something else, and where a working file is not as the database has it. What mentions the name without
    /// being a use of it (strings, comments, configuration) stays and is listed; --also-text changes it where it is a text.
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
        /// Change the name in comments, docstrings and other strings too: the full name, and a var's own between backquotes or quotes
        #[arg(long)]
        also_text: bool,
        /// Show the change as a diff and make none
        #[arg(short = 'n', long)]
        dry_run: bool,
    },

    /// Move statements to another namespace
    ///
    /// Everyone who uses them gets their names from there: what must be required is added, what is required for nothing any
    /// more goes. A namespace that is not there is made. It is refused, with the places, where a namespace would load itself,
    /// where a private var would be used from outside, and where anything would mean something else.
    #[command(after_help = "\
Exits with 1 where it is refused.

Examples:
  defbase move app.core/greet app.text --dry-run      show the change, make none
  defbase move app.core/greet app.core/loud app.text  several, in their order
  defbase move 'app.shape/area[:square]' app.square   a method")]
    Move {
        /// The statements' full names
        #[arg(required = true, value_name = "FQN")]
        names: Vec<String>,
        /// The namespace
        #[arg(value_name = "NAMESPACE")]
        to: String,
        /// Show the change as a diff and make none
        #[arg(short = 'n', long)]
        dry_run: bool,
    },

    /// Make a function of an expression
    ///
    /// The locals that it uses become parameters; a call stands in its place. It is refused where it is no whole expression,
    /// where it cannot leave its function, and where the name is taken.
    #[command(after_help = "\
Exits with 1 where it is refused.

Examples:
  defbase extract src/app/core.clj:12:5-14:20 greeting --dry-run   by its place: the column behind it ends it
  defbase extract app.core/greet greeting --text '(str \"Hello, \" name)'")]
    Extract {
        /// Where it is: path:row:column-row:column, or the full name of its statement
        #[arg(value_name = "PLACE|FQN")]
        place: String,
        /// The name of the function
        name: String,
        /// The expression, as it stands in the statement
        #[arg(long)]
        text: Option<String>,
        /// Show the change as a diff and make none
        #[arg(short = 'n', long)]
        dry_run: bool,
    },

    /// Write what a var or a local is wherever it is used, and delete it
    ///
    /// It is refused where that would evaluate something again, never, or in another order, unless it has no effect: the analysis
    /// must know that. Functions that call themselves, macros, functions of several arities are refused, and parameters.
    #[command(after_help = "\
Exits with 1 where it is refused.

Examples:
  defbase inline app.core/small-helper --dry-run
  defbase inline app.core/limit                      a var
  defbase inline --in app.core/greet greeting        a local that a `let` binds
  defbase inline src/app/core.clj:12:7               what stands there")]
    Inline {
        /// The full name of a var, or a place: PATH:ROW:COLUMN
        what: String,
        /// WHAT is a local in this definition
        #[arg(long = "in", value_name = "FQN")]
        within: Option<String>,
        /// Show the change as a diff and make none
        #[arg(short = 'n', long)]
        dry_run: bool,
    },

    /// Delete statements that nothing uses
    ///
    /// What uses them is shown, with the places, and nothing is deleted then, unless it is told what is to become of that.
    #[command(after_help = "\
Exits with 1 where it is refused.

Examples:
  defbase delete app.core/old
  defbase delete app.core/old --cascade --dry-run     what uses it too, and what uses that
  defbase delete app.core/old --force                 leaves its uses broken, and lists them")]
    Delete {
        /// The statements' full names
        #[arg(required = true, value_name = "FQN")]
        names: Vec<String>,
        /// Delete what uses them too
        #[arg(long, conflicts_with = "force")]
        cascade: bool,
        /// Leave what uses them as it is
        #[arg(long)]
        force: bool,
        /// Show the change as a diff and make none
        #[arg(short = 'n', long)]
        dry_run: bool,
    },

    /// Clean ns forms: what is not used goes, what is there stands in order
    ///
    /// Libraries without an alias and without names are loaded for what that does, and stay. Groups that comments, blank lines
    /// or reader conditionals set apart stay apart.
    #[command(after_help = "\
Examples:
  defbase clean-ns --dry-run          all namespaces
  defbase clean-ns app.core app.text  these two
  defbase clean-ns --no-sort          leave the order as it is")]
    CleanNs {
        /// The namespaces; all where none is named
        #[arg(value_name = "NAMESPACE")]
        names: Vec<String>,
        /// Leave the order as it is
        #[arg(long)]
        no_sort: bool,
        /// Show the change as a diff and make none
        #[arg(short = 'n', long)]
        dry_run: bool,
    },
}
