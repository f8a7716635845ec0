//! AEVT, brought up to date when somebody looks at it.
//!
//! Transactions ask EAVT and AVET what they need to know, never AEVT. So a change of AEVT is noted, and made when AEVT is
//! looked at next: a run of transactions that nobody looks at in between costs one sorted pass instead of a descent for each fact.
//! Where much has changed nothing is noted at all, since AEVT is EAVT distributed over the attributes, which compares nothing.
//!
//! Invariants
//! - What is looked at is as if every change had been made at once. Databases that share a state look at one tree: what is
//!   owed is done once for all of them, and what one of them changes afterwards is noted in a state of its own.
//! - A state belongs to one set of datoms: EAVT as it is at a look is EAVT as it was when the last change was noted.
//!
//! Costs: a look with nothing owed is one load. Noting is a push, for a database that is shared a copy of at most
//! [`SHARED_MOST`] datoms. A look costs a descent for each change noted, at most a pass over EAVT.

use crate::datom::{AttrId, Datom, Order};
use crate::tree::Tree;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

/// With so many times as many datoms as changes, changes are made one by one.
const FEW: usize = 16;
/// So many changes are noted at most.
const MOST: usize = 1 << 20;
/// So many are copied at most when a shared database is changed.
const SHARED_MOST: usize = 64;

/// See the module.
#[derive(Clone, Default)]
pub(crate) struct Deferred(Arc<State>);

#[derive(Default)]
struct State {
    tree: OnceLock<Tree>,
    /// What makes the tree; taken by who makes it.
    owed: Mutex<Option<Owed>>,
}

enum Owed {
    /// These changes of a tree, in the order they came.
    Changes(Tree, Vec<Datom>),
    /// All of it.
    All,
}

impl Owed {
    fn done(self, order: &Order<'_>, eavt: &Tree) -> Tree {
        match self {
            Owed::All => Tree::from_sorted(by_attribute(eavt, order.ranks)),
            Owed::Changes(mut tree, mut changes) => {
                // Changes of one fact stay in their order.
                changes.sort_by(|x, y| order.by_attribute(x, y));
                for change in &changes {
                    if change.added {
                        tree.insert(*change, |x, y| order.by_attribute(x, y));
                    } else {
                        tree.remove(change, |x, y| order.by_attribute(x, y));
                    }
                }
                tree
            }
        }
    }
}

impl From<Tree> for Deferred {
    fn from(tree: Tree) -> Deferred {
        Deferred(Arc::new(State { tree: OnceLock::from(tree), owed: Mutex::default() }))
    }
}

impl State {
    fn owing(owed: Owed) -> State {
        State { tree: OnceLock::new(), owed: Mutex::new(Some(owed)) }
    }

    fn owed(&self) -> MutexGuard<'_, Option<Owed>> {
        // It is replaced as a whole.
        self.owed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tree(&self, order: &Order<'_>, eavt: &Tree) -> &Tree {
        self.tree.get_or_init(|| {
            let owed = self.owed().take();
            owed.map_or_else(Tree::default, |owed| owed.done(order, eavt))
        })
    }

    /// A state of one's own with the same to come.
    fn apart(&self, order: &Order<'_>, eavt: &Tree) -> State {
        if self.tree.get().is_none() {
            match &*self.owed() {
                Some(Owed::All) => return State::owing(Owed::All),
                Some(Owed::Changes(tree, changes)) if changes.len() < SHARED_MOST => {
                    return State::owing(Owed::Changes(tree.clone(), changes.clone()));
                }
                _ => {}
            }
        }
        State::owing(Owed::Changes(self.tree(order, eavt).clone(), Vec::new()))
    }
}

impl Deferred {
    /// The tree as it is now; `eavt` has the same datoms.
    #[inline]
    pub(crate) fn tree(&self, order: &Order<'_>, eavt: &Tree) -> &Tree {
        self.0.tree(order, eavt)
    }

    /// Notes that a datom has been added to the others, or taken out where it is not `added`; `eavt` has been changed already.
    pub(crate) fn note(&mut self, change: Datom, order: &Order<'_>, eavt: &Tree) {
        // Nobody holds it weakly. Asking so costs less than trying.
        if Arc::strong_count(&self.0) > 1 {
            self.0 = Arc::new(self.0.apart(order, eavt));
        }
        let Some(state) = Arc::get_mut(&mut self.0) else { return };
        let owed = state.owed.get_mut().unwrap_or_else(PoisonError::into_inner);
        let tree = state.tree.take();
        let (base, changes) = match owed {
            Some(Owed::All) => return,
            Some(Owed::Changes(base, changes)) => (base, changes),
            None => {
                *owed = Some(Owed::Changes(tree.unwrap_or_default(), vec![change]));
                return;
            }
        };
        // Worth a thought only when there is no more room.
        if changes.len() == changes.capacity() {
            if changes.len() * FEW > eavt.len() {
                *owed = Some(Owed::All);
                return;
            }
            if changes.len() >= MOST {
                let all = Owed::Changes(std::mem::take(base), std::mem::take(changes));
                *base = all.done(order, eavt);
            }
        }
        changes.push(change);
    }
}

