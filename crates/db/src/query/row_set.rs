//! Rows that come little by little, each kept once.

use super::keys::hash_cells;
use crate::cell::Cell;
use hashbrown::HashTable;

/// A growing set of rows that remembers the order they came in.
pub(super) struct RowSet {
    pub(super) columns: Vec<Vec<Cell>>,
    pub(super) len: usize,
    table: HashTable<u32>,
}

impl RowSet {
    pub(super) fn new(width: usize) -> RowSet {
        RowSet { columns: vec![Vec::new(); width], len: 0, table: HashTable::new() }
    }

    /// Adds the rows that are new.
    pub(super) fn extend(&mut self, columns: &[Vec<Cell>], len: usize) {
        for row in 0..len {
            let hashed = hash_cells(columns.iter().map(|c| c[row]));
            let own = &self.columns;
            let same =
                |at: &u32| own.iter().zip(columns).all(|(own, new)| own[*at as usize] == new[row]);
            if self.table.find(hashed, same).is_some() {
                continue;
            }
            for (own, new) in self.columns.iter_mut().zip(columns) {
                own.push(new[row]);
            }
            let own = &self.columns;
            self.table.insert_unique(hashed, self.len as u32, |at| {
                hash_cells(own.iter().map(|c| c[*at as usize]))
            });
            self.len += 1;
        }
    }

    /// The columns of the rows from one place on.
    pub(super) fn since(&self, from: usize) -> Vec<Vec<Cell>> {
        self.columns.iter().map(|c| c[from..].to_vec()).collect()
    }
}
