//! The vars that a file defines and uses.

use super::{Finder, Place};
use crate::analysis::ns::{Context, Referred};
use crate::analysis::resolve::{Meaning, is_primitive, meaning_of, qualified};
use crate::analysis::walk::{Def, Form, NO_LIST, Use, UseKind};
use edn::Str;

/// A var that is defined.
#[derive(Clone, Debug)]
pub struct DefinitionFound {
    /// The platform, in a file that several read.
    pub lang: Option<&'static str>,
    /// Its namespace.
    pub ns: Str,
    /// Its name.
    pub name: Str,
    /// What defines it.
    pub kind: Str,
    /// Where the form that defines it stands.
    pub at: Place,
    /// Where the name stands; of a var that is made by the way, the name it is made of.
    pub name_at: Place,
    /// Whether it is private.
    pub private: bool,
    /// Whether it is a macro.
    pub is_macro: bool,
    /// Its parameter vectors, as text.
    pub arglists: Option<Str>,
    /// Its docstring.
    pub doc: Option<Str>,
}

/// A var that is used.
#[derive(Clone, Debug)]
pub struct UsageFound {
    /// The platform, in a file that several read.
    pub lang: Option<&'static str>,
    /// The namespace it is used in.
    pub from: Str,
    /// The var in whose definition it is used.
    pub from_var: Option<Str>,
    /// The namespace of the var; none where the name cannot be resolved.
    pub to: Option<Str>,
    /// The var's name; what stands there, where it cannot be resolved.
    pub name: Str,
    /// The alias or namespace written before it.
    pub alias: Option<Str>,
    /// With how many arguments it is called; none where it is not.
    pub arity: Option<u32>,
    /// Where it stands.
    pub name_at: Place,
}

impl Finder<'_> {
    pub(super) fn definition(&self, form: &Form, def: &Def) -> DefinitionFound {
        DefinitionFound {
            lang: self.lang,
            ns: self.pass.contexts[form.context].name.as_str().into(),
            name: def.name.as_str().into(),
            kind: def.kind.as_str().into(),
            at: self.place(&def.form),
            name_at: self.place(&def.at),
            private: def.private,
            is_macro: def.is_macro,
            arglists: def.arglists.as_deref().map(Str::from),
            doc: def.doc.as_deref().map(Str::from),
        }
    }

    pub(super) fn referred(&self, context: &Context, referred: &Referred) -> Option<UsageFound> {
        let Referred { ns, name, at } = referred;
        let meaning = qualified(self.project, context, self.pass.platform, ns, name);
        let (to, name) = target(meaning, name)?;
        Some(UsageFound {
            lang: self.lang,
            from: context.name.as_str().into(),
            from_var: None,
            to,
            name,
            alias: None,
            arity: None,
            name_at: self.place(at),
        })
    }

    /// A use of a var; `None` where it is of something else.
    pub(super) fn usage(&self, form: &Form, used: &Use) -> Option<UsageFound> {
        let context = &self.pass.contexts[form.context];
        let symbol = &self.file.text[used.start as usize..used.end as usize];
        let meaning = meaning_of(self.project, self.pass, context, used.kind, symbol);
        // A hint that names no var of the project is a class of the host or a primitive type.
        let is_own = matches!(meaning, Meaning::Own { .. }) && !is_primitive(symbol);
        let prefix = symbol.split_once('/').filter(|(ns, name)| !ns.is_empty() && !name.is_empty());
        let (mut to, mut name) = target(meaning, symbol)?;
        // An alias says which namespace is meant, also where that has no such var.
        if to.is_none()
            && let Some((alias, plain)) = prefix
            && let Some(ns) = context.aliases.get(alias)
        {
            (to, name) = (Some(ns.as_str().into()), plain.into());
        }
        if used.kind == UseKind::TypeHint && !is_own {
            return None;
        }
        let within = used.within.checked_sub(1).and_then(|i| form.defs.get(i as usize));
        let arity = || self.file.tree.children(used.call as usize).count() as u32 - 1;
        Some(UsageFound {
            lang: self.lang,
            from: context.name.as_str().into(),
            from_var: within.map(|def| def.name.as_str().into()),
            to,
            name,
            alias: prefix.map(|(alias, _)| alias.into()),
            arity: (used.call != NO_LIST).then(arity),
            name_at: self.place(&(used.start..used.end)),
        })
    }
}

/// The namespace and name of what a symbol means: no namespace where that is not known, nothing where it is no var.
fn target(meaning: Meaning, symbol: &str) -> Option<(Option<Str>, Str)> {
    match meaning {
        Meaning::Own { ns, name, .. } | Meaning::Foreign { ns, name } => Some((Some(ns), name)),
        Meaning::Core { ns, name, .. } => Some((Some(ns.into()), name)),
        Meaning::Unresolved => Some((None, symbol.into())),
        Meaning::Host | Meaning::Nothing => None,
    }
}
