//! A value inside the database, in 64 bits.
//!
//! The low three bits are the tag. Integers of up to 61 bits, doubles of common size, booleans, nil, characters
//! and instants are inline; everything else is an index into the [`crate::dict::Dict`].
//!
//! Invariants
//! - Equal cells are the same value in the same representation.
//! - Two different cells may be `=` only when both have the tag [`Tag::Exotic`]: collections (a list and a
//!   vector), big decimals (`1.0M` and `1.00M`), `1N`, `-0.0`, what has metadata. The inline `1` and the exotic
//!   `1N`, `0.0` and `-0.0`, are brought together by the dictionary's class, which is then an inline cell.

use edn::{Inst, Value};

/// A value in 64 bits; see the module.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub struct Cell(pub(crate) u64);

/// The kind of a [`Cell`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u64)]
pub(crate) enum Tag {
    Int = 0,
    Double = 1,
    String = 2,
    Keyword = 3,
    Other = 4,
    Exotic = 5,
    Small = 6,
}

const TAG_BITS: u32 = 3;
const LOCAL: u64 = 1 << 63;
const INT_LIMIT: i64 = 1 << 60;

const NIL: u64 = 0;
const FALSE: u64 = 1;
const TRUE: u64 = 2;
const ZERO_DOUBLE: u64 = 3;
const CHAR: u64 = 4;
const INST: u64 = 5;
const INST_LIMIT: i64 = 1 << 57;

impl Cell {
    /// The cell of `nil`.
    pub(crate) const NIL: Cell = Cell((NIL << (TAG_BITS + 3)) | Tag::Small as u64);

    fn tagged(tag: Tag, payload: u64) -> Cell {
        Cell((payload << TAG_BITS) | tag as u64)
    }

    fn small(kind: u64, payload: u64) -> Cell {
        Cell::tagged(Tag::Small, (payload << 3) | kind)
    }

    pub(crate) fn dict(tag: Tag, id: u32) -> Cell {
        Cell::tagged(tag, u64::from(id))
    }

    pub(crate) fn tag(self) -> Tag {
        match self.0 & 7 {
            0 => Tag::Int,
            1 => Tag::Double,
            2 => Tag::String,
            3 => Tag::Keyword,
            4 => Tag::Other,
            5 => Tag::Exotic,
            _ => Tag::Small,
        }
    }

    fn payload(self) -> u64 {
        self.0 >> TAG_BITS
    }

    /// Whether it needs no dictionary.
    pub(crate) fn is_inline(self) -> bool {
        matches!(self.tag(), Tag::Int | Tag::Double | Tag::Small)
    }

    /// The index into the dictionary, of a cell that has one.
    pub(crate) fn dict_id(self) -> u32 {
        self.payload() as u32
    }

    /// The same cell as one of a query's own dictionary. Indexes have 32 bits, so the high bit is free.
    pub(crate) fn local(self) -> Cell {
        Cell(self.0 | LOCAL)
    }

    /// Whether a cell is one of a query's own dictionary, and as that dictionary knows it.
    pub(crate) fn as_local(self) -> Option<Cell> {
        (!self.is_inline() && self.0 & LOCAL != 0).then_some(Cell(self.0 & !LOCAL))
    }

    /// The cell of an entity id.
    pub fn entity(id: u32) -> Cell {
        Cell::tagged(Tag::Int, u64::from(id))
    }

    /// The integer, of a cell that is one.
    pub fn as_int(self) -> Option<i64> {
        (self.tag() == Tag::Int).then_some(self.0 as i64 >> TAG_BITS)
    }

    /// The entity id, of a cell that is known to be one.
    #[inline(always)]
    pub(crate) fn id(self) -> u32 {
        self.payload() as u32
    }

    /// Whether all of these are entities.
    pub(crate) fn are_entities(cells: &[Cell]) -> bool {
        const OTHER: u64 = !(u32::MAX as u64) << TAG_BITS | ((1 << TAG_BITS) - 1);
        cells.iter().fold(0, |bits, cell| bits | (cell.0 & OTHER)) == Tag::Int as u64
    }

