//! The answer to a query.
//!
//! Rows without aggregates and pulls stay what they were while the query ran: columns of cells, eight bytes a value, with what
//! the cells mean. Values are made of those that are looked at.

use super::space::Space;
use crate::cell::Cell;
use edn::{Keys, Map, Set, Value, Vector};
use std::cmp::Ordering;
use std::sync::Arc;

/// The rows of an answered query.
///
/// ```
/// use db::{Db, Query, Schema};
/// let people = edn::read(r#"[{:name "Ivan" :age 15} {:name "Petr" :age 37}]"#).unwrap();
/// let db = Db::empty(Schema::default()).db_with(&people).unwrap();
/// let query = Query::parse(&"[:find ?n ?a :where [?e :name ?n] [?e :age ?a]]".into()).unwrap();
/// let result = query.run(&[(&db).into()]).unwrap();
/// assert_eq!((result.columns(), result.len()), (&["?n".to_string(), "?a".to_string()][..], 2));
/// assert_eq!(result.rows().map(|row| row[1].as_int().unwrap()).sum::<i64>(), 52);
/// ```
#[derive(Clone)]
pub struct QueryResult {
    pub(super) columns: Vec<String>,
    pub(super) rows: Rows,
    pub(super) shape: Shape,
}

#[derive(Clone)]
pub(super) enum Rows {
    Cells { columns: Vec<Vec<Cell>>, len: usize, space: Arc<Space> },
    Values(Vec<Vec<Value>>),
}

#[derive(Clone, Debug)]
pub(super) enum Shape {
    /// A set: rows are distinct and have no order.
    Set,
    /// A sequence: rows have an order, or may be equal.
    Sequence,
    /// A set of maps.
    MapSet(Vec<Value>),
    Maps(Vec<Value>),
    Collection,
    Tuple,
    TupleMap(Vec<Value>),
    Scalar,
}

impl Rows {
    fn len(&self) -> usize {
        match self {
            Rows::Cells { len, .. } => *len,
            Rows::Values(rows) => rows.len(),
        }
    }

    fn row(&self, row: usize) -> Vec<Value> {
        match self {
            Rows::Cells { columns, space, .. } => {
                columns.iter().map(|column| space.value(column[row])).collect()
            }
            Rows::Values(rows) => rows[row].clone(),
        }
    }

    /// A row as a vector, without a copy in between.
    fn vector(&self, row: usize) -> Value {
        match self {
            Rows::Cells { columns, space, .. } => {
                let cells = columns.iter().map(|column| column[row]);
                Value::Vector(Vector::of(cells.map(|cell| match cell.as_int() {
                    Some(n) => Value::Int(n),
                    None => space.value(cell),
                })))
            }
            Rows::Values(rows) => Value::vector(rows[row].clone()),
        }
    }

    /// The set of the rows as vectors. Different cells are different values, so rows that are distinct need not be compared.
    fn set(&self) -> Set {
        match self {
            Rows::Cells { columns, len, space } => {
                let hashes = columns.iter().map(|column| {
                    let mut hasher = CellHasher { space, recent: Vec::new() };
                    column.iter().map(move |cell| hasher.hash(*cell))
                });
                Set::of_distinct(&edn::row_hashes(*len, hashes), |row| self.vector(row))
            }
            Rows::Values(rows) => rows.iter().map(|row| Value::vector(row.clone())).collect(),
        }
    }

    fn into_values(self) -> Vec<Vec<Value>> {
        match self {
            Rows::Values(rows) => rows,
            cells => (0..cells.len()).map(|row| cells.row(row)).collect(),
        }
    }

    pub(super) fn sort(&mut self, order: &[(usize, bool)]) {
        let mut rows = std::mem::replace(self, Rows::Values(Vec::new())).into_values();
        rows.sort_by(|a, b| {
            let unequal = order.iter().map(|(column, descending)| {
                let (x, y) = (&a[*column], &b[*column]);
                let compared = x.compare_numbers(y).unwrap_or_else(|| x.cmp(y));
                if *descending { compared.reverse() } else { compared }
            });
            unequal.into_iter().find(|compared| compared.is_ne()).unwrap_or(Ordering::Equal)
        });
        *self = Rows::Values(rows);
    }

