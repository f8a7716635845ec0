//! Another name for a var: where it is defined, declared and used, on every platform; with a record its constructors and its
//! class, with a protocol's method what implements it, with a var that is handed on (`import-vars`) what hands it on.

use super::draft::{Change, Draft};
use super::handed_on::handed_on;
use super::mentions::{self, Mentioned, Texts};
use super::name;
use super::reason::{Reason, Refused, Why};
use super::renaming::{Renaming, package};
use super::sources::Sources;
use super::tree;
use crate::analysis::{DefinitionFound, Findings, Place, UsageFound, core_var};
use edn::syntax::{Kind, parse_through};
use rustc_hash::FxHashSet;
use std::collections::BTreeSet;

/// A var, by namespace and name, and what it is called afterwards.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Renamed {
    ns: String,
    old: String,
    new: String,
}

impl Renamed {
    fn is_defined_by(&self, def: &DefinitionFound) -> bool {
        *self.ns == *def.ns && *self.old == *def.name
    }

    fn is_used_by(&self, used: &UsageFound) -> bool {
        used.to.as_deref() == Some(&*self.ns) && *self.old == *used.name
    }
}

/// See the module.
pub(super) fn rename(
    sources: &Sources,
    ns: &str,
    old: &str,
    new: &str,
    texts: Texts,
) -> Result<Change, Refused> {
    let new = match name::split(new) {
        Some((new_ns, new)) if new_ns == ns => new,
        Some((new_ns, _)) => return Err(is_a_move(&format!("{ns}/{old}"), new_ns).into()),
        None => new,
    };
    name::check_var(new)?;
    if new == old {
        return Err(Reason::new(Why::Taken, format!("{ns}/{old} is called so already")).into());
    }
    let names = names(sources, ns, old, new)?;
    let mut draft = Draft::new(sources);
    let mut renaming = Renaming::default();
    for var in &names {
        renaming.var(&var.ns, &var.old, &var.ns, &var.new);
    }
    for var in &names {
        taken(&mut draft, var);
        edits(&mut draft, var);
        classes(&mut draft, var);
        methods(&mut draft, var, &mut renaming);
        hides_core(&mut draft, var);
    }
    for var in &names {
        tell_mentions(&mut draft, var, texts);
    }
    mentions::refuse_unread(&mut draft, &[old]);
    draft.finish(&renaming)
}

fn is_a_move(var: &str, ns: &str) -> Reason {
    Reason::new(Why::Unsupported, format!("{var} would go to the namespace {ns}"))
        .help(format!("`defbase move {var} {ns}` moves it"))
}

/// All names that change: the var's own, those of the constructors that a record or type has by its name, and those under
/// which other namespaces hand it on.
fn names(sources: &Sources, ns: &str, old: &str, new: &str) -> Result<BTreeSet<Renamed>, Reason> {
    let handed_on = pairs(sources);
    let mut names = BTreeSet::new();
    let mut waiting = vec![ns.to_string()];
    while let Some(ns) = waiting.pop() {
        let var = Renamed { ns, old: old.to_string(), new: new.to_string() };
        if !names.insert(var.clone()) {
            continue;
        }
        names.extend(made_of(sources, &var)?);
        for [from, to] in handed_on.iter().filter(|pair| pair[0].1 == old) {
            for (own, other) in [(from, to), (to, from)] {
                if *own.0 == *var.ns {
                    waiting.push(other.0.to_string());
                }
            }
        }
    }
    Ok(names)
}

type Var<'a> = (&'a str, &'a str);

