//! The database's nodes in a table: each under its address, with a checksum behind it.
//!
//! What a database stores waits here until it is put into the table, in the transaction that the log changes in. Reading goes by a
//! connection of its own: nodes never change, and what was not committed yet is still waiting here.
//!
//! Costs: a node is a row of one to two thousand bytes. Nodes that are needed no more go when there are as many as needed ones, so each
//! is looked at once for what it took to write it.

use super::fault::Fault;
use super::file::File;
use super::state::State;
use db::{Address, Datom, Db, DbError, Index, Prefix, Storage, restore, restore_within};
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The address of the root.
const ROOT: Address = 0;

/// What is kept in memory of what was read to go on from.
const BUDGET: usize = 64 << 20;

/// After so many changes the database is let go of: what was changed stays in memory until then.
const CHANGES: u32 = 256;

/// So much garbage is not looked for.
const LITTLE: usize = 256;

/// See the module.
pub(super) struct Nodes {
    connection: Mutex<Connection>,
    waiting: Mutex<BTreeMap<Address, Vec<u8>>>,
}

fn held<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    // What is under these is whole after each call.
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Nodes {
    /// The nodes that a connection sees.
    pub(super) fn seen_by(connection: Connection) -> Arc<Nodes> {
        Arc::new(Nodes { connection: Mutex::new(connection), waiting: Mutex::default() })
    }

    fn read(&self, address: Address) -> rusqlite::Result<Option<Vec<u8>>> {
        let connection = held(&self.connection);
        let mut select =
            connection.prepare_cached("SELECT bytes FROM defbase_nodes WHERE address = ?1")?;
        select.query_row([address as i64], |row| row.get(0)).optional()
    }

    /// Puts what waits into the table.
    fn put(&self, change: &Connection) -> Result<(), Fault> {
        let mut insert = change.prepare_cached(
            "INSERT OR REPLACE INTO defbase_nodes (address, bytes) VALUES (?1, ?2)",
        )?;
        for (address, mut bytes) in std::mem::take(&mut *held(&self.waiting)) {
            bytes.extend(crc32c::crc32c(&bytes).to_le_bytes());
            insert.execute(params![address as i64, bytes])?;
        }
        Ok(())
    }

    fn waiting(&self) -> usize {
        held(&self.waiting).len()
    }
}

impl Storage for Nodes {
    fn store(&self, entries: &[(Address, Vec<u8>)]) -> io::Result<()> {
        held(&self.waiting).extend(entries.iter().cloned());
        Ok(())
    }

    fn restore(&self, address: Address) -> io::Result<Option<Vec<u8>>> {
        if let Some(bytes) = held(&self.waiting).get(&address) {
            return Ok(Some(bytes.clone()));
        }
        let Some(mut bytes) = self.read(address).map_err(io::Error::other)? else {
            return Ok(None);
        };
        let checksum = bytes.len().checked_sub(4).map(|at| bytes.split_off(at));
        match checksum.is_some_and(|sum| sum == crc32c::crc32c(&bytes).to_le_bytes()) {
            true => Ok(Some(bytes)),
            false => Err(io::Error::new(io::ErrorKind::InvalidData, "its checksum is another")),
        }
    }

    fn list_addresses(&self) -> io::Result<Vec<Address>> {
        let listed = addresses(&held(&self.connection)).map_err(io::Error::other)?;
        Ok(listed.into_iter().chain(held(&self.waiting).keys().copied()).collect())
    }

    /// Garbage goes from the table, in the transaction that made it.
    fn delete(&self, _: &[Address]) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

fn addresses(connection: &Connection) -> rusqlite::Result<Vec<Address>> {
    let mut select = connection.prepare_cached("SELECT address FROM defbase_nodes")?;
    let rows = select.query_map([], |row| row.get::<_, i64>(0))?;
    rows.map(|address| Ok(address? as Address)).collect()
}

/// The database that a view of the file has; `None` where it has none that is whole.
pub(super) fn database(view: Connection) -> Option<Db> {
    restore(Nodes::seen_by(view)).ok().flatten()
}

/// The database as its nodes have it, to go on from.
pub(super) struct Stored {
    db: Db,
    nodes: Arc<Nodes>,
    /// Which state of the file it is of.
    generation: i64,
    changes: u32,
}

impl Stored {
    /// The one that is in memory, where the file is still what it was, else the one in the file.
    pub(super) fn current(
        known: Option<Stored>,
        file: &File,
        state: &State,
    ) -> Result<Option<Stored>, Fault> {
        let is_current = |s: &Stored| s.generation == state.generation && s.changes < CHANGES;
        if let Some(known) = known.filter(is_current) {
            return Ok(Some(known));
        }
        let Some(opened) = file.to_read()? else { return Ok(None) };
        let nodes = Nodes::seen_by(opened.connection);
        let db = restore_within(nodes.clone(), BUDGET)?;
        Ok(db.map(|db| Stored { db, nodes, generation: state.generation, changes: 0 }))
    }

