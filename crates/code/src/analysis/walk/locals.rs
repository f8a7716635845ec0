//! Locals: the names that are bound where the walk stands, and, where that is wanted, each that ever was and its uses.
//!
//! Facts need to know only whether a name is bound. So nothing is kept of a local that goes out of scope unless
//! [`Detail::Places`] asks for it, and then it is four numbers.

use super::Walker;
use crate::analysis::Detail;
use crate::analysis::ns::Platform;
use edn::syntax::Kind;
use std::ops::Range;

/// A name that is bound where the walk stands.
pub(super) struct Bound<'t> {
    name: &'t str,
    /// Its number among [`Locals::bound`]; [`NO_LOCAL`] where no text makes it, or nobody asked.
    local: u32,
}

/// Not among the locals that are told of.
const NO_LOCAL: u32 = u32::MAX;

/// A name that the text binds.
#[derive(Clone, Debug)]
pub(in crate::analysis) struct Local {
    /// What stands there: a symbol, or a keyword under `:keys`.
    pub(in crate::analysis) at: Range<u32>,
    /// Where what it means ends.
    pub(in crate::analysis) scope_end: u32,
}

/// A name of a destructured map's `:keys`, `:strs` or `:syms`.
#[derive(Clone, Debug)]
pub(in crate::analysis) struct DestructuredKey {
    /// The node of the name, and of the keyword that says what it is a key of.
    pub(in crate::analysis) node: u32,
    pub(in crate::analysis) modifier: u32,
    /// The local that it makes, among [`Locals::bound`].
    pub(in crate::analysis) local: u32,
}

/// All locals of a file.
#[derive(Clone, Debug, Default)]
pub(in crate::analysis) struct Locals {
    pub(in crate::analysis) bound: Vec<Local>,
    /// Each use: the number of its local, and where it stands.
    pub(in crate::analysis) uses: Vec<(u32, Range<u32>)>,
    /// In the order in which they are walked, which is that of the text but for nested maps.
    pub(in crate::analysis) keys: Vec<DestructuredKey>,
}

impl<'t> Walker<'t> {
    pub(super) fn wants_places(&self) -> bool {
        self.detail == Detail::Places
    }

    /// Walks what may bind names; they mean something up to `end`, and nothing after.
    pub(super) fn scoped(&mut self, end: u32, inner: impl FnOnce(&mut Self)) {
        let mark = self.locals.len();
        let outer = std::mem::replace(&mut self.scope_end, end);
        inner(self);
        self.scope_end = outer;
        self.locals.truncate(mark);
    }

    /// Walks what is in a list that has no head of its own.
    pub(super) fn in_list(&mut self, list: usize, inner: impl FnOnce(&mut Self)) {
        let outer = std::mem::replace(&mut self.list, list);
        inner(self);
        self.list = outer;
    }

    /// Where a node ends.
    pub(super) fn end_of(&self, node: usize) -> u32 {
        self.reading.tree.node(node).end
    }

    /// Where the list that is being walked ends.
    pub(super) fn list_end(&self) -> u32 {
        self.end_of(self.list)
    }

    /// Binds the name that a node is: that of a symbol, or of a keyword under `:keys`.
    pub(super) fn bind_name(&mut self, node: usize) {
        let text = self.reading.text(node);
        let name = match self.reading.kind(node) {
            Kind::Symbol => text,
            Kind::Keyword => text.trim_start_matches(':'),
            _ => return,
        };
        let name = name.rsplit('/').next().filter(|name| !name.is_empty()).unwrap_or(name);
        let mut local = NO_LOCAL;
        if self.wants_places() {
            local = self.found.bound.len() as u32;
            let at = self.reading.span(node);
            self.found.bound.push(Local { at, scope_end: self.scope_end });
        }
        self.locals.push(Bound { name, local });
    }

    /// Binds a name under `:keys` and its kin.
    pub(super) fn bind_key(&mut self, node: usize, modifier: usize) {
        let bound = self.found.bound.len();
        self.bind_name(node);
        if self.found.bound.len() > bound {
            let (node, modifier) = (node as u32, modifier as u32);
            self.found.keys.push(DestructuredKey { node, modifier, local: bound as u32 });
        }
    }

    /// Binds a name that stands nowhere.
    pub(super) fn bind_hidden(&mut self, name: &'t str) {
        self.locals.push(Bound { name, local: NO_LOCAL });
    }

    pub(super) fn is_local(&self, name: &str) -> bool {
        self.bound(name).is_some()
    }

    fn bound(&self, name: &str) -> Option<&Bound<'t>> {
        self.locals.iter().rev().find(|local| local.name == name)
    }

    /// Notes the use of a local; `false` where a symbol means none.
    pub(super) fn used_local(&mut self, node: usize) -> bool {
        let text = self.reading.text(node);
        let Some(&Bound { name, local }) = self.bound(text).or_else(|| self.object(text)) else {
            return false;
        };
        if local != NO_LOCAL {
            let start = self.reading.tree.node(node).start;
            self.found.uses.push((local, start..start + name.len() as u32));
        }
        true
    }

    /// The local of `local.member`, as ClojureScript has it. What stands before a `/` is a namespace, whatever its name.
    fn object(&self, text: &str) -> Option<&Bound<'t>> {
        if self.reading.platform != Platform::Cljs || text.contains('/') {
            return None;
        }
        let (object, _) = text.split_once('.').filter(|(object, _)| !object.is_empty())?;
        self.bound(object)
    }
}
