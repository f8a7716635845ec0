//! Trees in a storage: nodes as bytes, written children first, read when they are looked at.
//!
//! A node is a byte for its kind, the number of its datoms or children, then its columns one after the other: entities,
//! attributes and transactions as differences to the one before, in variable length; values as they are. A branch has its
//! children's first datoms in the same columns, then their counts and addresses.

use super::child::Child;
use super::{Branch, FANOUT, LEAF, Leaf, Node, RETRACTED, Tree};
use crate::cell::Cell;
use crate::datom::Datom;
use crate::storage::{Address, Reader, StorageError, Store, Writer};
use std::sync::Arc;

const LEAF_NODE: u8 = 1;
const BRANCH_NODE: u8 = 2;

impl Tree {
    /// Writes the nodes that the storage does not have yet; the address of the root.
    pub(crate) fn store(&self, store: &Store) -> Result<Option<Address>, StorageError> {
        self.root.as_ref().map(|root| write(root, store)).transpose()
    }

    /// The tree of so many datoms whose root is there.
    pub(crate) fn restore(store: &Arc<Store>, root: Option<Address>, count: usize) -> Tree {
        Tree { root: root.map(|address| Child::stored(store.clone(), address, count)) }
    }

    /// The addresses of all its nodes in a storage.
    pub(crate) fn addresses(&self, store: &Store, addresses: &mut Vec<Address>) {
        let mut pending: Vec<&Child> = self.root.iter().collect();
        while let Some(child) = pending.pop() {
            addresses.extend(child.place(store));
            if let Node::Branch(branch) = child.node() {
                pending.extend(&branch.children);
            }
        }
    }
}

fn write(child: &Child, store: &Store) -> Result<Address, StorageError> {
    if let Some(address) = child.place(store) {
        return Ok(address);
    }
    let bytes = match child.node() {
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

fn leaf_bytes(leaf: &Leaf) -> Vec<u8> {
    let mut out = Writer::default();
    out.byte(LEAF_NODE);
    out.number(leaf.len as u64);
    out.differences(&leaf.e[..leaf.len]);
    out.differences(&leaf.a[..leaf.len]);
    out.differences(&leaf.tx[..leaf.len]);
    leaf.v[..leaf.len].iter().for_each(|cell| out.number(cell.0));
    out.0
}

fn branch_bytes(branch: &Branch, addresses: &[Address]) -> Vec<u8> {
    let mut out = Writer::default();
    out.byte(BRANCH_NODE);
    out.number(branch.children.len() as u64);
    let column = |part: fn(&Datom) -> u32| branch.firsts.iter().map(part).collect::<Vec<u32>>();
    out.differences(&column(|d| d.e));
    out.differences(&column(|d| d.a));
    out.differences(&column(|d| d.tx | if d.added { 0 } else { RETRACTED }));
    branch.firsts.iter().for_each(|d| out.number(d.v.0));
    branch.counts.iter().for_each(|count| out.number(*count as u64));
    addresses.iter().for_each(|address| out.number(*address));
    out.0
}

/// The node at an address, which must have so many datoms below it. What cannot be read is remembered by the store and stands as an
/// empty leaf: whoever asked finds nothing there, and is told so by [`Store::check`].
pub(super) fn load(store: &Arc<Store>, address: Address, count: usize) -> Node {
    let read = store.read(address).and_then(|bytes| {
        let node = decode(&bytes, store, address).filter(|node| node.count() == count);
        node.ok_or_else(|| StorageError::damaged(address, "a node of an index"))
    });
    read.unwrap_or_else(|error| {
        store.fail(error);
        Node::Leaf(Leaf::empty())
    })
}

/// `None` where the bytes are no node, or one that names attributes, values or nodes there are not. Children are written before
/// their branch, so their addresses are lower; that there are no circles follows.
fn decode(bytes: &[u8], store: &Arc<Store>, address: Address) -> Option<Node> {
    let mut input = Reader::new(bytes);
    let kind = input.byte()?;
    let len = usize::try_from(input.number()?).ok()?;
    let node = match kind {
        LEAF_NODE if (1..=LEAF).contains(&len) => Node::Leaf(leaf(&mut input, len, store)?),
        BRANCH_NODE if (1..=FANOUT).contains(&len) => {
            Node::Branch(branch(&mut input, len, store, address)?)
        }
        _ => return None,
    };
    input.is_at_end().then_some(node)
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
    for i in 0..len {
        let child = Some(input.number()?).filter(|child| *child < address)?;
        branch.children.push(Child::stored(store.clone(), child, branch.counts[i]));
    }
    Some(branch)
}
