//! Trees against sorted sets.

use super::child::NodeRef;
use super::*;
use proptest::prelude::*;
use std::collections::BTreeSet;

fn datom(n: u32) -> Datom {
    let added = !n.is_multiple_of(5);
    Datom { e: n, a: n % 7, v: Cell::entity(n / 3), tx: tx_of(n), added }
}

/// Runs of one transaction, in no order.
fn tx_of(n: u32) -> u32 {
    (n / 40) * 37 % 100
}

fn by_entity(x: &Datom, y: &Datom) -> Ordering {
    x.e.cmp(&y.e)
}

fn entities(tree: &Tree) -> Vec<u32> {
    tree.iter(0..tree.len()).map(|d| d.e).collect()
}

/// The datoms of these entities, as they are met along with them.
fn met_along(tree: &Tree, sought: &[u32]) -> Vec<(u32, Cell)> {
    let mut met = Vec::new();
    let keys: Vec<Cell> = sought.iter().map(|e| Cell::entity(*e)).collect();
    tree.along(
        &keys,
        |d| Place::At(Cell::entity(d.e)),
        |leaf, keys| {
            let (entities, values) = (leaf.entities(), leaf.values());
            for e in &sought[keys] {
                let here = entities.iter().zip(values).filter(|(x, _)| *x == e);
                met.extend(here.map(|(e, v)| (*e, *v)));
            }
        },
    );
    met
}

impl Node {
    /// The depth, where everything the module promises of a node holds.
    fn checked(&self, is_root: bool) -> usize {
        match self {
            Node::Leaf(leaf) => {
                assert!(leaf.len() <= LEAF && (is_root || leaf.len() > 0));
                1
            }
            Node::Branch(branch) => {
                assert!((1..=FANOUT).contains(&branch.children.len()));
                let depths: Vec<usize> = branch
                    .children
                    .iter()
                    .zip(branch.firsts.iter().zip(&branch.counts).zip(&branch.latest))
                    .map(|(child, ((first, count), latest))| {
                        assert_eq!((child.node().first(), child.node().count()), (*first, *count));
                        assert!(child.node().latest() <= *latest);
                        child.node().checked(false)
                    })
                    .collect();
                assert!(depths.iter().all(|depth| *depth == depths[0]));
                depths[0] + 1
            }
        }
    }
}

#[derive(Clone, Debug)]
enum Step {
    Insert(u32),
    Remove(u32),
    InsertRun(u32, u32),
    RemoveRun(u32, u32),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0..4000u32).prop_map(Step::Insert),
        (0..4000u32).prop_map(Step::Remove),
        (0..4000u32, 1..700u32).prop_map(|(from, n)| Step::InsertRun(from, n)),
        (0..4000u32, 1..900u32).prop_map(|(from, n)| Step::RemoveRun(from, n)),
    ]
}

