//! Another name for a var: where it is defined, declared and used, on every platform.

use super::check::Renaming;
use super::draft::{Change, Draft};
use super::name;
use super::reason::{Reason, Refused, Why};
use super::sources::Sources;
use crate::analysis::{DefinitionFound, UsageFound, core_var};
use std::collections::BTreeSet;

/// Gives a var another name. `var` is its full name; `new` a name, which may stand after the same namespace.
///
/// ```
/// use code::{analysis::Rules, refactor::{Sources, rename_var}};
/// let files = vec![
///     ("a.clj".to_string(), "(ns a)\n(defn f [x] x)".to_string()),
///     ("b.clj".to_string(), "(ns b (:require [a :as x :refer [f]]))\n[(f 1) (x/f 2) #'a/f]".to_string()),
/// ];
/// let sources = Sources::read(files, &Rules::default());
/// let change = rename_var(&sources, "a/f", "same").unwrap();
/// assert_eq!(change.files[0].after.as_deref(), Some("(ns a)\n(defn same [x] x)"));
/// assert_eq!(
///     change.files[1].after.as_deref(),
///     Some("(ns b (:require [a :as x :refer [same]]))\n[(same 1) (x/same 2) #'a/same]")
/// );
/// assert!(rename_var(&sources, "a/f", "if").is_err());
/// ```
pub fn rename_var(sources: &Sources, var: &str, new: &str) -> Result<Change, Refused> {
    let (ns, old) = name::split(var).ok_or_else(|| no_var(var))?;
    let new = match name::split(new) {
        Some((new_ns, new)) if new_ns == ns => new,
        Some((new_ns, _)) => return Err(is_a_move(var, new_ns).into()),
        None => new,
    };
    name::check_var(new)?;
    if new == old {
        let reason = Reason::new(Why::Taken, format!("{var} is called so already"));
        return Err(reason.into());
    }
    let names = names(sources, ns, old, new)?;
    let mut draft = Draft::new(sources);
    for (old, new) in &names {
        taken(&mut draft, ns, old, new);
        edits(&mut draft, ns, old, new);
    }
    hides_core(&mut draft, ns, new);
    let mut renaming = Renaming::default();
    for (old, new) in &names {
        renaming.var(ns, old, ns, new);
    }
    draft.finish(&renaming)
}

fn no_var(var: &str) -> Reason {
    Reason::new(Why::Unknown, format!("`{var}` is no full name of a var"))
        .help("write the namespace too: `app.core/greet`")
}

fn is_a_move(var: &str, ns: &str) -> Reason {
    Reason::new(Why::Unsupported, format!("{var} would go to the namespace {ns}"))
        .help(format!("`defbase move {var} {ns}` moves it"))
}

/// The definitions of a var, with their files.
fn definitions<'a>(
    sources: &'a Sources,
    ns: &'a str,
    name: &'a str,
) -> impl Iterator<Item = (usize, &'a DefinitionFound)> {
    let all =
        sources.all().flat_map(|(file, found)| found.definitions.iter().map(move |d| (file, d)));
    all.filter(move |(_, def)| &*def.ns == ns && &*def.name == name)
}

/// All names that change: the var's own, and those of the constructors that a record or type has by its name.
fn names(
    sources: &Sources,
    ns: &str,
    old: &str,
    new: &str,
) -> Result<Vec<(String, String)>, Reason> {
    let mut names = BTreeSet::new();
    let mut found = false;
    for (file, def) in definitions(sources, ns, old) {
        found = true;
        let token = sources.token(file, &def.name_at);
        if name::within(token, old).is_none() {
            let message = format!("{ns}/{old} is made of {token}");
            return Err(Reason::new(Why::Derived, message)
                .at(sources.at(file, &def.name_at))
                .help(format!("rename {ns}/{token} instead")));
        }
        names.insert((old.to_string(), new.to_string()));
        let same_place =
            |other: &&DefinitionFound| other.name_at == def.name_at && other.name != def.name;
        for derived in sources.found(file).definitions.iter().filter(same_place) {
            if let Some(prefix) = derived.name.strip_suffix(old) {
                names.insert((derived.name.to_string(), format!("{prefix}{new}")));
            }
        }
    }
    match found {
        true => Ok(names.into_iter().collect()),
        false => Err(unknown(sources, ns, old)),
    }
}

/// That no definition is found, and where the name is used all the same.
fn unknown(sources: &Sources, ns: &str, name: &str) -> Reason {
    let reason = Reason::new(Why::Unknown, format!("no definition of {ns}/{name} is found"));
    let used = sources.all().find_map(|(file, found)| {
        let used = found.usages.iter().find(|used| is_use(used, ns, name))?;
        Some(sources.at(file, &used.name_at))
    });
    match used {
        Some(at) => reason.at(at).help(
            "it is used here: a macro may define it; tell which one in :lint-as of .clj-kondo/config.edn",
        ),
        None => reason.help(format!("`defbase search {name}` looks for it everywhere")),
    }
}

fn is_use(used: &UsageFound, ns: &str, name: &str) -> bool {
    used.to.as_deref() == Some(ns) && &*used.name == name
}

/// Refuses names that are in use: in its own namespace, and in those that call it by its plain name.
fn taken(draft: &mut Draft<'_>, ns: &str, old: &str, new: &str) {
    let sources = draft.sources();
    let mut plainly: BTreeSet<&str> = BTreeSet::from([ns]);
    for (file, found) in sources.all() {
        let users = found.usages.iter().filter(|used| is_use(used, ns, old));
        let plain = users.filter(|used| sources.token(file, &used.name_at) == old);
        plainly.extend(plain.map(|used| &*used.from));
    }
    for (file, found) in sources.all() {
        for def in found.definitions.iter().filter(|def| &*def.name == new) {
            if plainly.contains(&*def.ns) {
                let message = format!("{}/{new} is defined already", def.ns);
                draft.refuse_at(file, &def.name_at, Why::Taken, message);
            }
        }
        for used in &found.usages {
            let Some(to) = used.to.as_deref() else { continue };
            let is_core = matches!(to, "clojure.core" | "cljs.core");
            if to != ns
                && !is_core
                && to != &*used.from
                && sources.token(file, &used.name_at) == new
                && plainly.contains(&*used.from)
            {
                let message = format!("`{new}` is {to}/{} in {}", used.name, used.from);
                draft.refuse_at(file, &used.name_at, Why::Taken, message);
            }
        }
    }
}

/// Every place where the name stands.
fn edits(draft: &mut Draft<'_>, ns: &str, old: &str, new: &str) {
    let sources = draft.sources();
    for (file, found) in sources.all() {
        let defined = found.definitions.iter().filter(|d| &*d.ns == ns && &*d.name == old);
        let used = found.usages.iter().filter(|used| is_use(used, ns, old));
        for place in defined.map(|d| &d.name_at).chain(used.map(|used| &used.name_at)) {
            // Of what is made of another name only that is written; a renamed refer is called otherwise.
            if let Some(within) = name::within(sources.token(file, place), old) {
                let start = place.start as usize;
                draft.replace(file, start + within.start..start + within.end, new);
            }
        }
    }
}

/// A name of the core namespace can be given, but hides that there.
fn hides_core(draft: &mut Draft<'_>, ns: &str, new: &str) {
    if core_var(new, false).is_some() || core_var(new, true).is_some() {
        draft.remark(format!(
            "{ns}/{new} hides the core var of that name: add (:refer-clojure :exclude [{new}]) where it is missing"
        ));
    }
}
