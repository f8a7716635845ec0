//! The values of one run of a query, as cells that can be compared as integers.
//!
//! Cells of the first database's dictionary are used as they are, but for exotic ones, which are brought to their
//! class; what that dictionary does not have (constants, results of functions, values of other databases) goes
//! into a dictionary of the run's own. So two cells are equal exactly when their values are `=`.

use crate::cell::{Cell, Tag};
use crate::db::Db;
use crate::dict::Dict;
use edn::Value;
use std::sync::Arc;

pub(super) struct Space {
    base: Option<Arc<Dict>>,
    local: Dict,
}

impl Space {
    pub(super) fn new(base: Option<Arc<Dict>>) -> Space {
        Space { base, local: Dict::default() }
    }

    /// The cell of a value.
    pub(super) fn cell(&self, value: &Value) -> Cell {
        if let Some(base) = &self.base
            && let Some(cell) = base.find(value)
        {
            return base.class(cell);
        }
        let cell = self.local.class(self.local.intern(value));
        if matches!(cell.tag(), Tag::Int | Tag::Double | Tag::Small) { cell } else { cell.local() }
    }

    /// The value of a cell.
    pub(super) fn value(&self, cell: Cell) -> Value {
        if let Some(local) = cell.as_local() {
            return self.local.value(local);
        }
        match &self.base {
            Some(base) => base.value(cell),
            None => cell.inline_value().unwrap_or(Value::Nil),
        }
    }

    fn shares(&self, db: &Db) -> bool {
        self.base.as_ref().is_some_and(|base| Arc::ptr_eq(base, db.dict()))
    }

    /// What makes a database's cells those of this run.
    pub(super) fn adopting<'s>(&'s self, db: &'s Db) -> impl Fn(Cell) -> Cell + use<'s> {
        let shared = self.shares(db);
        move |cell| match cell.tag() {
            Tag::Int | Tag::Double | Tag::Small => cell,
            Tag::String | Tag::Keyword | Tag::Other if shared => cell,
            _ => self.cell(&db.value(cell)),
        }
    }

    /// Makes a database's cells those of this run.
    pub(super) fn adopt_in_place(&self, db: &Db, cells: &mut [Cell]) {
        if Cell::has_exotic(cells) || !self.shares(db) {
            let adopt = self.adopting(db);
            cells.iter_mut().for_each(|cell| *cell = adopt(*cell));
        }
    }

    /// A cell of this run as the database knows it; `None` where it has no such value.
    pub(super) fn to_db(&self, db: &Db, cell: Cell) -> Option<Cell> {
        let inline = matches!(cell.tag(), Tag::Int | Tag::Double | Tag::Small);
        if inline || (self.shares(db) && cell.as_local().is_none()) {
            return Some(cell);
        }
        db.cell(&self.value(cell))
    }
}
