//! Rules that are the transitive closure of something: `(reach ?x ?y)` where `?x` is next to `?y`, or next to a `?t` that reaches it.
//!
//! Instead of round after round of new answers, the relation is taken up once, as far as it is needed, and walked: each node's
//! neighbours are a slice of one array, nodes are numbers, and what has been met from a node is marked with the node's own
//! number, so an answer costs a look and is never found twice. Where one end is given once, nothing but the nodes that are met is
//! kept; a round asks for the neighbours of all new nodes at once.
//!
//! A rule is taken for a closure when it has two branches over the same clauses, patterns all of them, the second of which calls
//! the rule itself once more at one end.

use super::ast::*;
use super::relation::Relation;
use super::solve::{Answer, Run, State};
use crate::cell::Cell;
use edn::Symbol;
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::Arc;

/// What a rule is the closure of.
pub(super) struct Closure {
    step: Arc<Branch>,
    from: Var,
    to: Var,
}

/// An end of the pairs that a closure holds.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    From,
    To,
}

/// `None` where a rule is something else than a closure. `dollar` is the source that is called `$`.
pub(super) fn closure(name: &Symbol, rule: &Rule, dollar: Option<SourceId>) -> Option<Closure> {
    let [a, b] = rule.branches.as_slice() else { return None };
    let calls = |branch: &Branch| branch.clauses.iter().any(|c| matches!(c, Clause::Rule { .. }));
    let (step, again) = if calls(a) { (b, a) } else { (a, b) };
    let ([from, to], [x, y]) = (step.params.as_slice(), again.params.as_slice()) else {
        return None;
    };
    let mut called = None;
    let mut steps = Vec::with_capacity(step.clauses.len());
    for clause in &again.clauses {
        match clause {
            Clause::Rule { source, name: callee, args, .. } => {
                let itself = callee == name && Some(*source) == dollar && called.is_none();
                called = Some(args.as_slice()).filter(|_| itself);
                called?;
            }
            other => steps.push(other),
        }
    }
    let [Term::Var(first), Term::Var(second)] = called? else { return None };
    // What the second branch goes over itself, and the end at which the rule goes on.
    let (near, far, kept) = match (first, second) {
        (t, end) if end == y && t != x && t != y => (x, t, y),
        (start, t) if start == x && t != x && t != y => (t, y, x),
        _ => return None,
    };
    let mut renamed = Renamed::default();
    let same = renamed.is(*from, *near)
        && renamed.is(*to, *far)
        && step.clauses.len() == steps.len()
        && step.clauses.iter().zip(&steps).all(|(one, other)| renamed.is_clause(one, other))
        && !renamed.there.contains_key(kept);
    let alone = rule.required == 0 && same;
    alone.then(|| Closure { step: step.clone(), from: *from, to: *to })
}

/// Variables of one branch that stand for those of another, each for one.
#[derive(Default)]
struct Renamed {
    here: FxHashMap<Var, Var>,
    there: FxHashMap<Var, Var>,
}

impl Renamed {
    fn is(&mut self, one: Var, other: Var) -> bool {
        *self.here.entry(one).or_insert(other) == other
            && *self.there.entry(other).or_insert(one) == one
    }

    fn is_clause(&mut self, one: &Clause, other: &Clause) -> bool {
        let (Clause::Pattern { source, terms }, Clause::Pattern { source: s, terms: t }) =
            (one, other)
        else {
            return false;
        };
        let same = |pair: (&Term, &Term)| match pair {
            (Term::Var(one), Term::Var(other)) => self.is(*one, *other),
            (one, other) => one == other,
        };
        source == s && terms.len() == t.len() && terms.iter().zip(t).all(same)
    }
}