/// The vars that are handed on, each with the var that it is of another namespace: those that are only named, and those that
/// are used to make the new one.
fn pairs(sources: &Sources) -> Vec<[Var<'_>; 2]> {
    let named =
        handed_on(sources).map(|h| [(&*h.own.ns, &*h.own.name), (&*h.var.to, &*h.var.name)]);
    let mut pairs: Vec<[Var<'_>; 2]> = named.collect();
    for (_, found) in sources.all() {
        for def in found.definitions.iter().filter(|def| &*def.kind == "import-vars") {
            let used = found.usages.iter().filter(|used| used.name_at == def.name_at);
            let used = used.filter_map(|used| Some((used.to.as_deref()?, &*used.name)));
            pairs.extend(used.map(|used| [(&*def.ns, &*def.name), used]));
        }
    }
    pairs.retain(|[own, other]| other.1 == own.1 && other != own);
    pairs
}

/// The names that follow from the name of a record or type.
fn made_of(sources: &Sources, var: &Renamed) -> Result<Vec<Renamed>, Reason> {
    let mut names = Vec::new();
    let mut is_defined = false;
    for (file, found) in sources.all() {
        for def in found.definitions.iter().filter(|def| var.is_defined_by(def)) {
            is_defined = true;
            let token = sources.token(file, &def.name_at);
            if name::within(token, &var.old).is_none() {
                let message = format!("{}/{} is made of {token}", var.ns, var.old);
                return Err(Reason::new(Why::Derived, message)
                    .at(sources.at(file, &def.name_at))
                    .help(format!("rename {}/{token} instead", var.ns)));
            }
            let beside = found.definitions.iter().filter(|other| other.name_at == def.name_at);
            for derived in beside.filter(|other| other.name != def.name) {
                if let Some(prefix) = derived.name.strip_suffix(&*var.old) {
                    let (old, new) = (derived.name.to_string(), format!("{prefix}{}", var.new));
                    names.push(Renamed { ns: var.ns.clone(), old, new });
                }
            }
        }
    }
    match is_defined {
        true => Ok(names),
        false => Err(unknown(sources, var)),
    }
}

/// That no definition is found, and where the name is used all the same.
fn unknown(sources: &Sources, var: &Renamed) -> Reason {
    let Renamed { ns, old, .. } = var;
    let reason = Reason::new(Why::Unknown, format!("no definition of {ns}/{old} is found"));
    let used = sources.all().find_map(|(file, found)| {
        let used = found.usages.iter().find(|used| var.is_used_by(used))?;
        Some(sources.at(file, &used.name_at))
    });
    match used {
        Some(at) => reason.at(at).help(
            "it is used here: it is part of a library, or a macro defines it; tell what the macro is like in :lint-as of .clj-kondo/config.edn",
        ),
        None => reason.help(format!("`defbase search {old}` looks for it everywhere")),
    }
}

/// Refuses names that are in use: in its own namespace, and in those that call it by its plain name.
fn taken(draft: &mut Draft<'_>, var: &Renamed) {
    let sources = draft.sources();
    let mut plainly: BTreeSet<&str> = BTreeSet::from([&*var.ns]);
    for (file, found) in sources.all() {
        let users = found.usages.iter().filter(|used| var.is_used_by(used));
        let plain = users.filter(|used| sources.token(file, &used.name_at) == var.old);
        plainly.extend(plain.map(|used| &*used.from));
    }
    for (file, found) in sources.all() {
        for def in found.definitions.iter().filter(|def| *def.name == *var.new) {
            if plainly.contains(&*def.ns) && !def.in_comment {
                let message = format!("{}/{} is defined already", def.ns, var.new);
                draft.refuse_at(file, &def.name_at, Why::Taken, message);
            }
        }
        let elsewhere = |used: &&UsageFound| {
            let is_other = |to: &str| {
                to != var.ns && to != &*used.from && !matches!(to, "clojure.core" | "cljs.core")
            };
            used.to.as_deref().is_some_and(is_other) && plainly.contains(&*used.from)
        };
        for used in found.usages.iter().filter(elsewhere) {
            if sources.token(file, &used.name_at) == var.new {
                let to = used.to.as_deref().unwrap_or_default();
                let message = format!("`{}` is {to}/{} in {}", var.new, used.name, used.from);
                draft.refuse_at(file, &used.name_at, Why::Taken, message);
            }
        }
    }
}

/// Every place where the name stands.
fn places<'a>(found: &'a Findings, var: &'a Renamed) -> impl Iterator<Item = &'a Place> {
    let is_it = |to: &str, name: &str| *var.ns == *to && *var.old == *name;
    let defined = found.definitions.iter().filter(|def| var.is_defined_by(def));
    let used = found.usages.iter().filter(|used| var.is_used_by(used));
    let mentioned = found.mentions.iter().filter(move |m| is_it(&m.to, &m.name));
    let quoted = found
        .symbols
        .iter()
        .filter(move |symbol| symbol.to.as_deref().is_some_and(|to| is_it(to, &symbol.name)));
    defined
        .map(|def| &def.name_at)
        .chain(used.map(|used| &used.name_at))
        .chain(mentioned.map(|mention| &mention.at))
        .chain(quoted.map(|symbol| &symbol.at))
}

fn edits(draft: &mut Draft<'_>, var: &Renamed) {
    let sources = draft.sources();
    for (file, found) in sources.all() {
        for place in places(found, var) {
            // Of what is made of another name only that is written; a renamed refer is called otherwise.
            if let Some(part) = name::within(sources.token(file, place), &var.old) {
                draft.replace_within(file, place, part, &var.new);
            }
        }
    }
}

/// Where a record or type is named as a class: imported, or before a literal of it.
fn classes(draft: &mut Draft<'_>, var: &Renamed) {
    let sources = draft.sources();
    let class = format!("{}.{}", package(&var.ns), var.old);
    for (file, found) in sources.all() {
        for imported in found.classes.iter().filter(|found| found.import && *found.class == *class)
        {
            if let Some(part) = name::within(sources.token(file, &imported.name_at), &var.old) {
                draft.replace_within(file, &imported.name_at, part, &var.new);
            }
        }
        let text = sources.text(file);
        if !text.contains(&format!("#{class}")) {
            continue;
        }
        let tree = parse_through(text);
        for literal in tree::of_kind(&tree, Kind::Tagged) {
            let tag = tree.forms(literal).next().filter(|tag| tree.text(*tag, text) == class);
            if let Some(tag) = tag {
                let end = tree.node(tag).end as usize;
                draft.replace(file, end - var.old.len()..end, &var.new);
            }
        }
    }
}

/// Where the method of a protocol is implemented.
fn methods(draft: &mut Draft<'_>, var: &Renamed, renaming: &mut Renaming) {
    let sources = draft.sources();
    let definitions = sources.all().flat_map(|(_, found)| &found.definitions);
    let own = definitions.filter(|def| var.is_defined_by(def));
    let protocols: BTreeSet<&str> = own.filter_map(|def| def.protocol.as_deref()).collect();
    if protocols.is_empty() {
        return;
    }
    for (file, found) in sources.all() {
        let implementing = found
            .implementations
            .iter()
            .filter(|own| own.protocol_ns.as_deref() == Some(&*var.ns) && *own.method == *var.old);
        for place in implementing.map(|own| &own.name_at) {
            if let Some(part) = name::within(sources.token(file, place), &var.old) {
                draft.replace_within(file, place, part, &var.new);
            }
        }
        let naming = found.usages.iter().filter(|used| {
            used.to.as_deref() == Some(&*var.ns) && protocols.contains(&*used.name) && !used.refer
        });
        let naming: Vec<&UsageFound> = naming.collect();
        if !naming.is_empty() {
            extended(draft, file, &naming, var, renaming);
        }
    }
}

/// The methods that `(extend Type Protocol {:method …})` gives by keywords.
fn extended(
    draft: &mut Draft<'_>,
    file: usize,
    protocols: &[&UsageFound],
    var: &Renamed,
    renaming: &mut Renaming,
) {
    let text = draft.sources().text(file);
    let tree = parse_through(text);
    for used in protocols {
        let path = tree::around(&tree, used.name_at.start, used.name_at.end);
        let [.., list, _] = path[..] else { continue };
        let head = tree.forms(list).next().map(|head| tree.text(head, text));
        if !head.is_some_and(|head| head == "extend" || head.ends_with("/extend")) {
            continue;
        }
        let Some(methods) = tree::following(&tree, &path) else { continue };
        if tree.node(methods).kind != Kind::Map {
            let message = format!("{} may be implemented here; it was not looked for", var.old);
            draft.warn(file, &used.name_at, message);
            continue;
        }
        let keys = tree.forms(methods).step_by(2);
        for key in keys.filter(|key| tree.text(*key, text).strip_prefix(':') == Some(&*var.old)) {
            let node = tree.node(key);
            draft.replace(file, node.start as usize + 1..node.end as usize, &var.new);
            renaming.keyword_at(file, node.start, &var.new);
        }
    }
}

/// A name of the core namespace can be given, but hides that there.
fn hides_core(draft: &mut Draft<'_>, Renamed { ns, new, .. }: &Renamed) {
    if core_var(new, false).is_some() || core_var(new, true).is_some() {
        draft.remark(format!(
            "{ns}/{new} hides the core var of that name: add (:refer-clojure :exclude [{new}]) where it is missing"
        ));
    }
}

/// Tells of what mentions the name and stays, and changes texts where that is wanted.
fn tell_mentions(draft: &mut Draft<'_>, var: &Renamed, texts: Texts) {
    let sources = draft.sources();
    let Renamed { ns, old, new } = var;
    let full = (format!("{ns}/{old}"), Some(format!("{ns}/{new}")));
    mentions::tell(draft, &[full], texts);
    for (file, found) in sources.all() {
        let spelled: FxHashSet<&str> =
            places(found, var).map(|place| sources.token(file, place)).collect();
        if spelled.is_empty() {
            continue;
        }
        mentions::tell_symbols(draft, file, &spelled);
        if texts == Texts::Change {
            let plain = spelled.contains(&**old).then(|| (old.clone(), Some(new.clone())));
            let aliases: BTreeSet<&str> =
                found.aliases.iter().filter(|a| *a.to == **ns).map(|a| &*a.alias).collect();
            let behind = aliases
                .into_iter()
                .map(|alias| (format!("{alias}/{old}"), Some(format!("{alias}/{new}"))));
            let quoted: Vec<Mentioned> = plain.into_iter().chain(behind).collect();
            mentions::change_quoted(draft, file, &quoted);
        }
    }
}
