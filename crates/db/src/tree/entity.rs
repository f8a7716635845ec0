//! Reading what a tree by entity has of one entity after the other.

use super::{Leaf, LeafRef, Tree};
use crate::cell::Cell;
use crate::datom::Datom;
use std::ops::Range;

/// Where the facts of the entity ended that was looked up last: a leaf, the rank of its first datom, and a place in it.
#[derive(Default)]
pub(crate) struct Finger<'a>(Option<(LeafRef<'a>, usize, usize)>);

/// The facts of an entity: as they stand in a leaf, or gathered from several.
pub(crate) enum EntityFacts<'a> {
    InLeaf(LeafRef<'a>, Range<usize>),
    Gathered(Vec<u32>, Vec<Cell>),
}

impl EntityFacts<'_> {
    /// The attributes and the values, in order.
    #[inline]
    pub(crate) fn columns(&self) -> (&[u32], &[Cell]) {
        match self {
            EntityFacts::InLeaf(leaf, range) => {
                (&leaf.attributes()[range.clone()], &leaf.values()[range.clone()])
            }
            EntityFacts::Gathered(attributes, values) => (attributes, values),
        }
    }
}

/// The place behind the datoms of an entity that stand from a place on.
#[inline]
fn end_of(leaf: &Leaf, start: usize, e: u32) -> usize {
    start + leaf.entities()[start..].iter().take_while(|x| **x == e).count()
}

impl Tree {
    /// The facts of an entity, in a tree by entity.
    ///
    /// An entity that follows the one that the finger was used for last is found at once, one in the same leaf without a descent.
    pub(crate) fn entity<'a>(&'a self, e: u32, finger: &mut Finger<'a>) -> EntityFacts<'a> {
        let Some((leaf, first, start)) = self.start_of(e, finger) else {
            return EntityFacts::Gathered(Vec::new(), Vec::new());
        };
        let end = end_of(&leaf, start, e);
        if end < leaf.len() {
            finger.0 = Some((leaf.clone(), first, end));
            return EntityFacts::InLeaf(leaf, start..end);
        }
        let mut rank = first + end;
        let in_leaf = EntityFacts::InLeaf(leaf, start..end);
        let (mut attributes, mut values) = (Vec::new(), Vec::new());
        while let Some((next, _)) = self.leaf_at(rank) {
            let end = end_of(&next, 0, e);
            if end > 0 && attributes.is_empty() {
                let (own, of_own) = in_leaf.columns();
                attributes.extend_from_slice(own);
                values.extend_from_slice(of_own);
            }
            attributes.extend_from_slice(&next.attributes()[..end]);
            values.extend_from_slice(&next.values()[..end]);
            let len = next.len();
            finger.0 = Some((next, rank, end));
            if end < len {
                break;
            }
            rank += len;
        }
        match attributes.is_empty() {
            true => in_leaf,
            false => EntityFacts::Gathered(attributes, values),
        }
    }

    /// Where an entity's facts begin or would: a leaf, the rank of its first datom, and the place in it.
    #[inline]
    fn start_of<'a>(
        &'a self,
        e: u32,
        finger: &mut Finger<'a>,
    ) -> Option<(LeafRef<'a>, usize, usize)> {
        if let Some((leaf, first, at)) = finger.0.take() {
            let entities = leaf.entities();
            if entities.get(at) == Some(&e) {
                return Some((leaf, first, at));
            }
            if let [least, .., greatest] = entities
                && *least < e
                && e <= *greatest
            {
                let start = entities.partition_point(|x| *x < e);
                return Some((leaf, first, start));
            }
        }
        let mut first = 0;
        let leaf = self.descend(|branch| branch.turn(&|d: &Datom| d.e < e, &mut first))?;
        let start = leaf.entities().partition_point(|x| *x < e);
        if start < leaf.len() {
            return Some((leaf, first, start));
        }
        let rank = first + start;
        self.leaf_at(rank).map(|(leaf, first)| (leaf, first, rank - first))
    }
}
