//! Changing a tree: where datoms go in and come out, and how nodes split and merge.
//!
//! What another version holds is copied on the way down, one node a level; all else is edited in place. Facts come in
//! ascending order more often than not, so the way down looks at the last child first, and at the end of the leaf.

use super::child::Child;
use super::{Branch, FANOUT, LEAF, Leaf, Node, RETRACTED, Tree};
use crate::datom::Datom;
use std::cmp::Ordering;
use std::ops::Range;

impl Leaf {
    fn set(&mut self, at: usize, d: Datom) {
        self.e[at] = d.e;
        self.a[at] = d.a;
        self.v[at] = d.v;
        self.tx[at] = d.tx | if d.added { 0 } else { RETRACTED };
    }

    /// Moves the datoms of a range so that they begin at another place.
    fn shift(&mut self, from: Range<usize>, to: usize) {
        self.e.copy_within(from.clone(), to);
        self.a.copy_within(from.clone(), to);
        self.v.copy_within(from.clone(), to);
        self.tx.copy_within(from, to);
    }

    /// There must be room.
    fn insert(&mut self, at: usize, d: Datom) {
        if at < self.len {
            self.shift(at..self.len, at + 1);
        }
        self.set(at, d);
        self.len += 1;
    }

    pub(super) fn push(&mut self, d: Datom) {
        self.set(self.len, d);
        self.len += 1;
    }

    fn remove(&mut self, range: Range<usize>) {
        self.shift(range.end..self.len, range.start);
        self.len -= range.len();
    }

    fn split_off(&mut self, at: usize) -> Leaf {
        let mut right = Leaf::empty();
        right.append(self, at..self.len);
        self.len = at;
        right
    }

    /// There must be room.
    fn append(&mut self, other: &Leaf, from: Range<usize>) {
        let here = self.len..self.len + from.len();
        self.e[here.clone()].copy_from_slice(&other.e[from.clone()]);
        self.a[here.clone()].copy_from_slice(&other.a[from.clone()]);
        self.v[here.clone()].copy_from_slice(&other.v[from.clone()]);
        self.tx[here.clone()].copy_from_slice(&other.tx[from]);
        self.len = here.end;
    }

    /// How many datoms stand before the first for which `before` is false, looked for from the end in growing steps.
    #[inline]
    fn place(&self, before: impl Fn(&Datom) -> bool) -> usize {
        let (mut low, mut high, mut step) = (0, self.len, 1);
        while high > 0 {
            let probe = high.saturating_sub(step);
            if before(&self.datom(probe)) {
                low = probe + 1;
                break;
            }
            high = probe;
            step *= 4;
        }
        while low < high {
            let middle = (low + high) / 2;
            if before(&self.datom(middle)) { low = middle + 1 } else { high = middle }
        }
        low
    }
}

/// A place between two datoms: where something was looked for and not found.
pub(crate) struct Spot {
    /// The children on the way down; those of levels beyond are looked for again.
    turns: [u8; TURNS],
    /// The place in the leaf.
    at: usize,
}

/// More levels than trees have; tests go beyond.
const TURNS: usize = if cfg!(test) { 1 } else { 8 };

impl Node {
    /// Inserts at a spot below a level. Returns the right half of a node that had to be split.
    fn insert(
        &mut self,
        datom: Datom,
        spot: &Spot,
        level: usize,
        compare: &impl Fn(&Datom, &Datom) -> Ordering,
    ) -> Option<Child> {
        match self {
            Node::Leaf(leaf) => {
                let at = spot.at;
                if leaf.len < LEAF {
                    leaf.insert(at, datom);
                    return None;
                }
                // Ascending insertion is common: it leaves full leaves behind.
                let cut = if at == LEAF { LEAF } else { LEAF / 2 };
                let mut right = leaf.split_off(cut);
                if at < cut {
                    leaf.insert(at, datom);
                } else {
                    right.insert(at - cut, datom);
                }
                Some(Child::new(Node::Leaf(right)))
            }
            Node::Branch(branch) => branch.insert(datom, spot, level, compare),
        }
    }