/// The datoms of a tree by attribute, those of one attribute in the order they have.
fn by_attribute(tree: &Tree, ranks: &[u32]) -> Vec<Datom> {
    let mut places = Places::new(ranks);
    let all = || tree.iter(0..tree.len());
    all().for_each_run(|leaf, run| run.for_each(|i| places.count(leaf.datom(i).a)));
    places.add_up();
    let Some(any) = all().next() else { return Vec::new() };
    let mut sorted = vec![any; tree.len()];
    all().for_each_run(|leaf, run| {
        for i in run {
            let datom = leaf.datom(i);
            sorted[places.next(datom.a)] = datom;
        }
    });
    sorted
}

/// Sorts datoms by attribute and leaves those of one attribute in the order they have.
pub(crate) fn distribute(datoms: &[Datom], ranks: &[u32]) -> Vec<Datom> {
    let mut places = Places::new(ranks);
    datoms.iter().for_each(|datom| places.count(datom.a));
    places.add_up();
    let mut sorted = datoms.to_vec();
    for datom in datoms {
        sorted[places.next(datom.a)] = *datom;
    }
    sorted
}

/// Where the next datom of each attribute goes.
struct Places<'a> {
    ranks: &'a [u32],
    by_rank: Vec<usize>,
}

impl Places<'_> {
    fn new(ranks: &[u32]) -> Places<'_> {
        Places { ranks, by_rank: vec![0; ranks.len()] }
    }

    fn of(&mut self, a: AttrId) -> &mut usize {
        &mut self.by_rank[self.ranks[a as usize] as usize]
    }

    fn count(&mut self, a: AttrId) {
        *self.of(a) += 1;
    }

    /// When all have been counted.
    fn add_up(&mut self) {
        let mut start = 0;
        for place in &mut self.by_rank {
            start += std::mem::replace(place, start);
        }
    }

    fn next(&mut self, a: AttrId) -> usize {
        let place = self.of(a);
        *place += 1;
        *place - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cell::Cell;
    use crate::datom::{Index, TX0};
    use crate::db::Db;
    use crate::schema::Schema;
    use edn::Value;
    use proptest::prelude::*;

    fn all(tree: &Tree) -> Vec<Datom> {
        tree.iter(0..tree.len()).collect()
    }

    fn expected(db: &Db) -> Vec<Datom> {
        let mut datoms = all(db.tree(Index::Eavt));
        datoms.sort_by(|x, y| db.order(Index::Aevt).compare(x, y));
        datoms
    }

    #[derive(Clone, Debug)]
    enum Step {
        Change {
            e: u32,
            a: usize,
            v: u32,
            add: bool,
        },
        Look,
        /// Another database goes on from here, and this one stays.
        Fork,
        /// The database that was left last goes on.
        Back,
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            40 => (0..90u32, 0..4usize, 0..3u32, prop::bool::weighted(0.7))
                .prop_map(|(e, a, v, add)| Step::Change { e, a, v, add }),
            2 => Just(Step::Look),
            1 => Just(Step::Fork),
            1 => Just(Step::Back),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn what_is_looked_at_is_as_if_every_change_had_been_made_at_once(
            start in 0..3000u32,
            steps in prop::collection::vec(step(), 1..700),
        ) {
            let mut db = Db::empty(Schema::default());
            let names = ["c", "a", "d", "b"].map(Value::keyword);
            let a = names.map(|name| db.intern_attr(&name).unwrap());
            let datom = |e, a, v, added| Datom { e, a, v: Cell::entity(v), tx: TX0 + 1, added };
            let facts = (0..start).map(|n| datom(n, a[n as usize % 4], n % 3, true));
            db.apply_in_place(&facts.collect::<Vec<_>>());
            let mut left = Vec::new();
            for step in &steps {
                match *step {
                    Step::Change { e, a: nth, v, add: true } => {
                        db.add(&datom(e, a[nth], v, true));
                    }
                    Step::Change { e, a: nth, v, add: false } => {
                        db.retract(&datom(e, a[nth], v, false));
                    }
                    Step::Look => prop_assert_eq!(all(db.tree(Index::Aevt)), expected(&db)),
                    Step::Fork => left.push(db.clone()),
                    Step::Back => {
                        if let Some(other) = left.pop() {
                            left.push(std::mem::replace(&mut db, other));
                        }
                    }
                }
            }
            for db in left.iter().chain([&db]) {
                prop_assert_eq!(all(db.tree(Index::Aevt)), expected(db));
            }
        }
    }

    #[test]
    fn a_transaction_that_failed_leaves_no_change_of_its_attributes_to_be_made() {
        let read = |text: &str| edn::read(text).unwrap();
        let mut db = Db::empty(Schema::default());
        db.transact(&read("[[:db/add 1 :a 1] [:db/add 2 :a 1]]")).unwrap();
        db.tree(Index::Aevt);
        assert!(db.transact(&read("[[:db/add 1 :new 2] [:db/add 1 :newer nil]]")).is_err());
        assert_eq!(all(db.tree(Index::Aevt)), expected(&db));
        db.transact(&read("[[:db/add 1 :other 3]]")).unwrap();
        assert_eq!(db.schema().len(), 2);
        assert_eq!(all(db.tree(Index::Aevt)), expected(&db));
        assert_eq!(db.len(), 3);
    }
}
