//! The methods with which a file implements protocols and interfaces.

use super::usages::target;
use super::{Finder, Place};
use crate::analysis::classes::class_of;
use crate::analysis::resolve::meaning_of;
use crate::analysis::walk::{Implementation, UseKind};
use edn::Str;

/// A method of a protocol or interface that is implemented.
#[derive(Clone, Debug)]
pub struct ImplementationFound {
    /// The platform, in a file that several read.
    pub lang: Option<&'static str>,
    /// The namespace of the protocol, the package of an interface; none where that is not known.
    pub protocol_ns: Option<Str>,
    /// The protocol's name.
    pub protocol: Str,
    /// The method's name.
    pub method: Str,
    /// The namespace that implements it.
    pub from: Str,
    /// What it is implemented by, in full: `clojure.core/defrecord`, `clojure.core/reify` …
    pub defined_by: Str,
    /// Where the method stands.
    pub at: Place,
    /// Where its name stands.
    pub name_at: Place,
}

impl Finder<'_> {
    /// A method that implements another; `None` where what stands there has no name.
    pub(super) fn implementation(&self, found: &Implementation) -> Option<ImplementationFound> {
        let reading = self.reading();
        let context = &self.pass.contexts[found.context];
        let name = reading.bare(*reading.forms(found.method).first()?);
        let method = reading.symbol(name)?;
        let symbol = reading.text(reading.bare(found.protocol));
        let meaning = meaning_of(self.project, self.pass, context, UseKind::ProtocolImpl, symbol);
        let (protocol_ns, protocol) = match target(meaning, symbol) {
            Some(known) => known,
            None => match class_of(context, symbol).as_deref().and_then(|c| c.rsplit_once('.')) {
                Some((package, class)) => (Some(package.into()), class.into()),
                None => (None, symbol.into()),
            },
        };
        Some(ImplementationFound {
            lang: self.lang,
            protocol_ns,
            protocol,
            method: method.into(),
            from: context.name.as_str().into(),
            defined_by: self.head(context, found.form),
            at: self.place(&reading.span(found.method)),
            name_at: self.place(&reading.span(name)),
        })
    }
}
