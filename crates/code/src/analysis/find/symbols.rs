//! Symbols with a namespace that stand in quoted data: names of vars that something may look up when the program runs.

use super::usages::target;
use super::{Finder, Place};
use crate::analysis::ns::Reading;
use crate::analysis::resolve::qualified;
use crate::analysis::walk::Form;
use edn::Str;
use edn::syntax::Kind;

/// A quoted symbol that has a namespace.
#[derive(Clone, Debug)]
pub struct SymbolFound {
    /// The platform, in a file that several read.
    pub lang: Option<&'static str>,
    /// The namespace that it stands in.
    pub from: Str,
    /// What stands there.
    pub symbol: Str,
    /// The namespace of the var that it would mean; none where there is no such var.
    pub to: Option<Str>,
    /// Its name.
    pub name: Str,
    /// Where it stands.
    pub at: Place,
}

impl Finder<'_> {
    pub(super) fn symbols(&self, form: &Form, out: &mut Vec<SymbolFound>) {
        let reading = self.reading();
        let mut nodes = Vec::new();
        reading.expand(form.root, &mut nodes);
        for node in nodes {
            self.symbols_in(&reading, form, node, false, out);
        }
    }

    fn symbols_in(
        &self,
        reading: &Reading<'_>,
        form: &Form,
        node: usize,
        quoted: bool,
        out: &mut Vec<SymbolFound>,
    ) {
        let kind = reading.kind(node);
        if kind == Kind::Symbol {
            return out.extend(self.symbol(form, node).filter(|_| quoted));
        }
        // What stands in a syntax quote is a use.
        if kind == Kind::SyntaxQuote {
            return;
        }
        let children = reading.forms(node);
        let is_quote = kind == Kind::List
            && children.first().is_some_and(|head| reading.text(*head) == "quote");
        let quoted = quoted || is_quote || kind == Kind::Quote;
        for child in children {
            self.symbols_in(reading, form, child, quoted, out);
        }
    }

    fn symbol(&self, form: &Form, node: usize) -> Option<SymbolFound> {
        let context = &self.pass.contexts[form.context];
        let at = self.reading().span(node);
        let text = self.text(&at);
        let (ns, name) =
            text.split_once('/').filter(|(ns, name)| !ns.is_empty() && !name.is_empty())?;
        let meaning = qualified(self.project, context, self.pass.platform, ns, name);
        let (to, name) = match target(meaning, name) {
            Some((to, name)) => (to, name),
            None => (None, name.into()),
        };
        Some(SymbolFound {
            lang: self.lang,
            from: context.name.as_str().into(),
            symbol: text.into(),
            to,
            name,
            at: self.place(&at),
        })
    }
}
