//! What names mean: resolved as Clojure resolves them, against all vars of the project.

use super::File;
use super::lexicon;
use super::ns::{Context, Platform};
use super::walk::{Form, Pass, UseKind};
use edn::Str;
use rustc_hash::FxHashMap;

/// A var of the project, for one platform.
#[derive(Clone, Copy)]
pub(super) struct Var {
    /// The statement that defines it, among all of the project.
    pub(super) statement: u32,
    pub(super) is_macro: bool,
    pub(super) is_protocol: bool,
    /// A record or type, or what makes instances of it.
    pub(super) is_type: bool,
    pub(super) dynamic: bool,
    /// Only declared so far.
    pub(super) declared: bool,
}

type Namespace<'a> = FxHashMap<&'a str, Var>;

/// The vars of the project, for each platform by namespace. Macros of Clojure files are seen by ClojureScript too.
pub(super) struct Project<'a> {
    vars: [FxHashMap<&'a str, Namespace<'a>>; 3],
    /// Statements of files before each file.
    pub(super) starts: Vec<u32>,
}

fn first_of(files: &[File<'_>]) -> Vec<u32> {
    let mut starts = Vec::with_capacity(files.len() + 1);
    let mut total = 0;
    for file in files {
        starts.push(total);
        total += file.statements.len() as u32;
    }
    starts.push(total);
    starts
}

impl<'a> Project<'a> {
    pub(super) fn of(files: &'a [File<'a>]) -> Project<'a> {
        let starts = first_of(files);
        let mut project = Project { vars: Default::default(), starts };
        for (i, file) in files.iter().enumerate() {
            let places = places(file);
            for pass in &file.passes {
                project.add(pass, &places, project.starts[i]);
            }
        }
        project
    }

    fn add(&mut self, pass: &'a Pass, places: &FxHashMap<usize, u32>, start: u32) {
        for form in &pass.forms {
            let Some(place) = places.get(&form.root) else { continue };
            let ns = pass.contexts[form.context].name.as_str();
            for def in form.vars() {
                let var = Var {
                    statement: start + place,
                    is_macro: def.is_macro,
                    is_protocol: matches!(def.kind.as_str(), "defprotocol" | "definterface"),
                    is_type: matches!(def.kind.as_str(), "defrecord" | "deftype"),
                    dynamic: def.dynamic,
                    declared: def.declared,
                };
                self.define(pass.platform, ns, &def.name, var);
            }
            // A namespace is there even when it defines nothing.
            self.vars[pass.platform as usize].entry(ns).or_default();
        }
    }

    fn define(&mut self, platform: Platform, ns: &'a str, name: &'a str, var: Var) {
        let vars = self.vars[platform as usize].entry(ns).or_default();
        match vars.get(name) {
            Some(known) if !known.declared || var.declared => {}
            _ => {
                vars.insert(name, var);
            }
        }
    }

    fn namespace(&self, platform: Platform, ns: &str) -> Option<&Namespace<'a>> {
        self.vars[platform as usize].get(ns)
    }

    /// A var as a platform sees it: its own, else a macro from Clojure, else (for Babashka) Clojure's.
    fn var(&self, platform: Platform, ns: &str, name: &str) -> Option<Var> {
        let own = self.namespace(platform, ns).and_then(|vars| vars.get(name)).copied();
        own.or_else(|| match platform {
            Platform::Clj => None,
            Platform::Cljs => {
                let clojure = self.namespace(Platform::Clj, ns)?.get(name).copied();
                clojure.filter(|var| var.is_macro)
            }
            Platform::Bb => self.namespace(Platform::Clj, ns)?.get(name).copied(),
        })
    }

    fn knows(&self, platform: Platform, ns: &str) -> bool {
        self.namespace(platform, ns).is_some()
            || (platform != Platform::Clj && self.namespace(Platform::Clj, ns).is_some())
    }
}

/// The place of each top-level node among a file's statements.
pub(super) fn places(file: &File<'_>) -> FxHashMap<usize, u32> {
    file.statements.iter().zip(0u32..).map(|((root, _), place)| (*root, place)).collect()
}