impl Run<'_> {
    /// The pairs of a closure: all, or those that have one of some cells at one end. Columns of the one end and of the other.
    pub(super) fn close(
        &mut self,
        closure: &Closure,
        given: Option<(End, &[Cell])>,
    ) -> Answer<[Vec<Cell>; 2]> {
        match given {
            None => {
                let [from, to] = self.steps(closure, Relation::unit())?;
                self.reached(&from, &to, None)
            }
            Some((end, [only])) => {
                let met = self.met(closure, end, *only)?;
                let same = vec![*only; met.len()];
                Ok(if end == End::From { [same, met] } else { [met, same] })
            }
            Some((end, several)) => {
                let (near, far) = self.steps_from(closure, end, several)?;
                let [near, far] = self.reached(&near, &far, Some(several))?;
                Ok(if end == End::From { [near, far] } else { [far, near] })
            }
        }
    }

    /// The single steps that agree with what is known.
    fn steps(&mut self, closure: &Closure, known: Relation) -> Answer<[Vec<Cell>; 2]> {
        let ends = [closure.from, closure.to];
        let clauses = closure.step.clauses.iter().collect();
        let solved = self.solve_all(clauses, State::new(known), &ends)?;
        let mut rows = self.project(solved, &ends)?;
        let [from, to] = ends.map(|end| rows.take_columns(&[end]).remove(0));
        Ok([from, to])
    }

    /// All steps that lead on from some cells, from those they lead to, and so on: near ends and far ends.
    fn steps_from(
        &mut self,
        closure: &Closure,
        end: End,
        starts: &[Cell],
    ) -> Answer<(Vec<Cell>, Vec<Cell>)> {
        let mut nodes = Nodes::default();
        let mut new = starts.to_vec();
        new.retain(|cell| nodes.insert(*cell));
        let (mut near, mut far) = (Vec::new(), Vec::new());
        while !new.is_empty() {
            let (x, y) = self.steps_of(closure, end, new)?;
            new = y.iter().copied().filter(|cell| nodes.insert(*cell)).collect();
            near.extend(x);
            far.extend(y);
            self.budget.check(near.len())?;
        }
        Ok((near, far))
    }

    /// The steps that lead on from some cells: near ends and far ends.
    fn steps_of(
        &mut self,
        closure: &Closure,
        end: End,
        mut of: Vec<Cell>,
    ) -> Answer<(Vec<Cell>, Vec<Cell>)> {
        of.sort_unstable();
        let var = if end == End::From { closure.from } else { closure.to };
        let len = of.len();
        let known = Relation::of(vec![var], vec![of], len);
        let [from, to] = self.steps(closure, known)?;
        Ok(if end == End::From { (from, to) } else { (to, from) })
    }

    /// What is met from one cell on.
    fn met(&mut self, closure: &Closure, end: End, start: Cell) -> Answer<Vec<Cell>> {
        let mut nodes = Nodes::default();
        let (mut met, mut new) = (Vec::new(), vec![start]);
        while !new.is_empty() {
            let (_, far) = self.steps_of(closure, end, new)?;
            let begun = met.len();
            met.extend(far.into_iter().filter(|cell| nodes.insert(*cell)));
            self.budget.check(met.len())?;
            // The start may be met again, but has been asked already.
            new = met[begun..].iter().copied().filter(|cell| *cell != start).collect();
        }
        Ok(met)
    }

    /// All pairs that steps from the one end to the other come to, beginning at some cells or at all.
    fn reached(
        &self,
        from: &[Cell],
        to: &[Cell],
        starts: Option<&[Cell]>,
    ) -> Answer<[Vec<Cell>; 2]> {
        if from.is_empty() {
            return Ok([Vec::new(), Vec::new()]);
        }
        let graph = Graph::new(from, to);
        let starts: Vec<u32> = match starts {
            Some(starts) => starts.iter().filter_map(|cell| graph.numbers.of(*cell)).collect(),
            None => (0..graph.cells.len() as u32).collect(),
        };
        let mut marks = vec![u32::MAX; graph.cells.len()];
        let (mut queue, mut near, mut far) = (Vec::new(), Vec::new(), Vec::new());
        for start in starts {
            queue.clear();
            graph.meet(start, start, &mut marks, &mut queue);
            let mut at = 0;
            while let Some(next) = queue.get(at).copied() {
                at += 1;
                if next != start {
                    graph.meet(next, start, &mut marks, &mut queue);
                }
            }
            if queue.is_empty() {
                continue;
            }
            let start = graph.cells[start as usize];
            near.extend(std::iter::repeat_n(start, queue.len()));
            far.extend(queue.iter().map(|node| graph.cells[*node as usize]));
            self.budget.check(near.len())?;
        }
        Ok([near, far])
    }
}