    /// Whether attributes mean the same in it as in another.
    pub(super) fn has_schema_of(&self, other: &Db) -> bool {
        self.db.schema().as_map() == other.schema().as_map()
    }

    /// Brings in what a database has of later transactions, and puts the nodes that are new into the table.
    pub(super) fn go_on(
        self,
        database: &Db,
        change: &Connection,
        state: &mut State,
    ) -> Result<Stored, Fault> {
        let Stored { mut db, nodes, changes, .. } = self;
        let events = database.tx_range(Some(db.max_tx() + 1), None);
        let events = events.into_iter().flat_map(|(_, events)| events);
        let adopted = adopted(&mut db, database, events)?;
        let db = db.apply(&adopted).with_entity_ids(database.max_eid());
        db.store(nodes.clone())?;
        db.check_storage()?;
        // The root takes the place of the one before.
        state.nodes += nodes.waiting().saturating_sub(1);
        state.generation += 1;
        let stored = Stored { db, nodes, generation: state.generation, changes: changes + 1 };
        let is_garbage_worth_it = state.nodes > 2 * state.live_nodes + LITTLE;
        let needed = is_garbage_worth_it.then(|| stored.db.addresses());
        stored.db.check_storage()?;
        stored.nodes.put(change)?;
        if let Some(needed) = needed {
            collect(change, &needed)?;
            state.live_nodes = needed.len();
            state.nodes = needed.len();
        }
        Ok(stored)
    }

    /// Puts a database whole in place of whatever nodes there are. It is not kept: whoever goes on from it reads what that takes.
    pub(super) fn whole(
        database: &Db,
        file: &File,
        change: &Connection,
        state: &mut State,
    ) -> Result<(), Fault> {
        let Some(opened) = file.to_read()? else { return Ok(()) };
        let nodes = Nodes::seen_by(opened.connection);
        let db = copy(database)?;
        db.store(nodes.clone())?;
        change.execute("DELETE FROM defbase_nodes", [])?;
        state.nodes = nodes.waiting();
        state.live_nodes = state.nodes;
        state.generation += 1;
        nodes.put(change)
    }
}

/// The same database over a dictionary of its own. The one that was given may be in another storage.
fn copy(database: &Db) -> Result<Db, DbError> {
    let schema = database.schema().clone();
    let mut copy = match database.keeps_history() {
        true => Db::empty_with_history(schema),
        false => Db::empty(schema),
    };
    let facts = database.scan(Index::Eavt, &Prefix::default());
    let facts = adopted(&mut copy, database, facts)?;
    let past = adopted(&mut copy, database, database.past_events())?;
    let copy = copy.apply(&facts).with_entity_ids(database.max_eid());
    Ok(if database.keeps_history() { copy.with_past(past) } else { copy })
}

/// Datoms of another database as those of this one.
fn adopted(
    db: &mut Db,
    of: &Db,
    datoms: impl IntoIterator<Item = Datom>,
) -> Result<Vec<Datom>, DbError> {
    let mut attributes = Vec::with_capacity(of.schema().len());
    for a in 0..of.schema().len() {
        attributes.push(db.use_attribute(of.attr_name(a as u32))?);
    }
    let dict = db.dict();
    let own = |datom: Datom| Datom {
        a: attributes[datom.a as usize],
        v: dict.intern(&of.value(datom.v)),
        ..datom
    };
    Ok(datoms.into_iter().map(own).collect())
}

fn collect(change: &Connection, needed: &[Address]) -> Result<(), Fault> {
    let mut delete = change.prepare_cached("DELETE FROM defbase_nodes WHERE address = ?1")?;
    for address in addresses(change)? {
        if address != ROOT && needed.binary_search(&address).is_err() {
            delete.execute([address as i64])?;
        }
    }
    Ok(())
}
