//! What must hold after a refactoring that moves code, whatever it did: told from a second analysis of the whole project,
//! beside the first one, and from the texts.

use code::analysis::{Rules, analyze};
use code::model::DependencyType;
use code::refactor::{Change, Sources};
use edn::{Keyword, Str};
use std::collections::{BTreeMap, BTreeSet};

/// What a statement says: its name, where it has one of its own, what it uses, what it does not know.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Said {
    pub name: String,
    pub uses: BTreeSet<String>,
    pub unknown: BTreeSet<String>,
}

/// What all statements say, in order of that; `ns` forms and declarations left out.
pub fn said(files: &[(String, String)], rules: &Rules) -> Vec<Said> {
    let facts = analyze(files, rules);
    let statements = facts.iter().flat_map(|file| &file.statements);
    // Who registers a keyword may go or move: who says the keyword says the same.
    let by_name = |(_, how): &&(Str, Keyword)| how.as_str() != DependencyType::Keyword.name();
    let code = statements.filter(|s| !matches!(s.kind.as_str(), "ns" | "declare"));
    let mut all: Vec<Said> = code
        .map(|s| Said {
            // Others are called as they begin, and numbered.
            name: match s.fqn.contains(['(', '[', '#']) {
                true => String::new(),
                false => s.fqn.to_string(),
            },
            uses: s.dependencies.iter().filter(by_name).map(|(name, _)| name.to_string()).collect(),
            unknown: s.unresolved.iter().map(|name| name.to_string()).collect(),
        })
        .collect();
    all.sort();
    all
}

/// Under other names.
fn renamed(said: Vec<Said>, names: &[(String, String)]) -> Vec<Said> {
    let names: BTreeMap<&str, &str> = names.iter().map(|(a, b)| (&**a, &**b)).collect();
    let of = |name: &String| names.get(&**name).map_or(name.clone(), |new| (*new).to_owned());
    let mut all: Vec<Said> = said
        .into_iter()
        .map(|said| Said {
            name: of(&said.name),
            uses: said.uses.iter().map(of).collect(),
            unknown: said.unknown,
        })
        .collect();
    all.sort();
    all
}

/// What is in one list and not in the other; both are in order.
fn without(these: &[Said], others: &[Said]) -> Vec<Said> {
    let mut others = others.iter().peekable();
    let mut left = Vec::new();
    for said in these {
        while others.next_if(|other| *other < said).is_some() {}
        if others.next_if(|other| *other == said).is_none() {
            left.push(said.clone());
        }
    }
    left
}

/// The law that a command broke, if it did.
pub fn broken(
    command: &str,
    made: Option<&str>,
    change: &Change,
    before: &Sources,
    after: &[(String, String)],
) -> Option<String> {
    let was = renamed(said(before.files(), before.rules()), &change.renames);
    let is = said(after, before.rules());
    let (lost, gained) = (without(&was, &is), without(&is, &was));
    let wrong = match command.split(' ').next().unwrap_or_default() {
        "delete" => !gained.iter().all(|is| requires_less(is, &lost)),
        "extract" => !is_extracted(&lost, &gained, made.unwrap_or_default()),
        "inline-local" => unbound(&lost) != unbound(&gained),
        "inline" => {
            let var = command.rsplit(' ').next().unwrap_or_default();
            !is_inlined(&lost, &gained, var)
        }
        _ => !lost.is_empty() || !gained.is_empty(),
    };
    if wrong {
        let uses = |all: &[Said]| -> BTreeSet<String> {
            all.iter().flat_map(|said| said.uses.iter().chain(&said.unknown)).cloned().collect()
        };
        let names = |all: &[Said]| -> Vec<String> { all.iter().map(|s| s.name.clone()).collect() };
        return Some(format!(
            "{:?} say otherwise as {:?}; used no more: {:?}; used: {:?}",
            names(&lost),
            names(&gained),
            uses(&lost).difference(&uses(&gained)).collect::<Vec<_>>(),
            uses(&gained).difference(&uses(&lost)).collect::<Vec<_>>(),
        ));
    }
    untidy(change)
}

