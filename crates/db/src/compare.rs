//! Two databases side by side: whether they are the same, equal, and what one has that the other has not.
//!
//! Databases are equal when their schemas are and they have the same facts, whenever they came to have them.
//! Comparing costs a walk through both; databases that share everything are equal at once.

use crate::datom::{Datom, Index, Prefix};
use crate::db::{Db, DbError};
use std::cmp::Ordering;
use std::sync::Arc;

/// The facts that only the first of two databases has, that only the second has (datoms of the second), and that both have.
///
/// ```
/// use db::{Db, Schema, diff};
/// let read = |text| edn::read(text).unwrap();
/// let before = Db::empty(Schema::default()).db_with(&read("[{:name \"Ivan\" :age 15}]")).unwrap();
/// let after = before.db_with(&read("[[:db/add 1 :age 16]]")).unwrap();
/// let (gone, new, kept) = diff(&before, &after);
/// assert_eq!((gone.len(), new.len(), kept.len()), (1, 1, 1));
/// assert_eq!(after.datom_string(&new[0]), "#datascript/Datom [1 :age 16 536870914 true]");
/// ```
pub fn diff(a: &Db, b: &Db) -> (Vec<Datom>, Vec<Datom>, Vec<Datom>) {
    let (mut only_a, mut only_b, mut both) = (Vec::new(), Vec::new(), Vec::new());
    let all = Prefix::default();
    let mut of_a = a.scan(Index::Eavt, &all).peekable();
    let mut of_b = b.scan(Index::Eavt, &all).peekable();
    let family = Family::of(a, b);
    loop {
        let order = match (of_a.peek(), of_b.peek()) {
            (Some(x), Some(y)) => family.compare(x, y),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => return (only_a, only_b, both),
        };
        match order {
            Ordering::Less => only_a.extend(of_a.next()),
            Ordering::Greater => only_b.extend(of_b.next()),
            Ordering::Equal => {
                both.extend(of_a.next());
                of_b.next();
            }
        }
    }
}

/// What comparing facts of two databases needs.
struct Family<'a> {
    a: &'a Db,
    b: &'a Db,
    /// Whether a cell means the same in both.
    shared: bool,
}

impl<'a> Family<'a> {
    fn of(a: &'a Db, b: &'a Db) -> Self {
        Family { a, b, shared: Arc::ptr_eq(a.dict(), b.dict()) }
    }

    fn compare(&self, x: &Datom, y: &Datom) -> Ordering {
        let attributes = || self.a.attr_name(x.a).cmp(self.b.attr_name(y.a));
        let values = || match self.shared {
            true => self.a.compare(x.v, y.v),
            false => self.a.value(x.v).cmp(&self.b.value(y.v)),
        };
        x.e.cmp(&y.e).then_with(attributes).then_with(values)
    }
}

impl Db {
    /// A datom of another database as one of this.
    pub(crate) fn adopt(&mut self, of: &Db, datom: &Datom) -> Result<Datom, DbError> {
        let a = self.intern_attr(of.attr_name(datom.a))?;
        let shared = Arc::ptr_eq(&self.dict, &of.dict);
        let v = if shared { datom.v } else { self.dict.intern(&of.value(datom.v)) };
        Ok(Datom { a, v, ..*datom })
    }

    /// Whether it is the very same database, not only an equal one.
    ///
    /// ```
    /// let db = db::Db::empty(db::Schema::default());
    /// let with_nothing = db.db_with(&edn::Value::vector(vec![])).unwrap();
    /// assert!(db.is_same(&db.clone()) && db == with_nothing && !db.is_same(&with_nothing));
    /// ```
    pub fn is_same(&self, other: &Db) -> bool {
        let same_tree = |index| self.tree(index).is_same(other.tree(index));
        self.max_tx == other.max_tx
            && Arc::ptr_eq(&self.dict, &other.dict)
            && Arc::ptr_eq(&self.schema, &other.schema)
            && same_tree(Index::Eavt)
            && self.view.is_same(&other.view)
    }
}

impl PartialEq for Db {
    fn eq(&self, other: &Db) -> bool {
        if self.is_same(other) {
            return true;
        }
        if self.schema().as_map() != other.schema().as_map() {
            return false;
        }
        let (family, all) = (Family::of(self, other), Prefix::default());
        let (mut x, mut y) = (self.scan(Index::Eavt, &all), other.scan(Index::Eavt, &all));
        loop {
            match (x.next(), y.next()) {
                (Some(x), Some(y)) if family.compare(&x, &y).is_eq() => {}
                (None, None) => return true,
                _ => return false,
            }
        }
    }
}
