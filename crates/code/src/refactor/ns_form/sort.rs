//! The order of what an `ns` form names.

use super::layout::is_blank;
use super::{Clause, NsForm};
use edn::syntax::Kind;

impl NsForm {
    /// Sorts libraries and classes by name, clause by clause. What a comment, a blank line, a discarded form or a reader
    /// conditional stands between stays apart, so that groups stay groups.
    pub(crate) fn sort(&mut self) {
        let mut edits = Vec::new();
        for holder in self.holders.iter().filter(|h| h.clause != Clause::ReferClojure) {
            for group in self.groups(&holder.items) {
                let mut sorted = group.clone();
                sorted.sort_by_key(|item| self.key(*item));
                for (place, item) in group.iter().zip(&sorted) {
                    if place != item {
                        let moved = self.moved(*item, *place);
                        edits.push((self.tree.node(*place).range(), moved));
                    }
                }
            }
        }
        self.change(edits);
    }

    /// Items that may change places with each other.
    fn groups(&self, items: &[usize]) -> Vec<Vec<usize>> {
        let mut groups: Vec<Vec<usize>> = Vec::new();
        let mut last: Option<usize> = None;
        for item in items {
            let start = self.tree.node(*item).start as usize;
            let joined = last.is_some_and(|last| {
                let gap = &self.text[self.tree.node(last).end as usize..start];
                is_blank(gap) && gap.matches('\n').count() < 2
            });
            let end = self.tree.node(*item).end as usize;
            let movable = self.key(*item).is_some()
                && matches!(
                    self.kind(*item),
                    Kind::Symbol | Kind::String | Kind::List | Kind::Vector
                )
                && self.end_with_comment(end) == end;
            match groups.last_mut() {
                Some(group) if joined && movable => group.push(*item),
                _ if movable => groups.push(vec![*item]),
                _ => groups.push(Vec::new()),
            }
            last = movable.then_some(*item);
        }
        groups
    }

    /// The text of an item with its lines shifted to another item's place.
    fn moved(&self, item: usize, place: usize) -> String {
        let column = |node: usize| self.column(self.tree.node(node).start as usize) as isize;
        super::super::layout::shifted(self.node_text(item), column(place) - column(item))
    }
}