    /// Leaves `offset` rows out and keeps at most `limit` of the others.
    pub(super) fn slice(&mut self, offset: usize, limit: Option<usize>) {
        let from = offset.min(self.len());
        let to = limit.map_or(self.len(), |limit| from.saturating_add(limit).min(self.len()));
        if (from, to) == (0, self.len()) {
            return;
        }
        match self {
            Rows::Cells { columns, len, .. } => {
                for column in columns {
                    *column = column[from..to].to_vec();
                }
                *len = to - from;
            }
            Rows::Values(rows) => *rows = rows.drain(from..to).collect(),
        }
    }
}

/// Clojure's hashes of the values of cells. Those of which the hash is dear are remembered: a column often has few of them.
struct CellHasher<'a> {
    space: &'a Space,
    recent: Vec<(Cell, u32)>,
}

/// How many hashes are remembered; a power of two.
const REMEMBERED: usize = 256;

impl CellHasher<'_> {
    #[inline]
    fn hash(&mut self, cell: Cell) -> u32 {
        match cell.as_int() {
            Some(n) => Value::Int(n).hasheq(),
            None => self.remembered(cell),
        }
    }

    fn remembered(&mut self, cell: Cell) -> u32 {
        if self.recent.is_empty() {
            // The hash of nil is no other.
            self.recent.resize(REMEMBERED, (Cell::NIL, Value::Nil.hasheq()));
        }
        let place = cell.0.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56;
        let slot = &mut self.recent[place as usize % REMEMBERED];
        if slot.0 != cell {
            *slot = (cell, self.space.value(cell).hasheq());
        }
        slot.1
    }
}

impl QueryResult {
    /// The find elements as written: `?e`, `(count ?x)`.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value of a row in a column.
    ///
    /// # Panics
    /// Where there is no such row or column.
    pub fn value(&self, row: usize, column: usize) -> Value {
        match &self.rows {
            Rows::Cells { columns, space, .. } => space.value(columns[column][row]),
            Rows::Values(rows) => rows[row][column].clone(),
        }
    }

    /// The rows, each with one value for each column.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = Vec<Value>> + '_ {
        (0..self.len()).map(|row| self.rows.row(row))
    }

    /// Whether the answer is rows, rather than one value, one row, or one column.
    pub fn is_relation(&self) -> bool {
        matches!(self.shape, Shape::Set | Shape::Sequence)
    }

    /// The value that DataScript's `q` gives: a set of tuples or maps, a vector, one value and so on.
    pub fn into_value(self) -> Value {
        let map = |keys: &[Value], row: Vec<Value>| {
            Value::Map(keys.iter().cloned().zip(row).collect::<Map>())
        };
        let vectors = (0..self.len()).map(|row| self.rows.vector(row));
        let mut rows = (0..self.len()).map(|row| self.rows.row(row));
        match &self.shape {
            Shape::Set => Value::Set(self.rows.set()),
            Shape::Sequence => Value::List(edn::List::of(vectors)),
            Shape::MapSet(keys) => Value::Set(maps(keys, rows).collect()),
            Shape::Maps(keys) => Value::Vector(Vector::of(maps(keys, rows))),
            Shape::Collection => {
                Value::Vector(Vector::of((0..self.len()).map(|row| self.value(row, 0))))
            }
            Shape::Tuple => rows.next().map_or(Value::Nil, Value::vector),
            Shape::TupleMap(keys) => {
                map(keys, rows.next().unwrap_or_else(|| vec![Value::Nil; keys.len()]))
            }
            Shape::Scalar => rows.next().and_then(|r| r.into_iter().next()).unwrap_or(Value::Nil),
        }
    }
}

/// A map for each row; they share their keys where these differ.
fn maps(
    keys: &[Value],
    rows: impl ExactSizeIterator<Item = Vec<Value>>,
) -> impl ExactSizeIterator<Item = Value> {
    let differ = (1..keys.len()).all(|at| !keys[..at].contains(&keys[at]));
    let shared = differ.then(|| Keys::new(keys.to_vec()));
    rows.map(move |mut row| {
        Value::Map(match &shared {
            Some(keys) => Map::with_keys(keys, &mut row),
            None => keys.iter().cloned().zip(row).collect(),
        })
    })
}

impl std::fmt::Debug for QueryResult {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("QueryResult")
            .field("columns", &self.columns)
            .field("rows", &self.len())
            .field("shape", &self.shape)
            .finish()
    }
}