    /// Removes a datom with those behind it that are in the same leaf, `most` at most: the datom, and how many went.
    fn remove(
        &mut self,
        datom: &Datom,
        most: usize,
        compare: &impl Fn(&Datom, &Datom) -> Ordering,
    ) -> Option<(Datom, usize)> {
        match self {
            Node::Leaf(leaf) => {
                let at = leaf.partition_point(&|d| compare(d, datom).is_lt());
                let found = (at < leaf.len).then(|| leaf.datom(at));
                let found = found.filter(|found| compare(found, datom).is_eq())?;
                let count = most.min(leaf.len - at);
                leaf.remove(at..at + count);
                Some((found, count))
            }
            Node::Branch(branch) => branch.remove(datom, most, compare),
        }
    }

    /// How much of a node is in use, and how much can be.
    fn filling(&self) -> (usize, usize) {
        match self {
            Node::Leaf(leaf) => (leaf.len, LEAF),
            Node::Branch(branch) => (branch.children.len(), FANOUT),
        }
    }

    fn is_small(&self) -> bool {
        let (used, room) = self.filling();
        used < room / 4
    }

    fn fits_with(&self, right: &Node) -> bool {
        let ((left, room), (right, _)) = (self.filling(), right.filling());
        left + right <= room
    }

    /// Takes in its right neighbour, which must be of its kind and fit.
    fn absorb(&mut self, right: &Node) {
        match (self, right) {
            (Node::Leaf(left), Node::Leaf(right)) => left.append(right, 0..right.len),
            (Node::Branch(left), Node::Branch(right)) => {
                left.firsts.extend_from_slice(&right.firsts);
                left.counts.extend_from_slice(&right.counts);
                left.latest.extend_from_slice(&right.latest);
                left.children.extend_from_slice(&right.children);
            }
            _ => {}
        }
    }
}

impl Branch {
    /// The last child that begins with a datom for which `before` holds, or else the first of all.
    #[inline]
    fn last_begun(&self, before: impl Fn(&Datom) -> bool) -> usize {
        let begun = match self.firsts.split_last() {
            Some((last, others)) if !before(last) => others.partition_point(before),
            _ => self.firsts.len(),
        };
        begun.saturating_sub(1)
    }

    /// The child in which a datom is or would be.
    fn child_of(&self, datom: &Datom, compare: &impl Fn(&Datom, &Datom) -> Ordering) -> usize {
        self.last_begun(|d| compare(d, datom).is_le())
    }

    fn insert(
        &mut self,
        datom: Datom,
        spot: &Spot,
        level: usize,
        compare: &impl Fn(&Datom, &Datom) -> Ordering,
    ) -> Option<Child> {
        let at = match spot.turns.get(level) {
            Some(turn) => usize::from(*turn),
            None => self.child_of(&datom, compare),
        };
        let split = self.children[at].edit().insert(datom, spot, level + 1, compare);
        self.counts[at] += 1;
        self.latest[at] = self.latest[at].max(datom.tx);
        if at == 0 {
            self.firsts[0] = self.children[0].first();
        }
        let right = split?;
        let count = right.count();
        self.counts[at] -= count;
        self.firsts.insert(at + 1, right.first());
        self.counts.insert(at + 1, count);
        self.latest.insert(at + 1, right.node().latest());
        self.children.insert(at + 1, right);
        if self.children.len() <= FANOUT {
            return None;
        }
        let cut = if at + 2 == self.children.len() { FANOUT } else { self.children.len() / 2 };
        Some(Child::new(Node::Branch(Branch {
            firsts: self.firsts.split_off(cut),
            counts: self.counts.split_off(cut),
            latest: self.latest.split_off(cut),
            children: self.children.split_off(cut),
        })))
    }

    fn remove(
        &mut self,
        datom: &Datom,
        most: usize,
        compare: &impl Fn(&Datom, &Datom) -> Ordering,
    ) -> Option<(Datom, usize)> {
        let at = self.child_of(datom, compare);
        let removed = self.children[at].edit().remove(datom, most, compare)?;
        self.counts[at] -= removed.1;
        if self.counts[at] == 0 {
            self.drop_child(at);
        } else {
            self.firsts[at] = self.children[at].first();
            if self.children[at].node().is_small() {
                self.merge_around(at);
            }
        }
        Some(removed)
    }

