//! The namespaces that a file makes and names.

use super::{Finder, Place};
use crate::analysis::ns::{Context, Mention};
use edn::Str;

/// An `ns` form.
#[derive(Clone, Debug)]
pub struct NamespaceFound {
    /// The platform, in a file that several read.
    pub lang: Option<&'static str>,
    /// Its name.
    pub name: Str,
    /// Where the form stands.
    pub at: Place,
    /// Where the name stands.
    pub name_at: Place,
}

/// A namespace that another one names.
#[derive(Clone, Debug)]
pub struct LoadFound {
    /// The platform, in a file that several read.
    pub lang: Option<&'static str>,
    /// The namespace that names it.
    pub from: Str,
    /// The one that is named.
    pub to: Str,
    /// What it is called there.
    pub alias: Option<Str>,
    /// Where its name stands.
    pub name_at: Place,
}

impl Finder<'_> {
    pub(super) fn namespace(&self, context: &Context) -> Option<NamespaceFound> {
        let (name_at, at) = context.at.as_ref()?;
        Some(NamespaceFound {
            lang: self.lang,
            name: context.name.as_str().into(),
            at: self.place(at),
            name_at: self.place(name_at),
        })
    }

    pub(super) fn load(&self, context: &Context, mention: &Mention) -> LoadFound {
        LoadFound {
            lang: self.lang,
            from: context.name.as_str().into(),
            to: mention.ns.as_str().into(),
            alias: mention.alias.as_deref().map(Str::from),
            name_at: self.place(&mention.at),
        }
    }
}