    /// Whether these are entities in ascending order, each there once.
    pub(crate) fn are_ascending_entities(cells: &[Cell]) -> bool {
        let Some((first, rest)) = cells.split_first() else { return true };
        let mut last = first.0;
        let mut wrong = first.0 & 7;
        for cell in rest {
            wrong |= u64::from(cell.0 <= last) | (cell.0 & 7);
            last = cell.0;
        }
        wrong == Tag::Int as u64 && last <= Cell::entity(u32::MAX).0
    }

    /// Whether some of these may be `=` to other cells.
    pub(crate) fn has_exotic(cells: &[Cell]) -> bool {
        // Its tag is the only one with the first and third bit and not the second.
        cells.iter().fold(0, |found, Cell(bits)| found | (bits & !(bits >> 1) & (bits >> 2))) & 1
            == 1
    }

    /// Whether all of these are integers.
    pub(crate) fn are_ints(cells: &[Cell]) -> bool {
        cells.iter().fold(0, |tags, cell| tags | (cell.0 & 7)) == Tag::Int as u64
    }

    /// A number by which cells that are integers compare as those do.
    pub(crate) fn in_order(self) -> i64 {
        self.0 as i64
    }

    /// The entity id, of a cell that is one.
    pub fn as_entity(self) -> Option<u32> {
        self.as_int().and_then(|n| u32::try_from(n).ok())
    }

    /// The cell of a value that needs no dictionary.
    pub(crate) fn inline(value: &Value) -> Option<Cell> {
        Some(match value {
            Value::Int(n) if (-INT_LIMIT..INT_LIMIT).contains(n) => {
                Cell::tagged(Tag::Int, *n as u64)
            }
            Value::Double(d) => inline_double(*d)?,
            Value::Nil => Cell::small(NIL, 0),
            Value::Bool(false) => Cell::small(FALSE, 0),
            Value::Bool(true) => Cell::small(TRUE, 0),
            Value::Char(c) => Cell::small(CHAR, u64::from(*c as u32)),
            Value::Inst(Inst(ms)) if (-INST_LIMIT..INST_LIMIT).contains(ms) => {
                Cell::small(INST, *ms as u64)
            }
            _ => return None,
        })
    }

    /// The value of an inline cell.
    pub(crate) fn inline_value(self) -> Option<Value> {
        Some(match self.tag() {
            Tag::Int => Value::Int(self.0 as i64 >> TAG_BITS),
            Tag::Double => Value::Double(double_of(self.payload())),
            Tag::Small => match self.payload() & 7 {
                FALSE => Value::Bool(false),
                TRUE => Value::Bool(true),
                ZERO_DOUBLE => Value::Double(0.0),
                CHAR => Value::Char(char::from_u32((self.payload() >> 3) as u32)?),
                INST => Value::Inst(Inst(self.0 as i64 >> (TAG_BITS + 3))),
                _ => Value::Nil,
            },
            _ => return None,
        })
    }
}

/// A double whose exponent is within 2^±127: the four high bits of its exponent are then 0111 or 1000 and need
/// one bit.
fn inline_double(d: f64) -> Option<Cell> {
    let bits = d.to_bits();
    if bits == 0 {
        return Some(Cell::small(ZERO_DOUBLE, 0));
    }
    let high = match (bits >> 59) & 0xf {
        0b0111 => 0,
        0b1000 => 1,
        _ => return None,
    };
    let low = bits & ((1 << 59) - 1);
    Some(Cell::tagged(Tag::Double, ((bits >> 63) << 60) | (high << 59) | low))
}

fn double_of(payload: u64) -> f64 {
    let high = if payload >> 59 & 1 == 1 { 0b1000 } else { 0b0111 };
    let low = payload & ((1 << 59) - 1);
    f64::from_bits(((payload >> 60) << 63) | (high << 59) | low)
}