/// Whether a call of `require` refers to less than it did.
fn requires_less(is: &Said, lost: &[Said]) -> bool {
    let less = |was: &Said| is.uses.is_subset(&was.uses) && is.unknown.is_subset(&was.unknown);
    is.name.is_empty() && lost.iter().any(|was| was.name.is_empty() && less(was))
}

/// What the definition of a function itself uses.
const DEFINES: [&str; 4] =
    ["clojure.core/defn", "clojure.core/defn-", "cljs.core/defn", "cljs.core/defn-"];

/// Whether one statement became two that together say what it said.
fn is_extracted(lost: &[Said], gained: &[Said], made: &str) -> bool {
    let own = |name: &&String| **name != *made && !DEFINES.contains(&&***name);
    let uses = |all: &[Said]| -> BTreeSet<String> {
        all.iter().flat_map(|said| &said.uses).filter(own).cloned().collect()
    };
    let unknown = |all: &[Said]| -> BTreeSet<String> {
        all.iter().flat_map(|said| &said.unknown).cloned().collect()
    };
    lost.len() == 1
        && gained.len() == 2
        && uses(gained) == uses(lost)
        && unknown(gained) == unknown(lost)
}

/// What statements say but for what binds locals: a form that bound one alone goes with it.
fn unbound(said: &[Said]) -> Vec<Said> {
    let binds = |name: &str| ["let", "when-let", "if-let", "when", "do"].contains(&name);
    let mut all = said.to_vec();
    for said in &mut all {
        said.uses.retain(|name| !binds(name.rsplit('/').next().unwrap_or(name)));
    }
    all.sort();
    all
}

/// Whether a var is no more, and who used it uses what it used.
fn is_inlined(lost: &[Said], gained: &[Said], var: &str) -> bool {
    let Some(gone) = lost.iter().find(|said| said.name == var) else { return false };
    let users: Vec<&Said> = lost.iter().filter(|said| said.name != var).collect();
    let inlined = |user: &Said| {
        let mut is = user.clone();
        is.uses.remove(var);
        is.uses.extend(gone.uses.iter().filter(|name| !DEFINES.contains(&&***name)).cloned());
        is.unknown.extend(gone.unknown.iter().cloned());
        is
    };
    // Binding an argument brings `let`, using a function as a value `fn`, several forms `do`.
    let brings = ["let", "fn", "do"]
        .map(|name| [format!("clojure.core/{name}"), format!("cljs.core/{name}")]);
    let brings = brings.concat();
    let same = |is: &Said, wanted: &Said| {
        is.name == wanted.name
            && is.unknown == wanted.unknown
            && is.uses.is_superset(&wanted.uses)
            && is.uses.difference(&wanted.uses).all(|name| brings.contains(name))
    };
    users.len() == gained.len()
        && users.iter().all(|user| {
            let wanted = inlined(user);
            gained.iter().any(|is| same(is, &wanted))
        })
}

/// What nobody would write by hand and a change brought: more blank lines in a row, blanks that end a line, brackets that stand
/// alone, empty clauses, the end of the last line gone.
fn untidy(change: &Change) -> Option<String> {
    type Count = (&'static str, fn(&str) -> usize);
    let counts: [Count; 5] = [
        ("two blank lines", |text| text.replace('\r', "").matches("\n\n\n").count()),
        ("blanks end a line", |text| text.lines().filter(|l| l.ends_with([' ', '\t'])).count()),
        ("a bracket stands alone", |text| {
            text.lines().filter(|line| line.trim_start().starts_with([')', ']'])).count()
        }),
        ("a clause is empty", |text| {
            ["(:require)", "(:import)", "(:use)", ":refer []", "#?()", "#?@()"]
                .iter()
                .map(|clause| text.matches(clause).count())
                .sum()
        }),
        ("the last line has no end", |text| usize::from(!text.is_empty() && !text.ends_with('\n'))),
    ];
    for (what, count) in counts {
        let of = |text: fn(&code::refactor::FileChange) -> Option<&String>| -> usize {
            change.files.iter().filter_map(text).map(|text| count(text)).sum()
        };
        if of(|file| file.after.as_ref()) > of(|file| file.before.as_ref()) {
            return Some(format!("untidy: {what}"));
        }
    }
    None
}
