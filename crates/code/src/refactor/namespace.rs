//! Another name for a namespace: its `ns` form, its file, every `require`, full name, keyword, class and quoted symbol of it.
//!
//! Its aliases stay as they are. Keywords with its name as namespace get the new one, since `::k` in it does too; what was
//! written under the old ones elsewhere, in a database say, is not reached.

use super::alias::{namespaced_maps, prefix};
use super::draft::{Change, Draft};
use super::mentions::{self, Texts};
use super::name;
use super::reason::{Reason, Refused, Why};
use super::renaming::{Renaming, package};
use super::sources::Sources;
use super::tree;
use crate::analysis::{Findings, LoadFound};
use edn::syntax::{Kind, Tree, parse_through};
use std::collections::BTreeSet;
use std::ops::Range;

/// See the module.
pub(super) fn rename(
    sources: &Sources,
    old: &str,
    new: &str,
    texts: Texts,
) -> Result<Change, Refused> {
    name::check_namespace(new)?;
    let mut draft = Draft::new(sources);
    let mut is_there = false;
    for (file, found) in sources.all() {
        for ns in found.namespaces.iter().filter(|ns| &*ns.name == old) {
            is_there = true;
            draft.replace(file, ns.name_at.start as usize..ns.name_at.end as usize, new);
            moved(&mut draft, file, ns.name_at, old, new);
        }
    }
    if !is_there {
        let reason = Reason::new(Why::Unknown, format!("no namespace {old} is found"));
        return Err(reason.help("`defbase stats` lists all of them").into());
    }
    taken(&mut draft, old, new);
    for file in 0..sources.len() {
        // What does not even contain it need not be looked at.
        let text = sources.text(file);
        let last = old.rsplit('.').next().unwrap_or(old);
        if text.contains(last) || text.contains(&package(last)) {
            names(&mut draft, file, old, new);
            syntax(&mut draft, file, old, new);
        }
    }
    // A name of one word is a word in many texts.
    if old.contains('.') {
        // A path and a package are told of; what they are for is not known.
        let paths = [package(old), package(old).replace('.', "/")];
        let paths = paths.into_iter().filter(|path| *path != old).map(|path| (path, None));
        let mut told = vec![(old.to_string(), Some(new.to_string()))];
        told.extend(paths);
        let vars = vars(sources, old).map(|var| (format!("{old}/{var}"), format!("{new}/{var}")));
        if texts == Texts::Change {
            told.extend(vars.map(|(var, renamed)| (var, Some(renamed))));
        }
        mentions::tell(&mut draft, &told, texts);
    }
    mentions::refuse_unread(&mut draft, &[old, &package(old)]);
    let mut renaming = Renaming::default();
    renaming.namespace(old, new);
    draft.finish(&renaming)
}

/// The vars of a namespace, each once.
fn vars<'a>(sources: &'a Sources, ns: &'a str) -> impl Iterator<Item = &'a str> {
    let definitions = sources.all().flat_map(|(_, found)| &found.definitions);
    let own = definitions.filter(move |def| &*def.ns == ns).map(|def| &*def.name);
    own.collect::<BTreeSet<_>>().into_iter()
}

/// Refuses a name that is another namespace's.
fn taken(draft: &mut Draft<'_>, old: &str, new: &str) {
    let sources = draft.sources();
    if new == old {
        return draft.refuse(Reason::new(Why::Taken, format!("{old} is called so already")));
    }
    for (file, found) in sources.all() {
        if let Some(ns) = found.namespaces.iter().find(|ns| &*ns.name == new) {
            draft.refuse_at(file, &ns.name_at, Why::Taken, format!("{new} is a namespace already"));
        }
        if let Some(load) = found.loads.iter().find(|load| &*load.to == new) {
            let message = format!("{new} is a namespace that {} names already", load.from);
            draft.refuse_at(file, &load.name_at, Why::Taken, message);
        }
    }
}

/// The path that a namespace's file gets; a file with another name stays where it is.
fn moved(draft: &mut Draft<'_>, file: usize, at: crate::analysis::Place, old: &str, new: &str) {
    let sources = draft.sources();
    let path = sources.path(file);
    let below_root = |ns: &str| package(ns).replace('.', "/");
    let (stem, ending) = path.rsplit_once('.').unwrap_or((path, ""));
    let root = stem.strip_suffix(&*below_root(old)).filter(|r| r.is_empty() || r.ends_with('/'));
    let Some(root) = root else {
        return draft.warn(file, &at, format!("{path} is not named like its namespace and stays"));
    };
    let new_path = format!("{root}{}.{ending}", below_root(new));
    if sources.index(&new_path).is_some() {
        draft.refuse_at(file, &at, Why::Taken, format!("{new_path} is there already"));
    }
    let loads_beside = |found: &Findings| {
        let is_load = |used: &&crate::analysis::UsageFound| {
            &*used.name == "load" && used.to.as_deref() == Some("clojure.core")
        };
        found.usages.iter().find(is_load).map(|used| used.name_at)
    };
    if let Some(place) = loads_beside(sources.found(file)) {
        draft.warn(file, &place, "loads by a path, which may be relative to the file's old place");
    }
    draft.move_file(file, &new_path);
}

