//! The classes of the host that a file imports and uses.

use super::{Finder, Place};
use crate::analysis::classes::class_of;
use crate::analysis::ns::{Context, Imported, Platform};
use crate::analysis::resolve::{Meaning, meaning_in};
use crate::analysis::walk::{Form, NO_LIST, Use};
use edn::Str;

/// A class that is named.
#[derive(Clone, Debug)]
pub struct ClassFound {
    /// The platform, in a file that several read.
    pub lang: Option<&'static str>,
    /// The namespace that names it.
    pub from: Str,
    /// Its full name.
    pub class: Str,
    /// The member that is written after it, as in `Math/abs`.
    pub member: Option<Str>,
    /// Whether it is imported there.
    pub import: bool,
    /// Where it stands; of what makes an instance the whole list.
    pub at: Place,
    /// Where its name stands.
    pub name_at: Place,
}

impl Finder<'_> {
    /// Whether the platform has classes of the JVM.
    pub(super) fn has_classes(&self) -> bool {
        matches!(self.pass.platform, Platform::Clj | Platform::Bb)
    }

    pub(super) fn imported(&self, context: &Context, imported: &Imported) -> ClassFound {
        ClassFound {
            lang: self.lang,
            from: context.name.as_str().into(),
            class: imported.class.as_str().into(),
            member: None,
            import: true,
            at: self.place(&imported.at),
            name_at: self.place(&imported.at),
        }
    }

    /// The class that is used; `None` where something else is.
    pub(super) fn class(&self, form: &Form, used: &Use) -> Option<ClassFound> {
        let context = &self.pass.contexts[form.context];
        let name_at = used.start..used.end;
        let symbol = self.text(&name_at);
        let meaning = meaning_in(self.project, self.pass, form, used.kind, symbol);
        if !matches!(meaning, Meaning::Host) {
            return None;
        }
        let class = class_of(context, symbol)?;
        let makes = symbol.ends_with('.') && used.list != NO_LIST;
        let list = || self.reading().span(used.list as usize);
        Some(ClassFound {
            lang: self.lang,
            from: context.name.as_str().into(),
            class: class.into(),
            member: symbol.split_once('/').map(|(_, member)| member.into()),
            import: false,
            at: if makes { self.place(&list()) } else { self.place(&name_at) },
            name_at: self.place(&name_at),
        })
    }
}
