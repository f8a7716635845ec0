//! Working off the forms of a transaction: what each leads to, what tempids mean, and starting over.

use super::form::Given;
use super::{Changes, TxError};
use crate::datom::{AttrId, Datom, EntityId, Index, MAX_ID, TX0};
use crate::db::Db;
use edn::{Map, Value};
use rustc_hash::FxHashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, LazyLock};

/// How many forms a transaction may come to, functions' results included.
const MAX_FORMS: usize = 50_000_000;

/// Applies a transaction where the database is; one that fails leaves it as it was.
pub(super) fn transact(db: &mut Db, tx_data: &Value) -> Result<Changes, TxError> {
    if !db.view.is_plain() {
        return Err(TxError::ReadOnlyView);
    }
    let set: Vec<Value>;
    let forms: &[Value] = match tx_data {
        Value::Nil => &[],
        Value::Set(items) => {
            set = items.iter().cloned().collect();
            &set
        }
        _ => tx_data.as_seq().ok_or_else(|| TxError::NotSequential(tx_data.to_string()))?,
    };
    // Each restart fixes one more tempid for good, so there are at most as many as tempids.
    let mut names = Names::default();
    loop {
        let mut run = Run::new(&mut *db, forms.len(), names);
        let all = run.all(forms);
        match run.db.check_storage().map_err(Stop::from).and(all) {
            Ok(()) => return Ok(run.changes()),
            Err(stop) => {
                run.undo();
                match stop {
                    Stop::Error(error) => return Err(error),
                    Stop::Restart(tempid, entity) => names = run.names.upserting(tempid, entity),
                }
            }
        }
    }
}

/// The name of the transaction itself among tempids.
pub(super) static CURRENT_TX: LazyLock<Value> = LazyLock::new(|| Value::keyword("db/current-tx"));

/// Why working off the forms stopped.
pub(super) enum Stop {
    Error(TxError),
    /// A tempid names this entity, which was not known when it was first used.
    Restart(Given, EntityId),
}

impl<E: Into<TxError>> From<E> for Stop {
    fn from(error: E) -> Stop {
        Stop::Error(error.into())
    }
}

/// What tempids mean; survives starting over.
#[derive(Default)]
pub(super) struct Names {
    entities: FxHashMap<Given, EntityId>,
    /// Tempids that made the transaction start over.
    upserted: FxHashMap<Given, EntityId>,
    /// Tempids as written, in the order they were first used.
    order: Vec<Value>,
}

impl Names {
    fn upserting(mut self, tempid: Given, entity: EntityId) -> Names {
        self.entities.insert(tempid.clone(), entity);
        self.upserted.insert(tempid, entity);
        self
    }

    pub(super) fn get(&self, tempid: &Given) -> Option<EntityId> {
        self.entities.get(tempid).copied()
    }

    fn insert(&mut self, tempid: Given, entity: EntityId) {
        let name = tempid.clone();
        if self.entities.insert(tempid, entity).is_none()
            && let Given::Value(name) = name
        {
            self.order.push(name);
        }
    }
}

/// What a form leaves to do.
pub(super) enum Step {
    Form(Value),
    /// A nested map, with the attribute that leads back to the entity it was found under.
    Nested {
        map: Map,
        back: Value,
        owner: Given,
    },
    /// One fact of a map.
    Add {
        e: Given,
        a: AttrId,
        v: Given,
    },
    RetractEntity(EntityId),
}

/// The tempids by which an entity is known, in the order they came to mean it.
struct NamesOf {
    first: Given,
    others: Vec<Given>,
}

pub(super) struct Run<'d> {
    pub(super) db: &'d mut Db,
    /// How many attributes the database knew before.
    attributes: usize,
    max_eid: EntityId,
    max_tx: EntityId,
    /// By place in `tx_data`: the fact that was taken out there, none where nothing changed. All other places added a fact.
    pub(super) undo: Vec<(usize, Option<Datom>)>,
    pub(super) tx: EntityId,
    /// What the form at hand has left to do, what comes first last.
    pub(super) steps: Vec<Step>,
    pub(super) names: Names,
    /// The tempids by which this run knows an entity.
    names_of: FxHashMap<EntityId, NamesOf>,
    /// Tempids that stood for values.
    pub(super) as_value: FxHashMap<EntityId, Given>,
    /// Entities of which something was said that was known already.
    pub(super) redundant: Vec<EntityId>,
    pub(super) tx_data: Vec<Datom>,
    pub(super) said_again: Vec<Datom>,
    /// Entities and their composite tuples that have to be made anew.
    pub(super) tuples: Vec<(EntityId, AttrId)>,
    unnamed: u32,
    taken: usize,
}