/// Where findings say that the name stands.
fn names(draft: &mut Draft<'_>, file: usize, old: &str, new: &str) {
    let sources = draft.sources();
    let found = sources.found(file);
    for load in found.loads.iter().filter(|load| &*load.to == old) {
        loaded(draft, file, load, old, new);
    }
    let is_alias =
        |from: &str| found.aliases.iter().any(|alias| &*alias.alias == old && &*alias.from == from);
    let written = |from: &str, to: Option<&str>| to.is_none_or(|to| to == old) && !is_alias(from);
    let used = found.usages.iter().filter(|used| written(&used.from, used.to.as_deref()));
    // What is written with one colon names a namespace, whatever is an alias.
    let keywords = found
        .keywords
        .iter()
        .filter(|k| k.ns.as_deref() == Some(old))
        .filter(|k| !(k.auto_resolved && k.from.as_deref().is_some_and(is_alias)));
    let symbols = found.symbols.iter().filter(|s| written(&s.from, s.to.as_deref()));
    let places = used.map(|used| &used.name_at).chain(keywords.map(|k| &k.at));
    for place in places.chain(symbols.map(|symbol| &symbol.at)) {
        if let Some(part) = prefix(sources.token(file, place), old) {
            draft.replace_within(file, place, part, new);
        }
    }
    let class = format!("{}.", package(old));
    for used in found.usages.iter().filter(|used| used.to.as_deref() == Some(old)) {
        if sources.token(file, &used.name_at).starts_with(&class) {
            draft.replace_within(file, &used.name_at, 0..class.len() - 1, &package(new));
        }
    }
}

/// A namespace that is loaded, alone or behind the prefix that it shares with others.
fn loaded(draft: &mut Draft<'_>, file: usize, load: &LoadFound, old: &str, new: &str) {
    let token = draft.sources().token(file, &load.name_at);
    let at = load.name_at.start as usize..load.name_at.end as usize;
    if token == old {
        return draft.replace(file, at, new);
    }
    if let Some(name) = token.strip_prefix('"').and_then(|t| t.strip_suffix('"')) {
        if name == old {
            draft.replace(file, at.start + 1..at.end - 1, new);
        }
        return;
    }
    let shared = old.strip_suffix(token).filter(|shared| shared.ends_with('.'));
    match shared.and_then(|shared| new.strip_prefix(shared)) {
        Some(rest) if !rest.contains('.') => draft.replace(file, at, rest),
        _ => {
            let message = format!("{old} is written behind a prefix that it shares with others");
            let at = draft.sources().at(file, &load.name_at);
            let reason = Reason::new(Why::Unsupported, message).at(at);
            draft.refuse(reason.help(format!("write [{old}] by itself first")));
        }
    }
}

/// Where only the syntax tells that the name stands: quoted, before a map, as a package of classes, in front of names that
/// are handed on.
fn syntax(draft: &mut Draft<'_>, file: usize, old: &str, new: &str) {
    let sources = draft.sources();
    let (text, found) = (sources.text(file), sources.found(file));
    let tree = parse_through(text);
    for at in namespaced_maps(&tree, text, "#:", old) {
        draft.replace(file, at, new);
    }
    if !found.aliases.iter().any(|alias| &*alias.alias == old) {
        for at in namespaced_maps(&tree, text, "#::", old) {
            draft.replace(file, at, new);
        }
    }
    let quoted: Vec<usize> =
        tree::quoted_symbols(&tree).filter(|node| tree.text(*node, text) == old).collect();
    for node in quoted {
        if old.contains('.') || is_argument_of_namespaces(&tree, text, node) {
            draft.replace(file, tree.node(node).range(), new);
        }
    }
    let class = format!("{}.", package(old));
    let (old_package, new_package) = (package(old), package(new));
    for used in found.classes.iter().filter(|used| used.class.starts_with(&class)) {
        if used.class[class.len()..].contains('.') {
            continue;
        }
        match sources.token(file, &used.name_at).starts_with(&class) {
            true => draft.replace_within(file, &used.name_at, 0..old_package.len(), &new_package),
            false => first_beside(draft, file, &tree, &used.name_at, &old_package, &new_package),
        }
    }
    for mention in found.mentions.iter().filter(|mention| &*mention.to == old) {
        first_beside(draft, file, &tree, &mention.at, old, new);
    }
    for literal in tree::of_kind(&tree, Kind::Tagged) {
        let Some(tag) = tree.forms(literal).next() else { continue };
        if tree.text(tag, text).starts_with(&class) {
            let start = tree.node(tag).start as usize;
            draft.replace(file, start..start + old_package.len(), &new_package);
        }
    }
}

/// Replaces the first form of the list or vector around a place, where it is this symbol.
fn first_beside(
    draft: &mut Draft<'_>,
    file: usize,
    tree: &Tree,
    place: &crate::analysis::Place,
    old: &str,
    new: &str,
) {
    let path = tree::around(tree, place.start, place.end);
    let [.., list, _] = path[..] else { return };
    let Some(first) = tree.forms(list).next() else { return };
    let at: Range<usize> = tree.node(first).range();
    if &draft.sources().text(file)[at.clone()] == old {
        draft.replace(file, at, new);
    }
}

/// Functions that take the name of a namespace, quoted.
const OF_NAMESPACES: [&str; 20] = [
    "require",
    "use",
    "in-ns",
    "the-ns",
    "find-ns",
    "create-ns",
    "remove-ns",
    "ns-publics",
    "ns-interns",
    "ns-map",
    "ns-resolve",
    "ns-aliases",
    "ns-refers",
    "ns-unmap",
    "alias",
    "refer",
    "load",
    "run-tests",
    "test-ns",
    "require-macros",
];

/// Whether a quoted symbol stands in a call of a function that takes names of namespaces.
fn is_argument_of_namespaces(tree: &Tree, text: &str, node: usize) -> bool {
    let node = tree.node(node);
    let lists = tree::around(tree, node.start, node.end).into_iter().rev();
    let call = lists.into_iter().find(|node| tree.node(*node).kind == Kind::List);
    let head = call.and_then(|list| tree.forms(list).next()).map(|head| tree.text(head, text));
    head.is_some_and(|head| {
        let head = head.rsplit('/').next().unwrap_or(head);
        OF_NAMESPACES.contains(&head)
    })
}
