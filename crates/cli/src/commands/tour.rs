//! `tour`: a small application goes in, and the program shows on it what can be asked. What is shown is what the
//! commands print; nothing is prepared.

use super::Found;
use crate::args::Cli;
use crate::output::say;
use crate::place::cannot_write;
use crate::problem::{Outcome, Problem};
use clap::Parser;
use std::fs;
use std::path::Path;

/// The example application: names and contents of its files.
const TEAHOUSE: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/teahouse.rs"));

const EDITED: &str = "src/teahouse/receipt.cljc";
const OLD_TEXT: &str = "  40)";
const NEW_TEXT: &str = "  48)";

const IMPURE: &str = "[:find ?fqn ?because-of :where [?s :statement/fqn ?fqn] [?s :statement/impure-via ?because-of]]";

/// `defbase tour`
pub(crate) fn tour(to: &Path) -> Outcome<Found> {
    if fs::read_dir(to).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(Problem::new(format!("{} is there already", to.display()))
            .help("name another folder: `defbase tour FOLDER`, or delete this one"));
    }
    for (name, bytes) in TEAHOUSE {
        let path = to.join(name);
        let folder = path.parent().unwrap_or(to);
        fs::create_dir_all(folder).map_err(|e| cannot_write(folder, &e))?;
        fs::write(&path, bytes).map_err(|e| cannot_write(&path, &e))?;
    }
    std::env::set_current_dir(to).map_err(|e| cannot_write(to, &e))?;
    say(&format!("A tea shop in Clojure, {} files, is now in {}.", TEAHOUSE.len(), to.display()))?;

    step("It goes in, every top-level form as a statement:", &["import"])?;
    step("What is in it?", &["stats"])?;
    step("Which functions have effects, and because of what?", &["q", IMPURE])?;
    step(
        "What could break when the rounding of percentages changes?",
        &["dependents", "teahouse.money/percent", "--transitive", "--format", "tree"],
    )?;
    step("What depends on itself in a circle?", &["cycles"])?;
    step("What can be deleted?", &["unused", "--private"])?;
    edit()?;
    step(&format!("Somebody makes the receipts wider, in {EDITED}:"), &["import"])?;
    step("Nothing is forgotten:", &["history", "teahouse.receipt/width"])?;
    say(&format!(
        "\nThe database is yours to play with:\n\n  cd {}\n  defbase show teahouse.pricing/price\n  \
         defbase search discount\n  defbase deps teahouse.main/run --transitive --format tree\n  \
         defbase help",
        to.display()
    ))?;
    Ok(Found::Yes)
}

/// Shows a command and runs it.
fn step(title: &str, arguments: &[&str]) -> Outcome<()> {
    let typed: Vec<String> = arguments
        .iter()
        .map(|a| if a.contains([' ', '[']) { format!("'{a}'") } else { (*a).to_owned() })
        .collect();
    say(&format!("\n{title}\n\n$ defbase {}", typed.join(" ")))?;
    let cli = Cli::try_parse_from(["defbase"].iter().chain(arguments))
        .map_err(|e| Problem::new(e.to_string()))?;
    crate::run(cli.command)?;
    Ok(())
}

fn edit() -> Outcome<()> {
    let path = Path::new(EDITED);
    let text = fs::read_to_string(path)
        .map_err(|e| Problem::new(format!("cannot read {EDITED}")).because(&e))?;
    fs::write(path, text.replacen(OLD_TEXT, NEW_TEXT, 1)).map_err(|e| cannot_write(path, &e))
}
