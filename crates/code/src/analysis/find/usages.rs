//! The vars that a file uses.

use super::{Finder, Place};
use crate::analysis::ns::{Context, Referred};
use crate::analysis::resolve::{Meaning, is_primitive, meaning_in, qualified};
use crate::analysis::walk::{Form, NO_LIST, Use, UseKind};
use edn::Str;

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
    /// Whether a `:refer` or the like names it, to be used without its namespace.
    pub refer: bool,
    /// The dispatch value of the `defmethod` that it is the multimethod of.
    pub dispatch: Option<Str>,
    /// Where it stands; of a call the whole list.
    pub at: Place,
    /// Where its name stands.
    pub name_at: Place,
}

impl Finder<'_> {
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
            refer: true,
            dispatch: None,
            at: self.place(at),
            name_at: self.place(at),
        })
    }

    /// A use of a var; `None` where it is of something else.
    pub(super) fn usage(&self, form: &Form, used: &Use) -> Option<UsageFound> {
        let context = &self.pass.contexts[form.context];
        let symbol = &self.file.text[used.start as usize..used.end as usize];
        let meaning = meaning_in(self.project, self.pass, form, used.kind, symbol);
        // A hint that names no var of the project, and none that is referred, is a class of the host or a primitive type.
        let is_constant = meaning.is_constant();
        let is_foreign = matches!(meaning, Meaning::Foreign { .. });
        let is_own = matches!(meaning, Meaning::Own { .. }) && !is_primitive(symbol);
        let prefix = symbol.split_once('/').filter(|(ns, name)| !ns.is_empty() && !name.is_empty());
        let (mut to, mut name) = match meaning {
            Meaning::Commented => (Some(context.name.as_str().into()), symbol.into()),
            meaning => target(meaning, symbol)?,
        };
        // An alias says which namespace is meant, also where that has no such var.
        if to.is_none()
            && let Some((alias, plain)) = prefix
            && let Some(ns) = context.aliases.get(alias)
        {
            (to, name) = (Some(ns.as_str().into()), plain.into());
        }
        let means_nothing = match used.kind {
            UseKind::TypeHint => !(is_own || is_foreign && context.refers.contains_key(symbol)),
            UseKind::Constant => !is_constant,
            _ => false,
        };
        if means_nothing {
            return None;
        }
        let within = used.within.checked_sub(1).and_then(|i| form.defs.get(i as usize));
        let name_at = used.start..used.end;
        let list = (used.list != NO_LIST).then_some(used.list as usize);
        let is_method = used.kind == UseKind::MultimethodImpl;
        let call = list.filter(|_| !is_method);
        let reading = self.reading();
        Some(UsageFound {
            lang: self.lang,
            from: context.name.as_str().into(),
            from_var: within.map(|def| def.name.as_str().into()),
            to,
            name,
            alias: prefix.map(|(alias, _)| alias.into()),
            arity: call.map(|list| {
                let arguments = reading.forms(list).len().saturating_sub(1);
                arguments as u32 + u32::from(used.threaded)
            }),
            refer: false,
            dispatch: list
                .filter(|_| is_method)
                .and_then(|list| Some(reading.text(*reading.forms(list).get(2)?).into())),
            at: call.map_or_else(|| self.place(&name_at), |list| self.place(&reading.span(list))),
            name_at: self.place(&name_at),
        })
    }
}

/// The namespace and name of what a symbol means: no namespace where that is not known, nothing where it is no var.
pub(super) fn target(meaning: Meaning, symbol: &str) -> Option<(Option<Str>, Str)> {
    match meaning {
        Meaning::Own { ns, name, .. } | Meaning::Foreign { ns, name } => Some((Some(ns), name)),
        Meaning::Core { ns, name, .. } => Some((Some(ns.into()), name)),
        Meaning::Unresolved => Some((None, symbol.into())),
        Meaning::Host | Meaning::Nothing | Meaning::Commented => None,
    }
}
