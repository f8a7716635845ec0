//! What implements protocols and interfaces: their names, and after each the methods.

use super::{Kind, UseKind, Walker};

/// A method that implements one of a protocol's.
#[derive(Clone, Copy, Debug)]
pub(in crate::analysis) struct Implementation {
    /// The namespace it stands in, by its place among the file's contexts.
    pub(in crate::analysis) context: usize,
    /// The form that implements the protocol, by its node: a `defrecord`, a `reify` …
    pub(in crate::analysis) form: usize,
    /// The name of the protocol, by its node.
    pub(in crate::analysis) protocol: usize,
    /// The method, by its node.
    pub(in crate::analysis) method: usize,
}

impl Walker<'_> {
    /// Protocols and the methods that implement them, in turn. What stands before all protocols is no method: other macros that are
    /// called `reify` take expressions there.
    pub(super) fn methods(&mut self, forms: &[usize]) {
        let mut protocol = None;
        for form in forms {
            if self.reading.kind(*form) == Kind::Symbol {
                self.used(*form, UseKind::ProtocolImpl);
                protocol = Some(*form);
            } else if protocol.is_some() {
                self.method(protocol, *form);
            } else {
                self.walk(*form);
            }
        }
    }

    /// `(name [this parameters] body)`
    fn method(&mut self, protocol: Option<usize>, method: usize) {
        if self.reading.kind(method) != Kind::List {
            return self.walk(method);
        }
        if let Some(protocol) = protocol
            && self.wants_places()
        {
            let (context, form) = (self.contexts.len() - 1, self.list);
            self.implementations.push(Implementation { context, form, protocol, method });
        }
        let parts = self.reading.forms(method);
        if let Some((_, rest)) = parts.split_first() {
            self.in_list(method, |w| w.arities(rest));
        }
    }

    pub(super) fn implementing(&mut self, name: &str, rest: &[usize]) {
        match name {
            "proxy" => {
                self.effects.unknown = true;
                if let [classes, args, methods @ ..] = rest {
                    self.walk(*classes);
                    self.walk(*args);
                    self.scoped(self.list_end(), |w| {
                        w.bind_hidden("this");
                        methods.iter().for_each(|method| w.method(None, *method));
                    });
                }
            }
            "extend-type" | "specify" | "specify!" => {
                if let Some((target, rest)) = rest.split_first() {
                    self.walk(*target);
                    self.methods(rest);
                }
            }
            "extend-protocol" => {
                if let Some((protocol, rest)) = rest.split_first() {
                    self.used(*protocol, UseKind::ProtocolImpl);
                    for form in rest {
                        if self.reading.kind(*form) == Kind::Symbol {
                            self.used(*form, UseKind::Reference);
                        } else {
                            self.method(Some(*protocol), *form);
                        }
                    }
                }
            }
            _ => self.methods(rest),
        }
    }

    pub(super) fn extend(&mut self, rest: &[usize]) {
        let Some((target, pairs)) = rest.split_first() else { return };
        self.walk(*target);
        for pair in pairs.chunks(2) {
            self.used(pair[0], UseKind::ProtocolImpl);
            self.walk_all(&pair[1..]);
        }
    }
}
