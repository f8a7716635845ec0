//! Trees in a storage: nodes as bytes, written children first, read when they are looked at.
//!
//! A node is a byte for its kind, the number of its datoms or children, then its columns one after the other: entities,
//! attributes and transactions as differences to the one before, in variable length; values as they are. A branch has its
//! children's first datoms in the same columns, then their counts, what none of them is later than, and their addresses.

use super::child::{Child, Held};
use super::{Branch, FANOUT, LEAF, Leaf, Node, RETRACTED, Tree};
use crate::cell::Cell;
use crate::datom::Datom;
use crate::storage::{Address, Part, Place, Reader, Record, StorageError, Store, Writer};
use std::mem::size_of;
use std::sync::{Arc, OnceLock};

const LEAF_NODE: u8 = 1;
const BRANCH_NODE: u8 = 2;

impl Tree {
    /// Writes the nodes that the storage does not have yet; the address of the root.
    pub(crate) fn store(&self, store: &Store) -> Result<Option<Address>, StorageError> {
        self.root.as_ref().map(|root| write(root, store)).transpose()
    }

    /// The tree of so many datoms whose root is there.
    pub(crate) fn restore(store: &Arc<Store>, root: Option<Address>, count: usize) -> Tree {
        Tree { root: root.map(|address| Child::stored(store, address, count)) }
    }

    /// The addresses of all its nodes in a storage.
    pub(crate) fn addresses(&self, store: &Store, addresses: &mut Vec<Address>) {
        self.root.iter().for_each(|root| gather(root, store, addresses));
    }
}

fn gather(child: &Child, store: &Store, addresses: &mut Vec<Address>) {
    addresses.extend(child.place(store));
    let node = child.node();
    let Node::Branch(branch) = &*node else { return };
    match &*branch.children[0].node() {
        Node::Branch(_) => branch.children.iter().for_each(|c| gather(c, store, addresses)),
        // All leaves have the same depth: the others need not be read to be known for what they are.
        Node::Leaf(_) => addresses.extend(branch.children.iter().filter_map(|c| c.place(store))),
    }
}

fn write(child: &Child, store: &Store) -> Result<Address, StorageError> {
    if let Some(address) = child.place(store) {
        return Ok(address);
    }
    let bytes = match &*child.node() {
        Node::Leaf(leaf) => leaf_bytes(leaf),
        Node::Branch(branch) => {
            let addresses: Result<Vec<Address>, StorageError> =
                branch.children.iter().map(|child| write(child, store)).collect();
            branch_bytes(branch, &addresses?)
        }
    };
    let address = store.write(bytes)?;
    child.placed(store, address);
    Ok(address)
}

pub(super) fn leaf_bytes(leaf: &Leaf) -> Vec<u8> {
    let mut out = Writer::default();
    out.byte(LEAF_NODE);
    out.number(leaf.len as u64);
    out.differences(&leaf.e[..leaf.len]);
    out.differences(&leaf.a[..leaf.len]);
    out.differences(&leaf.tx[..leaf.len]);
    leaf.v[..leaf.len].iter().for_each(|cell| out.number(cell.0));
    out.0
}

pub(super) fn branch_bytes(branch: &Branch, addresses: &[Address]) -> Vec<u8> {
    let mut out = Writer::default();
    out.byte(BRANCH_NODE);
    out.number(addresses.len() as u64);
    let column = |part: fn(&Datom) -> u32| branch.firsts.iter().map(part).collect::<Vec<u32>>();
    out.differences(&column(|d| d.e));
    out.differences(&column(|d| d.a));
    out.differences(&column(|d| d.tx | if d.added { 0 } else { RETRACTED }));
    branch.firsts.iter().for_each(|d| out.number(d.v.0));
    branch.counts.iter().for_each(|count| out.number(*count as u64));
    out.differences(&branch.latest);
    addresses.iter().for_each(|address| out.number(*address));
    out.0
}

impl Record for Held {
    const WHAT: &'static str = "a node of an index";

    /// `None` where it names attributes, values or nodes there are not. Children are written before their branch, so their addresses
    /// are lower; that there are no circles follows.
    fn decode(input: &mut Reader<'_>, part: &Part<Held>) -> Option<Held> {
        let (store, address) = (part.store(), part.address());
        let kind = input.byte()?;
        let len = usize::try_from(input.number()?).ok()?;
        let node = match kind {
            LEAF_NODE if (1..=LEAF).contains(&len) => Node::Leaf(leaf(input, len, store)?),
            BRANCH_NODE if (1..=FANOUT).contains(&len) => {
                Node::Branch(branch(input, len, store, address)?)
            }
            _ => return None,
        };
        let place = OnceLock::from(Place { store: store.id(), address });
        (node.count() == part.count()).then_some(Held { node, place })
    }

    /// An empty leaf: whoever asked finds nothing there.
    fn missing(_: usize) -> Held {
        Held { node: Node::Leaf(Leaf::empty()), place: OnceLock::new() }
    }

    fn size(&self) -> usize {
        let child = size_of::<Datom>()
            + size_of::<usize>()
            + size_of::<u32>()
            + size_of::<Child>()
            + size_of::<Part<Held>>();
        size_of::<Held>() + if let Node::Branch(_) = self.node { FANOUT * child } else { 0 }
    }
}

fn leaf(input: &mut Reader<'_>, len: usize, store: &Store) -> Option<Leaf> {
    let mut leaf = Leaf::empty();
    leaf.len = len;
    input.differences(&mut leaf.e[..len])?;
    input.differences(&mut leaf.a[..len])?;
    input.differences(&mut leaf.tx[..len])?;
    for cell in &mut leaf.v[..len] {
        *cell = Cell(input.number()?);
    }
    (0..len).all(|i| store.knows(leaf.a[i], leaf.v[i])).then_some(leaf)
}

fn branch(
    input: &mut Reader<'_>,
    len: usize,
    store: &Arc<Store>,
    address: Address,
) -> Option<Branch> {
    let mut columns = [[0u32; FANOUT]; 3];
    for column in &mut columns {
        input.differences(&mut column[..len])?;
    }
    let [e, a, tx] = columns;
    let mut branch = Branch {
        firsts: Vec::with_capacity(FANOUT),
        counts: Vec::with_capacity(FANOUT),
        latest: vec![0; len],
        children: Vec::with_capacity(FANOUT),
    };
    for i in 0..len {
        let v = Cell(input.number()?);
        let added = tx[i] & RETRACTED == 0;
        let first = Datom { e: e[i], a: a[i], v, tx: tx[i] & !RETRACTED, added };
        branch.firsts.push(Some(first).filter(|d| store.knows(d.a, d.v))?);
    }
    for _ in 0..len {
        branch.counts.push(u32::try_from(input.number()?).ok()? as usize);
    }
    input.differences(&mut branch.latest)?;
    for i in 0..len {
        let child = Some(input.number()?).filter(|child| *child < address)?;
        branch.children.push(Child::stored(store, child, branch.counts[i]));
    }
    Some(branch)
}
