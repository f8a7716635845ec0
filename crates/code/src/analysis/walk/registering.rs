//! What registers a keyword, so that it means something elsewhere: a spec, an event, a subscription, a schema, a method.
//!
//! Which calls do so is told by what they are called, as libraries and projects have their own: `s/def` and whatever a project
//! says is like it, `reg-sub`, `register!`, `defevent`. A keyword without a namespace may be anything, and registers nothing.

use super::Walker;
use crate::analysis::lexicon;
use edn::syntax::Kind;

/// The keys under which a map says what it registers: `{:type ::pool :pred pool?}`.
const NAMING_KEYS: [&str; 2] = ["type", "id"];

impl Walker<'_> {
    /// Notes the keyword that a call of this name registers: its first argument, or what that says of itself.
    pub(super) fn registering(&mut self, name: &str, arguments: &[usize]) {
        let Some(&first) = arguments.first() else { return };
        if !lexicon::registers(name) {
            return;
        }
        let mut node = first;
        while self.reading.kind(node) == Kind::Meta {
            let [meta, target] = self.reading.forms(node)[..] else { return };
            self.naming_itself(meta);
            node = target;
        }
        self.naming_itself(node);
        self.registered(node);
    }

    /// Notes the keyword that a map says it is about.
    fn naming_itself(&mut self, map: usize) {
        if self.reading.kind(map) != Kind::Map {
            return;
        }
        for pair in self.reading.forms(map).chunks_exact(2) {
            let key = self.reading.keyword(pair[0]).unwrap_or_default();
            if NAMING_KEYS.contains(&key.rsplit('/').next().unwrap_or(key)) {
                self.registered(pair[1]);
            }
        }
    }

    /// Notes that a keyword is registered, where that is what a node is.
    pub(super) fn registered(&mut self, node: usize) {
        let is_keyword = self.reading.kind(node) == Kind::Keyword;
        if is_keyword && lexicon::is_qualified(self.reading.text(node)) && !self.in_comment {
            self.registers.push(node as u32);
        }
    }
}
