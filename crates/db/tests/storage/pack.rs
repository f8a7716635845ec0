//! Databases in a pack.

use crate::{edn_of, everything, people};
use db::{Pack, Storage, collect_garbage, restore, restore_within};
use std::sync::Arc;

#[test]
fn a_pack_has_what_was_stored_last() {
    let folder = tempfile::tempdir().unwrap();
    let open = || -> Arc<dyn Storage> { Arc::new(Pack::open(folder.path()).unwrap()) };
    assert!(restore(open()).unwrap().is_none());
    let mut expected = people(1000);
    expected.store(open()).unwrap();
    // The database in memory goes on by itself.
    expected = people(1000);
    for n in 1..4 {
        let storage = open();
        let mut db = restore_within(storage.clone(), 10_000).unwrap().unwrap();
        assert!(everything(&db) == everything(&expected));
        let forms = edn_of(&format!("[[:db/retractEntity {n}7] {{:id \"new {n}\" :one [{n}]}}]"));
        db.transact(&forms).unwrap();
        expected.transact(&forms).unwrap();
        // What was not stored is not there.
        assert!(everything(&restore(open()).unwrap().unwrap()) != everything(&expected));
        db.store(storage.clone()).unwrap();
        assert!(collect_garbage(&storage, &[]).unwrap() > 0);
    }
    assert!(everything(&restore(open()).unwrap().unwrap()) == everything(&expected));
}