/// What a name turned out to be.
pub(super) enum Meaning {
    /// A var of the project.
    Own {
        ns: Str,
        name: Str,
        var: Var,
    },
    /// A var of a core namespace.
    Core {
        ns: &'static str,
        name: Str,
        is_macro: bool,
    },
    /// A var of something that is not part of the project.
    Foreign {
        ns: Str,
        name: Str,
    },
    /// A var of this namespace that is defined in a `comment` only, as where it is used.
    Commented,
    /// A class, a member, something of the host.
    Host,
    /// Nothing that would count: a special form, a local of a macro.
    Nothing,
    Unresolved,
}

fn resolve(project: &Project<'_>, context: &Context, platform: Platform, symbol: &str) -> Meaning {
    match symbol.split_once('/') {
        Some((ns, name)) if !ns.is_empty() && !name.is_empty() => {
            qualified(project, context, platform, ns, name)
        }
        _ => plain(project, context, platform, symbol),
    }
}

/// What a symbol means where it is used so. What a macro expands to may be for ClojureScript.
pub(super) fn meaning_of(
    project: &Project<'_>,
    pass: &Pass,
    context: &Context,
    kind: UseKind,
    symbol: &str,
) -> Meaning {
    let meaning = resolve(project, context, pass.platform, symbol);
    let quoted = matches!(kind, UseKind::Quoted | UseKind::QuotedCall);
    if quoted && pass.platform == Platform::Clj && !matches!(meaning, Meaning::Own { .. }) {
        let there = resolve(project, context, Platform::Cljs, symbol);
        if matches!(there, Meaning::Own { .. }) {
            return there;
        }
    }
    meaning
}

/// The same where a statement uses it, which knows what its comments define.
pub(super) fn meaning_in(
    project: &Project<'_>,
    pass: &Pass,
    form: &Form,
    kind: UseKind,
    symbol: &str,
) -> Meaning {
    let context = &pass.contexts[form.context];
    let commented = form.defs.iter().any(|def| def.in_comment && def.name == symbol);
    if commented && project.var(pass.platform, &context.name, symbol).is_none() {
        return Meaning::Commented;
    }
    meaning_of(project, pass, context, kind, symbol)
}

fn own(ns: &str, name: &str, var: Var) -> Meaning {
    Meaning::Own { ns: ns.into(), name: name.into(), var }
}

pub(super) fn qualified(
    project: &Project<'_>,
    context: &Context,
    platform: Platform,
    prefix: &str,
    name: &str,
) -> Meaning {
    let alias = context.aliases.get(prefix).map(String::as_str);
    let ns = alias.unwrap_or(prefix);
    if matches!(ns, "clojure.core" | "cljs.core") {
        // ClojureScript has one core under both names; a macro of Clojure may write what is meant for ClojureScript.
        let is_cljs = platform == Platform::Cljs || ns == "cljs.core";
        let is_macro = lexicon::core_var(name, is_cljs).is_some_and(|var| var.is_macro);
        let core = core_of(if is_cljs { Platform::Cljs } else { platform });
        return Meaning::Core { ns: core, name: name.into(), is_macro };
    }
    if let Some(var) = project.var(platform, ns, name) {
        return own(ns, name, var);
    }
    // In ClojureScript `alias/var.member` is a member of a var.
    if let Some((object, _)) = name.split_once('.')
        && let Some(var) = project.var(platform, ns, object)
    {
        return own(ns, object, var);
    }
    if project.knows(platform, ns) {
        return Meaning::Unresolved;
    }
    if alias.is_none()
        && let Some(var) = imported(project, context, platform, prefix)
    {
        return var;
    }
    let host = ns == "js"
        || ns.starts_with("goog")
        || context.imports.contains_key(prefix)
        || starts_upper(prefix.rsplit('.').next().unwrap_or(prefix));
    if alias.is_none() && host {
        return Meaning::Host;
    }
    let loaded = alias.is_some() || context.requires.iter().any(|r| r == ns) || ns.contains('.');
    if loaded { Meaning::Foreign { ns: ns.into(), name: name.into() } } else { Meaning::Unresolved }
}

/// The core namespace of a platform.
pub(super) fn core_of(platform: Platform) -> &'static str {
    if platform == Platform::Cljs { "cljs.core" } else { "clojure.core" }
}

pub(super) fn starts_upper(name: &str) -> bool {
    name.starts_with(|c: char| c.is_uppercase())
}