/// Cells that have been met.
#[derive(Default)]
struct Nodes {
    /// A bit for each low entity id.
    low: Vec<u64>,
    others: FxHashSet<Cell>,
}

impl Nodes {
    /// Ids below this have bits: at most eight megabytes.
    const LOW: u32 = 1 << 26;

    /// Whether it is new.
    fn insert(&mut self, cell: Cell) -> bool {
        let Some(id) = cell.as_entity().filter(|id| *id < Nodes::LOW) else {
            return self.others.insert(cell);
        };
        let (word, bit) = ((id / 64) as usize, 1 << (id % 64));
        if word >= self.low.len() {
            self.low.resize((word + 1).next_power_of_two(), 0);
        }
        let new = self.low[word] & bit == 0;
        self.low[word] |= bit;
        new
    }
}

/// Which number a node has.
enum Numbers {
    /// Integers that lie close together: how far they are from the lowest.
    Near {
        lowest: u64,
        len: usize,
    },
    Hashed(FxHashMap<Cell, u32>),
}

impl Numbers {
    fn of(&self, cell: Cell) -> Option<u32> {
        match self {
            Numbers::Near { lowest, len } => {
                let place = cell.0.wrapping_sub(*lowest);
                (place & 7 == 0 && ((place >> 3) as usize) < *len).then_some((place >> 3) as u32)
            }
            Numbers::Hashed(numbers) => numbers.get(&cell).copied(),
        }
    }
}

/// Steps by the node they lead on from.
struct Graph {
    numbers: Numbers,
    cells: Vec<Cell>,
    /// Where each node's neighbours begin; the next node's beginning is their end.
    begins: Vec<u32>,
    neighbours: Vec<u32>,
}

impl Graph {
    fn new(from: &[Cell], to: &[Cell]) -> Graph {
        let (numbers, cells) = numbered(from, to);
        let number = |cell: &Cell| numbers.of(*cell).unwrap_or_default();
        let mut begins = vec![0u32; cells.len() + 1];
        let from: Vec<u32> = from.iter().map(number).collect();
        from.iter().for_each(|node| begins[*node as usize + 1] += 1);
        for node in 0..cells.len() {
            begins[node + 1] += begins[node];
        }
        let mut free = begins.clone();
        let mut neighbours = vec![0; to.len()];
        for (node, other) in from.iter().zip(to) {
            let place = &mut free[*node as usize];
            neighbours[*place as usize] = number(other);
            *place += 1;
        }
        Graph { numbers, cells, begins, neighbours }
    }

    /// Marks the neighbours of a node, and appends those that had not the mark.
    fn meet(&self, node: u32, mark: u32, marks: &mut [u32], queue: &mut Vec<u32>) {
        let node = node as usize;
        let neighbours = self.begins[node] as usize..self.begins[node + 1] as usize;
        for other in &self.neighbours[neighbours] {
            let marked = &mut marks[*other as usize];
            if *marked != mark {
                *marked = mark;
                queue.push(*other);
            }
        }
    }
}

/// Numbers for all cells of both columns, and the cells by number.
fn numbered(from: &[Cell], to: &[Cell]) -> (Numbers, Vec<Cell>) {
    let both = || from.iter().chain(to);
    let (low, high) =
        both().fold((u64::MAX, 0), |(low, high), cell| (low.min(cell.0), high.max(cell.0)));
    let len = (high.saturating_sub(low) >> 3) as usize + 1;
    if Cell::are_ints(from) && Cell::are_ints(to) && len <= from.len() * 8 + 1024 {
        let cell = |n: u64| Cell(low.wrapping_add(n << 3));
        return (Numbers::Near { lowest: low, len }, (0..len as u64).map(cell).collect());
    }
    let (mut numbers, mut cells) = (FxHashMap::default(), Vec::new());
    for cell in both() {
        numbers.entry(*cell).or_insert_with(|| {
            cells.push(*cell);
            cells.len() as u32 - 1
        });
    }
    (Numbers::Hashed(numbers), cells)
}
