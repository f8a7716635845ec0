//! The root record: all that has to be read to open a database.
//!
//! A version, the highest ids, for each index the address of its root and the number of its datoms, the schema as it was given, the
//! attributes in the order of their numbers, and where the dictionary's directories are.

use super::{Address, ROOT, Reader, Storage, StorageError, Store, Writer};
use crate::datom::{MAX_ID, TX0};
use crate::db::{Db, DbError, Indexes};
use crate::dict::Dict;
use crate::schema::Schema;
use crate::tree::Tree;
use crate::view::View;
use edn::Value;
use std::sync::Arc;

const VERSION: u64 = 3;

pub(super) fn bytes(db: &Db, store: &Arc<Store>) -> Result<Vec<u8>, StorageError> {
    let schema = db.schema();
    let mut out = Writer::default();
    out.number(VERSION);
    out.number(u64::from(db.max_eid()));
    out.number(u64::from(db.max_tx()));
    out.byte(u8::from(db.keeps_history()));
    for tree in db.trees() {
        out.number(tree.store(store)?.unwrap_or(ROOT));
        out.number(tree.len() as u64);
    }
    out.text(&Value::Map(schema.as_map().clone()).to_string());
    out.number(schema.len() as u64);
    (0..schema.len()).for_each(|a| out.text(&schema.get(a as u32).name().to_string()));
    db.dict().write(&mut out)?;
    store.know(schema.len() as u32, db.dict().len());
    // The address up to which everything is taken.
    out.number(store.next());
    Ok(out.0)
}

pub(super) fn db(bytes: &[u8], storage: Arc<dyn Storage>, budget: usize) -> Result<Db, DbError> {
    let damaged = || StorageError::damaged(ROOT, "the root of a database");
    let mut input = Reader::new(bytes);
    let parts = Parts::read(&mut input).ok_or_else(damaged)?;
    let names: Result<Vec<Value>, _> =
        parts.attributes.iter().map(|text| edn::read(text)).collect();
    let map = edn::read(parts.schema).map_err(|_| damaged())?;
    let schema = Schema::with_attributes(&names.map_err(|_| damaged())?, &map)?;
    if schema.len() != parts.attributes.len() {
        return Err(damaged().into());
    }
    let store = Arc::new(Store::new(storage, ROOT + 1, budget));
    let dict = Dict::restored(&store, &mut input).ok_or_else(damaged)?;
    let next = input.number().ok_or_else(damaged)?;
    if !input.is_at_end() || next == ROOT {
        return Err(damaged().into());
    }
    store.go_on_at(next);
    store.know(schema.len() as u32, dict.len());
    let tree = |(root, count): (Address, usize)| {
        Tree::restore(&store, (root != ROOT).then_some(root), count)
    };
    let indexes = |[eavt, aevt, avet]: [(Address, usize); 3]| Indexes {
        eavt: tree(eavt),
        aevt: tree(aevt),
        avet: tree(avet),
    };
    Ok(Db {
        schema: Arc::new(schema),
        dict: Arc::new(dict),
        text: tree(parts.text),
        now: indexes(parts.now).into(),
        past: parts.past.map(indexes),
        max_eid: parts.max_eid,
        max_tx: parts.max_tx,
        view: View::default(),
    })
}

struct Parts<'b> {
    max_eid: u32,
    max_tx: u32,
    text: (Address, usize),
    now: [(Address, usize); 3],
    past: Option<[(Address, usize); 3]>,
    schema: &'b str,
    attributes: Vec<&'b str>,
}

impl<'b> Parts<'b> {
    fn read(input: &mut Reader<'b>) -> Option<Parts<'b>> {
        if input.number()? != VERSION {
            return None;
        }
        let max_eid = Some(u32::try_from(input.number()?).ok()?).filter(|e| *e < TX0)?;
        let max_tx = Some(u32::try_from(input.number()?).ok()?).filter(|t| *t <= MAX_ID)?;
        let has_past = input.byte()? == 1;
        let mut tree = || {
            let (root, count) = (input.number()?, u32::try_from(input.number()?).ok()?);
            ((root == ROOT) == (count == 0)).then_some((root, count as usize))
        };
        let text = tree()?;
        let mut trees = || Some([tree()?, tree()?, tree()?]);
        let now = trees()?;
        let past = if has_past { Some(trees()?) } else { None };
        let schema = input.text()?;
        let count = input.number()?;
        let attributes = (0..count).map(|_| input.text()).collect::<Option<Vec<&str>>>()?;
        Some(Parts { max_eid, max_tx, text, now, past, schema, attributes })
    }
}
