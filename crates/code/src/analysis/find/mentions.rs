//! Names that are written down without being used: vars that are left out, called otherwise or handed on, and aliases where
//! they are given. Who changes a name changes it there too.

use super::usages::target;
use super::{Finder, Place};
use crate::analysis::ns::{Alias, Context, Referred};
use crate::analysis::resolve::qualified;
use crate::analysis::walk::Form;
use edn::Str;

/// A var that is named in an `:exclude`, before its other name in a `:rename`, or to be handed on as by `import-vars`.
#[derive(Clone, Debug)]
pub struct MentionFound {
    /// The platform, in a file that several read.
    pub lang: Option<&'static str>,
    /// The namespace that names it.
    pub from: Str,
    /// The namespace of the var.
    pub to: Str,
    /// Its name.
    pub name: Str,
    /// Where the name stands.
    pub at: Place,
}

/// A name that a namespace is given in another one.
#[derive(Clone, Debug)]
pub struct AliasFound {
    /// The platform, in a file that several read.
    pub lang: Option<&'static str>,
    /// The namespace in which it holds.
    pub from: Str,
    /// The name.
    pub alias: Str,
    /// The namespace that it means.
    pub to: Str,
    /// Where the name stands.
    pub at: Place,
}

impl Finder<'_> {
    pub(super) fn named(&self, context: &Context, named: &Referred) -> MentionFound {
        let Referred { ns, name, at } = named;
        MentionFound {
            lang: self.lang,
            from: context.name.as_str().into(),
            to: ns.as_str().into(),
            name: name.as_str().into(),
            at: self.place(at),
        }
    }

    /// The vars that a form hands on under the same name.
    pub(super) fn handed_on(&self, form: &Form) -> impl Iterator<Item = MentionFound> {
        let context = &self.pass.contexts[form.context];
        form.exports.iter().filter_map(|(ns, name)| {
            let def = form.defs.iter().find(|def| def.name == *name)?;
            let meaning = qualified(self.project, context, self.pass.platform, ns, name);
            let (to, name) = target(meaning, name)?;
            let (from, to) = (context.name.as_str().into(), to?);
            Some(MentionFound { lang: self.lang, from, to, name, at: self.place(&def.at) })
        })
    }

    pub(super) fn alias(&self, context: &Context, alias: &Alias) -> AliasFound {
        AliasFound {
            lang: self.lang,
            from: context.name.as_str().into(),
            alias: alias.name.as_str().into(),
            to: alias.ns.as_str().into(),
            at: self.place(&alias.at),
        }
    }
}