fn apply(tree: &mut Tree, model: &mut BTreeSet<u32>, step: &Step) {
    let (range, insert) = match *step {
        Step::Insert(n) => (n..n + 1, true),
        Step::Remove(n) => (n..n + 1, false),
        Step::InsertRun(from, n) => (from..from + n, true),
        Step::RemoveRun(from, n) => (from..from + n, false),
    };
    for n in range {
        if insert {
            assert_eq!(tree.insert(datom(n), by_entity), model.insert(n));
        } else {
            assert_eq!(tree.remove(&datom(n), by_entity), model.remove(&n).then(|| datom(n)));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_tree_is_a_sorted_set_and_old_versions_stay(
        start in proptest::collection::btree_set(0..4000u32, 0..2000),
        steps in proptest::collection::vec(step(), 1..30),
        ranges in proptest::collection::vec((0..5000u32, 0..5000u32), 8),
        probes in proptest::collection::btree_set(0..5000u32, 0..600),
    ) {
        let mut model = start;
        let mut tree = Tree::from_sorted(model.iter().copied().map(datom));
        let mut versions = vec![(tree.clone(), model.clone())];
        for step in &steps {
            apply(&mut tree, &mut model, step);
            versions.push((tree.clone(), model.clone()));
        }
        for (tree, model) in &versions {
            if let Some(root) = &tree.root {
                root.node().checked(true);
            }
            prop_assert_eq!(tree.len(), model.len());
            prop_assert_eq!(entities(tree), model.iter().copied().collect::<Vec<_>>());
            for &(x, y) in &ranges {
                let (low, high) = (x.min(y), x.max(y));
                let rank = |n: u32| tree.partition_point(|d| d.e < n);
                prop_assert_eq!(rank(low), model.range(..low).count());
                let range = rank(low)..rank(high);
                let forward: Vec<u32> = tree.iter(range.clone()).map(|d| d.e).collect();
                let mut backward: Vec<u32> = tree.iter(range.clone()).rev().map(|d| d.e).collect();
                backward.reverse();
                let expected: Vec<u32> = model.range(low..high).copied().collect();
                prop_assert_eq!(&forward, &expected);
                let mut runs = Vec::new();
                tree.for_each_run(range, |leaf, run| runs.extend_from_slice(&leaf.entities()[run]));
                prop_assert_eq!(&runs, &expected);
                let mut of_low_or_later = Vec::new();
                tree.for_each_from(tx_of(low), |d| of_low_or_later.push(d.e));
                let expected = model.iter().copied().filter(|n| tx_of(*n) >= tx_of(low));
                prop_assert_eq!(of_low_or_later, expected.collect::<Vec<_>>());
            }
            let sought: Vec<u32> = probes.iter().copied().collect();
            let there = sought.iter().copied().filter(|e| model.contains(e));
            let expected: Vec<_> = there.map(|e| (e, datom(e).v)).collect();
            prop_assert_eq!(met_along(tree, &sought), expected);
        }
    }
}

#[test]
fn an_entity_of_many_values_is_met_with_all_of_them() {
    let facts = (0..40u32).flat_map(|e| (0..e * e).map(move |n| (e, n)));
    let facts: Vec<(u32, u32)> = facts.collect();
    let datoms = facts.iter().map(|(e, n)| Datom { e: *e, v: Cell::entity(*n), ..datom(0) });
    let tree = Tree::from_sorted(datoms);
    for step in 1..7 {
        let sought: Vec<u32> = (0..60).step_by(step).collect();
        let there = facts.iter().filter(|(e, _)| sought.contains(e));
        let expected: Vec<_> = there.map(|(e, n)| (*e, Cell::entity(*n))).collect();
        assert_eq!(met_along(&tree, &sought), expected);
    }
}

#[test]
fn what_nobody_else_holds_is_edited_in_place_and_what_is_shared_is_not_copied_whole() {
    let mut tree = Tree::from_sorted((0..100_000).map(|n| datom(n * 2)));
    let old = tree.clone();
    assert!(tree.insert(datom(77_777), by_entity));
    let leaves = |tree: &Tree| {
        let mut found = Vec::new();
        let mut nodes: Vec<_> = tree.root.iter().map(Child::node).collect();
        while let Some(node) = nodes.pop() {
            match &node {
                NodeRef::Here(Node::Branch(branch)) => {
                    nodes.extend(branch.children.iter().map(Child::node))
                }
                node => found.push(std::ptr::from_ref(&**node)),
            }
        }
        found
    };
    let (before, after) = (leaves(&old), leaves(&tree));
    let fresh = after.iter().filter(|leaf| !before.contains(leaf)).count();
    assert!(fresh <= 2, "{fresh} of {} leaves are new", after.len());
    drop(old);
    let alone = leaves(&tree);
    assert!(tree.remove(&datom(77_777), by_entity).is_some());
    assert_eq!(leaves(&tree).iter().filter(|leaf| !alone.contains(leaf)).count(), 0);
}

#[test]
fn a_run_is_removed_leaf_by_leaf() {
    for (from, most) in [(0, 1), (3, 50), (100, 300), (0, 5000), (4990, 7)] {
        let mut tree = Tree::from_sorted((0..5000).map(datom));
        let (old, end) = (tree.clone(), (from + most).min(5000));
        let mut next = from;
        while next < end {
            let left = (end - next) as usize;
            let (first, count) = tree.remove_run(&datom(next), left, by_entity).unwrap();
            assert_eq!(first, datom(next));
            assert!((1..=left.min(LEAF)).contains(&count));
            next += count as u32;
        }
        let kept = (0..from).chain(end..5000).collect::<Vec<u32>>();
        assert_eq!(entities(&tree), kept);
        assert_eq!(tree.len(), kept.len());
        if let Some(root) = &tree.root {
            root.node().checked(true);
        }
        assert_eq!(old.len(), 5000);
        assert!(tree.remove_run(&datom(from), 1, by_entity).is_none());
    }
}

#[test]
fn what_is_located_goes_in_where_it_belongs() {
    let mut tree = Tree::default();
    let mut model = BTreeSet::new();
    // Every place of a deep tree is met: the multiplier has no divisor in common with the count.
    for n in (0..40_000u32).map(|n| n * 7919 % 40_000) {
        let (next, spot) = tree.locate(|d| d.e < n);
        assert_eq!(next.map(|d| d.e), model.range(n..).next().copied());
        tree.insert_at(datom(n), &spot, by_entity);
        model.insert(n);
    }
    assert_eq!(entities(&tree), (0..40_000).collect::<Vec<u32>>());
    assert_eq!(tree.root.as_ref().map(|root| root.node().checked(true)), Some(3));
}
