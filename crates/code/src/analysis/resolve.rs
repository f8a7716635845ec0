//! What names mean: resolved as Clojure resolves them, against all vars of the project.

use super::lexicon;
use super::ns::{Context, Platform};
use super::vars::{Key, Var, Vars, namespace_key, var_key};
use super::walk::{Form, Pass, UseKind};
use edn::Str;
use std::cell::RefCell;

/// All vars of the project, and what one file asks about them.
pub(super) struct Project<'a> {
    vars: &'a Vars,
    asked: RefCell<Vec<Key>>,
}

impl<'a> Project<'a> {
    pub(super) fn of(vars: &'a Vars) -> Project<'a> {
        Project { vars, asked: RefCell::default() }
    }

    fn var(&self, platform: Platform, ns: &str, name: &str) -> Option<Var> {
        self.asked.borrow_mut().push(var_key(ns, name));
        self.vars.var(platform, ns, name)
    }

    fn knows(&self, platform: Platform, ns: &str) -> bool {
        self.asked.borrow_mut().push(namespace_key(ns));
        self.vars.knows(platform, ns)
    }

    /// Everything that was asked. While the answers stay the same, so does what was made of them.
    pub(super) fn into_asked(self) -> Vec<Key> {
        self.asked.into_inner()
    }
}

impl Meaning {
    /// Whether it is a var of the project that is constant.
    pub(super) fn is_constant(&self) -> bool {
        matches!(self, Meaning::Own { var, .. } if var.seen.constant)
    }
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
    let loaded = alias.is_some() || context.names(ns);
    let host = ns == "js"
        || ns.starts_with("goog")
        || context.imports.contains_key(prefix)
        || starts_upper(prefix.rsplit('.').next().unwrap_or(prefix));
    match (loaded, host) {
        (true, _) => Meaning::Foreign { ns: ns.into(), name: name.into() },
        (false, true) => Meaning::Host,
        (false, false) if ns.contains('.') => Meaning::Foreign { ns: ns.into(), name: name.into() },
        (false, false) => Meaning::Unresolved,
    }
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
    if let Some((ns, original)) = context.refers.get(class) {
        return match project.var(platform, ns, original) {
            Some(var) => own(ns, original, var),
            None => Meaning::Foreign { ns: ns.as_str().into(), name: original.as_str().into() },
        };
    }
    if let Some(var) = imported(project, context, platform, class) {
        return var;
    }
    if platform == Platform::Cljs
        && let Some(meaning) = object(project, context, name, class)
    {
        return meaning;
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

/// What ClojureScript alone gives a meaning to: a library of JavaScript is an object under its alias, core has types, and what
/// stands behind a dot is a member of what stands before it.
fn object(project: &Project<'_>, context: &Context, name: &str, class: &str) -> Option<Meaning> {
    if let Some(library) = context.aliases.get(class) {
        return Some(Meaning::Foreign { ns: library.as_str().into(), name: class.into() });
    }
    let is_made = class.len() < name.len();
    if is_made && lexicon::core_var(class, true).is_some() {
        return Some(Meaning::Core { ns: "cljs.core", name: class.into(), is_macro: false });
    }
    let (of, _) = class.split_once('.')?;
    match context.refers.get(of) {
        Some((ns, original)) => match project.var(Platform::Cljs, ns, original) {
            Some(var) => Some(own(ns, original, var)),
            None => {
                Some(Meaning::Foreign { ns: ns.as_str().into(), name: original.as_str().into() })
            }
        },
        None => Some(own(&context.name, of, project.var(Platform::Cljs, &context.name, of)?)),
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