fn plain(project: &Project<'_>, context: &Context, platform: Platform, name: &str) -> Meaning {
    if let Some(var) = project.var(platform, &context.name, name) {
        return own(&context.name, name, var);
    }
    if let Some((ns, original)) = context.refers.get(name) {
        if matches!(ns.as_str(), "clojure.core" | "cljs.core") {
            let is_macro = lexicon::core_var(original, false).is_some_and(|v| v.is_macro);
            let ns = core_of(platform);
            return Meaning::Core { ns, name: original.as_str().into(), is_macro };
        }
        return match project.var(platform, ns, original) {
            Some(var) => own(ns, original, var),
            None if project.knows(platform, ns) => Meaning::Unresolved,
            None => Meaning::Foreign { ns: ns.as_str().into(), name: original.as_str().into() },
        };
    }
    for (ns, excluded) in &context.used {
        if let Some(var) = project.var(platform, ns, name)
            && !excluded.iter().any(|e| e == name)
        {
            return own(ns, name, var);
        }
    }
    let included = |(ns, excluded): &&(String, Vec<String>)| {
        lexicon::library_var(ns, name).is_some() && !excluded.iter().any(|e| e == name)
    };
    if let Some((ns, _)) = context.used.iter().find(included) {
        return Meaning::Foreign { ns: ns.as_str().into(), name: name.into() };
    }
    if !context.excluded.contains(name)
        && let Some(var) = lexicon::core_var(name, platform == Platform::Cljs)
    {
        let ns = core_of(platform);
        return Meaning::Core { ns, name: name.into(), is_macro: var.is_macro };
    }
    if lexicon::is_special_form(name) {
        return Meaning::Nothing;
    }
    host_or_unresolved(project, context, platform, name)
}

fn host_or_unresolved(
    project: &Project<'_>,
    context: &Context,
    platform: Platform,
    name: &str,
) -> Meaning {
    // `Name.` makes an instance, `some.ns.Name` is a class: of a record or type of the project it is a use of that.
    let class = name.strip_suffix('.').unwrap_or(name);
    if let Some(var) = project.var(platform, &context.name, class) {
        return own(&context.name, class, var);
    }
    if let Some((ns, original)) = context.refers.get(class)
        && let Some(var) = project.var(platform, ns, original)
    {
        return own(ns, original, var);
    }
    if let Some(var) = imported(project, context, platform, class) {
        return var;
    }
    if platform == Platform::Cljs {
        // A library of JavaScript is an object under its alias, and core has types.
        if let Some(library) = context.aliases.get(name) {
            return Meaning::Foreign { ns: library.as_str().into(), name: name.into() };
        }
        if class.len() < name.len() && lexicon::core_var(class, true).is_some() {
            return Meaning::Core { ns: "cljs.core", name: class.into(), is_macro: false };
        }
    }
    if let Some((package, simple)) = class.rsplit_once('.') {
        let ns = package.replace('_', "-");
        return match project.var(platform, &ns, simple) {
            Some(var) => own(&ns, simple, var),
            None => Meaning::Host,
        };
    }
    let host = name.starts_with('.')
        || name.ends_with('.')
        || context.imports.contains_key(class)
        || starts_upper(class)
        || is_primitive(name)
        || (platform == Platform::Cljs && matches!(name, "js" | "goog" | "default"));
    if host {
        return Meaning::Host;
    }
    // Of a namespace that is used whole and of which nothing is known, if there is just one.
    let unknown =
        |(ns, _): &&(String, Vec<String>)| !project.knows(platform, ns) && !lexicon::is_library(ns);
    let mut unknown = context.used.iter().filter(unknown);
    match (unknown.next(), unknown.next()) {
        (Some((ns, excluded)), None) if !excluded.iter().any(|e| e == name) => {
            Meaning::Foreign { ns: ns.as_str().into(), name: name.into() }
        }
        _ => Meaning::Unresolved,
    }
}

/// A record or type of the project by its imported class name.
pub(super) fn imported(
    project: &Project<'_>,
    context: &Context,
    platform: Platform,
    class: &str,
) -> Option<Meaning> {
    let ns = context.imports.get(class)?.replace('_', "-");
    Some(own(&ns, class, project.var(platform, &ns, class)?))
}

pub(super) fn is_primitive(name: &str) -> bool {
    matches!(
        name,
        "int"
            | "long"
            | "float"
            | "double"
            | "boolean"
            | "byte"
            | "char"
            | "short"
            | "void"
            | "ints"
            | "longs"
            | "floats"
            | "doubles"
            | "booleans"
            | "bytes"
            | "chars"
            | "shorts"
            | "objects"
    )
}
