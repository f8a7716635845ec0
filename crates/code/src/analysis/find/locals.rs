//! The locals that a file binds, and where they are used.

use super::{Finder, Findings, Place};
use edn::Str;

/// A name that is bound: by `let`, as a parameter, by destructuring.
#[derive(Clone, Debug)]
pub struct LocalFound {
    /// The platform, in a file that several read.
    pub lang: Option<&'static str>,
    /// Its number, by which its uses name it: unique in the file.
    pub id: u32,
    /// Its name.
    pub name: Str,
    /// What stands there: more than the name under `:keys`, as in `{:keys [:a/b]}`.
    pub text: Str,
    /// Where that stands.
    pub at: Place,
    /// From where it stands to where it stops to mean something.
    pub scope: Place,
}

/// A local that is used.
#[derive(Clone, Debug)]
pub struct LocalUsageFound {
    /// The platform, in a file that several read.
    pub lang: Option<&'static str>,
    /// The number of the local.
    pub id: u32,
    /// Its name.
    pub name: Str,
    /// Where the name stands.
    pub at: Place,
}

impl Finder<'_> {
    /// Adds the locals of a pass, numbered from `first`, and their uses.
    pub(super) fn locals(&self, first: u32, found: &mut Findings) {
        let locals = &self.pass.locals;
        found.locals.extend((first..).zip(&locals.bound).map(|(id, local)| {
            let text = self.text(&local.at);
            LocalFound {
                lang: self.lang,
                id,
                name: plain(text).into(),
                text: text.into(),
                at: self.place(&local.at),
                scope: self.place(&(local.at.start..local.scope_end)),
            }
        }));
        found.local_usages.extend(locals.uses.iter().map(|(local, at)| LocalUsageFound {
            lang: self.lang,
            id: first + local,
            name: self.text(at).into(),
            at: self.place(at),
        }));
    }
}

/// The name that a symbol or keyword binds.
fn plain(text: &str) -> &str {
    let text = text.trim_start_matches(':');
    text.rsplit('/').next().filter(|name| !name.is_empty()).unwrap_or(text)
}