    fn drop_child(&mut self, at: usize) {
        self.firsts.remove(at);
        self.counts.remove(at);
        self.latest.remove(at);
        self.children.remove(at);
    }

    fn merge_around(&mut self, at: usize) {
        for left in [Some(at), at.checked_sub(1)].into_iter().flatten() {
            let Some(right) = self.children.get(left + 1).cloned() else { continue };
            if self.children[left].node().fits_with(&right.node()) {
                self.children[left].edit().absorb(&right.node());
                self.counts[left] += self.counts[left + 1];
                self.latest[left] = self.latest[left].max(self.latest[left + 1]);
                self.drop_child(left + 1);
                return;
            }
        }
    }
}

impl Tree {
    /// Adds a datom; `false` where one that compares equal is there.
    pub(crate) fn insert(
        &mut self,
        datom: Datom,
        compare: impl Fn(&Datom, &Datom) -> Ordering,
    ) -> bool {
        let (found, spot) = self.locate(|d| compare(d, &datom).is_lt());
        if found.is_some_and(|found| compare(&found, &datom).is_eq()) {
            return false;
        }
        self.insert_at(datom, &spot, compare);
        true
    }

    /// Adds a datom where [`Tree::locate`] has found that it belongs, in a tree that has not changed since.
    pub(crate) fn insert_at(
        &mut self,
        datom: Datom,
        spot: &Spot,
        compare: impl Fn(&Datom, &Datom) -> Ordering,
    ) {
        let Some(root) = &mut self.root else {
            *self = Tree::from_sorted([datom]);
            return;
        };
        if let Some(right) = root.edit().insert(datom, spot, 0, &compare) {
            let children = vec![root.clone(), right];
            self.root = Some(Child::new(Node::Branch(Branch::over(children))));
        }
    }

    /// Removes the datom that compares equal.
    pub(crate) fn remove(
        &mut self,
        datom: &Datom,
        compare: impl Fn(&Datom, &Datom) -> Ordering,
    ) -> Option<Datom> {
        self.remove_run(datom, 1, compare).map(|(removed, _)| removed)
    }

    /// Removes the datom that compares equal, and of those behind it as many as lie in the same leaf, up to `most` in all:
    /// the datom, and how many went.
    pub(crate) fn remove_run(
        &mut self,
        datom: &Datom,
        most: usize,
        compare: impl Fn(&Datom, &Datom) -> Ordering,
    ) -> Option<(Datom, usize)> {
        let removed = self.root.as_mut()?.edit().remove(datom, most, &compare)?;
        loop {
            let only = match self.root.as_ref().map(Child::node).as_deref() {
                Some(Node::Leaf(leaf)) if leaf.len == 0 => None,
                Some(Node::Branch(branch)) if branch.children.is_empty() => None,
                Some(Node::Branch(branch)) if branch.children.len() == 1 => {
                    Some(branch.children[0].clone())
                }
                _ => return Some(removed),
            };
            self.root = only;
        }
    }

    /// The first datom for which `before` is false, and the spot before it, in one descent.
    pub(crate) fn locate(&self, before: impl Fn(&Datom) -> bool) -> (Option<Datom>, Spot) {
        let mut spot = Spot { turns: [0; TURNS], at: 0 };
        let (mut behind, mut level) = (None, 0);
        let leaf = self.descend(|branch| {
            let turn = branch.last_begun(&before);
            if let Some(place) = spot.turns.get_mut(level) {
                *place = turn as u8;
            }
            level += 1;
            behind = branch.firsts.get(turn + 1).copied().or(behind);
            turn
        });
        let Some(leaf) = leaf else { return (None, spot) };
        spot.at = leaf.place(&before);
        match spot.at < leaf.len {
            true => (Some(leaf.datom(spot.at)), spot),
            false => (behind, spot),
        }
    }
}