impl Run<'_> {
    fn new(db: &mut Db, forms: usize, names: Names) -> Run<'_> {
        Run {
            attributes: db.schema.len(),
            max_eid: db.max_eid,
            max_tx: db.max_tx,
            undo: Vec::new(),
            tx: db.max_tx.saturating_add(1),
            db,
            steps: Vec::new(),
            names,
            names_of: FxHashMap::default(),
            as_value: FxHashMap::default(),
            redundant: Vec::new(),
            said_again: Vec::new(),
            tx_data: Vec::with_capacity(forms),
            tuples: Vec::new(),
            unnamed: 0,
            taken: 0,
        }
    }

    fn all(&mut self, forms: &[Value]) -> Result<(), Stop> {
        if self.tx > MAX_ID {
            return Err(TxError::IdOutOfRange(i64::from(self.tx)).into());
        }
        for form in forms {
            self.take()?;
            self.form(form)?;
            while let Some(step) = self.steps.pop() {
                self.take()?;
                match step {
                    Step::Form(form) => self.form(&form)?,
                    Step::Nested { map, back, owner } => self.map(&map, Some((back, owner)))?,
                    Step::Add { e, a, v } => self.add_fact(&e, a, &v, None, &None)?,
                    Step::RetractEntity(e) => self.retract_entity(e),
                }
            }
            if !self.tuples.is_empty() {
                self.make_tuples()?;
            }
        }
        self.check_values()
    }

    fn take(&mut self) -> Result<(), Stop> {
        self.taken += 1;
        if self.taken > MAX_FORMS {
            return Err(TxError::TooLong(MAX_FORMS).into());
        }
        Ok(())
    }

    /// Every tempid that is a value must be an entity of which something is said.
    fn check_values(&mut self) -> Result<(), Stop> {
        if self.as_value.is_empty() {
            return Ok(());
        }
        let said = self.tx_data.iter().filter(|d| d.added).map(|d| d.e);
        for e in said.chain(self.redundant.iter().copied()) {
            self.as_value.remove(&e);
        }
        if self.as_value.is_empty() {
            return Ok(());
        }
        let mut unused: Vec<&Given> = self.as_value.values().collect();
        unused.sort();
        let unused: Vec<String> = unused.into_iter().map(Given::to_string).collect();
        Err(TxError::OnlyAsValue(unused.join(" ")).into())
    }

    /// Brings the database back to what it was.
    fn undo(&mut self) {
        for (place, datom) in self.tx_data.iter().enumerate().rev() {
            match self.undo.pop_if(|(other, _)| *other == place) {
                Some((_, Some(assertion))) => self.db.undo_retraction(&assertion, datom.tx),
                Some((_, None)) => {}
                None => self.db.undo_addition(datom),
            }
        }
        if self.db.schema.len() > self.attributes {
            // Changes that AEVT is yet to see may be of attributes that now go.
            self.db.tree(Index::Aevt);
            Arc::make_mut(&mut self.db.schema).forget_from(self.attributes);
        }
        self.db.max_eid = self.max_eid;
        self.db.max_tx = self.max_tx;
    }

    fn changes(self) -> Changes {
        self.db.max_tx = self.tx;
        let own = CURRENT_TX.clone();
        let mut tempids = Vec::with_capacity(self.names.order.len() + 1);
        for name in self.names.order.into_iter().filter(|name| *name != own) {
            let given = Given::Value(name);
            if let (Some(entity), Given::Value(name)) = (self.names.entities.get(&given), &given) {
                tempids.push((name.clone(), *entity));
            }
        }
        tempids.push((own, self.tx));
        Changes { tx_data: self.tx_data, said_again: self.said_again, tempids, tx: self.tx }
    }

    fn form(&mut self, form: &Value) -> Result<(), Stop> {
        match form {
            Value::Nil => Ok(()),
            Value::Map(map) => self.map(map, None),
            Value::Tagged(tagged) if tagged.tag.as_str() == "datascript/Datom" => {
                match tagged.value.as_seq() {
                    Some(items) => self.datom_form(items, form),
                    None => Err(TxError::BadForm(form.to_string()).into()),
                }
            }
            _ => match form.as_seq() {
                Some(items) => self.vector(items, form),
                None => Err(TxError::BadForm(form.to_string()).into()),
            },
        }
    }

    // ---- what tempids mean ----

    /// A name for a map that has none.
    pub(super) fn unnamed(&mut self) -> Given {
        self.unnamed += 1;
        Given::Unnamed(self.unnamed)
    }

    pub(super) fn next_entity(&self) -> Result<EntityId, Stop> {
        let e = self.db.max_eid + 1;
        if e >= TX0 {
            return Err(TxError::IdOutOfRange(i64::from(e)).into());
        }
        Ok(e)
    }

    /// Notes that a tempid means an entity.
    pub(super) fn name(&mut self, tempid: &Given, e: EntityId) {
        self.names.insert(tempid.clone(), e);
        match self.names_of.entry(e) {
            Entry::Vacant(unknown) => {
                unknown.insert(NamesOf { first: tempid.clone(), others: Vec::new() });
            }
            Entry::Occupied(known) => {
                let names = known.into_mut();
                if names.first != *tempid && !names.others.contains(tempid) {
                    names.others.push(tempid.clone());
                }
            }
        }
        self.advance(e);
    }

    /// Entity ids up to this one are taken.
    pub(super) fn advance(&mut self, e: EntityId) {
        if e < TX0 {
            self.db.max_eid = self.db.max_eid.max(e);
        }
    }

    /// Starts over, now that it is known which entity a tempid means; once for each tempid.
    pub(super) fn start_over(&self, tempid: &Given, entity: EntityId) -> Stop {
        match self.names.upserted.get(tempid) {
            Some(before) => TxError::ConflictingUpsert {
                tempid: tempid.to_string(),
                first: entity,
                second: *before,
            }
            .into(),
            None => Stop::Restart(tempid.clone(), entity),
        }
    }

    /// A tempid of an entity that has not yet made the transaction start over.
    pub(super) fn movable_name(&self, e: EntityId) -> Option<&Given> {
        let NamesOf { first, others } = self.names_of.get(&e)?;
        [first].into_iter().chain(others).find(|name| !self.names.upserted.contains_key(*name))
    }

    /// Whether this run knows an entity by a tempid.
    pub(super) fn is_named(&self, e: EntityId) -> bool {
        self.names_of.contains_key(&e)
    }
}
