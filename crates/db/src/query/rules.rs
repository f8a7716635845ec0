//! Rules, evaluated bottom-up, semi-naively, and only for what is asked.
//!
//! Each way a rule is called (which arguments are bound, which source it is given) has a table: the argument values asked for, and the
//! answers found. A table's branches are run for new questions with all answers known so far, and for new answers of
//! a rule they call with just those answers in its place; until nothing new comes. Every answer and every question is
//! taken up once for each place that uses it, which is what keeps long recursions cheap.
//!
//! When a rule is called with nothing bound, rules it calls are taken whole as well: asking for each value of a column
//! is more work than asking for all.
//!
//! A negation inside a rule works out the rules under it on tables of its own, to the end, before it negates them.

use super::QueryError;
use super::ast::*;
use super::closure::{Closure, End, closure};
use super::relation::Relation;
use super::row_set::RowSet;
use super::solve::{Answer, Run, State};
use crate::cell::Cell;
use edn::Symbol;
use rustc_hash::FxHashMap;

/// How deep negations may hold rules that hold negations.
const MAX_NEGATIONS: usize = 24;

type TableId = usize;

#[derive(Default)]
pub(super) struct Tables {
    ids: FxHashMap<(Symbol, u64, SourceId), TableId>,
    tables: Vec<Table>,
    /// The branch that is being run, while one is.
    running: Option<Place>,
    negations: usize,
}

/// A branch of a table's rule.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Place {
    table: TableId,
    branch: usize,
}

struct Table {
    name: Symbol,
    bound: u64,
    /// What `$` is in the rule.
    source: SourceId,
    asked: RowSet,
    /// Questions up to here have been taken up.
    asked_done: usize,
    answers: RowSet,
    /// Answers up to here have been passed on.
    answers_done: usize,
    /// Branches that call this table.
    users: Vec<Place>,
}

impl Tables {
    /// Sets the tables aside for a negation's own.
    pub(super) fn enter_negation(&mut self, text: &str) -> Answer<Tables> {
        if self.negations >= MAX_NEGATIONS {
            return Err(QueryError::Negation(text.to_string()));
        }
        let own = Tables { negations: self.negations + 1, ..Tables::default() };
        Ok(std::mem::replace(self, own))
    }

    pub(super) fn leave_negation(&mut self, outer: Tables) {
        *self = outer;
    }
}

impl Run<'_> {
    pub(super) fn rule(
        &mut self,
        source: SourceId,
        name: &Symbol,
        args: &[Term],
        text: &str,
        state: &State,
    ) -> Answer<Relation> {
        let Some(rule) = self.rules.get(name) else {
            return Err(QueryError::UnknownRule(format!("{name} in {text}")));
        };
        let arity = rule.branches.first().map_or(0, |b| b.params.len());
        if arity != args.len() || arity > 64 {
            return Err(QueryError::RuleArity(text.to_string()));
        }
        let question = self.question(args, state)?;
        if self.tables.running.is_none()
            && let Some(closure) = closure(name, rule, self.dollar)
        {
            self.note(|| "transitive closure".to_string());
            let outer = self.dollar_now.replace(self.meant(source));
            let pairs = self.closed(&closure, &question);
            self.dollar_now = outer;
            return Ok(self.as_called(args, pairs?.into()));
        }
        let whole = self.tables.running.is_some_and(|p| self.tables.tables[p.table].bound == 0);
        let bound = if whole && rule.required == 0 { 0 } else { question.bound };
        let table = self.table(name, bound, self.meant(source), arity);
        match self.tables.running {
            Some(place) => {
                let users = &mut self.tables.tables[table].users;
                if !users.contains(&place) {
                    users.push(place);
                }
                self.ask(table, &question);
            }
            None => {
                self.ask(table, &question);
                self.work_off()?;
            }
        }
        Ok(self.answers(table, args, 0))
    }

    /// The pairs of a closure that a question asks for, more where it asks for both ends.
    fn closed(&mut self, closure: &Closure, question: &Question) -> Answer<[Vec<Cell>; 2]> {
        let asked = |end: End| {
            let at = usize::from(end == End::To && question.bound == 0b11);
            let mut cells = question.columns[at].clone();
            cells.sort_unstable();
            cells.dedup();
            (end, cells)
        };
        let given = match question.bound {
            0 => None,
            0b01 => Some(asked(End::From)),
            0b10 => Some(asked(End::To)),
            _ => [End::From, End::To].map(asked).into_iter().min_by_key(|(_, cells)| cells.len()),
        };
        self.close(closure, given.as_ref().map(|(end, cells)| (*end, cells.as_slice())))
    }

    fn table(&mut self, name: &Symbol, bound: u64, source: SourceId, arity: usize) -> TableId {
        let key = (name.clone(), bound, source);
        if let Some(id) = self.tables.ids.get(&key) {
            return *id;
        }
        let id = self.tables.tables.len();
        self.tables.tables.push(Table {
            name: name.clone(),
            bound,
            source,
            asked: RowSet::new(bound.count_ones() as usize),
            asked_done: 0,
            answers: RowSet::new(arity),
            answers_done: 0,
            users: Vec::new(),
        });
        self.tables.ids.insert(key, id);
        id
    }

    /// Which arguments are bound, and to what.
    fn question(&self, args: &[Term], state: &State) -> Answer<Question> {
        let mut bound = 0;
        let mut vars = Vec::new();
        for (i, arg) in args.iter().enumerate() {
            match arg {
                Term::Var(v) if state.binds(*v) => {
                    bound |= 1 << i;
                    vars.push(*v);
                }
                Term::Constant(_) => bound |= 1 << i,
                _ => {}
            }
        }
        let mut wanted = vars.clone();
        wanted.sort_unstable();
        wanted.dedup();
        let rows = self.projected(state, &wanted)?;
        let mut columns = Vec::new();
        for (i, arg) in args.iter().enumerate() {
            if bound >> i & 1 == 0 {
                continue;
            }
            columns.push(match arg {
                Term::Var(v) => rows.column(*v).map_or_else(Vec::new, <[_]>::to_vec),
                Term::Constant(value) => {
                    self.note_name(value);
                    vec![self.space.cell(value); rows.len]
                }
                _ => Vec::new(),
            });
        }
        Ok(Question { bound, columns, len: rows.len })
    }

    fn ask(&mut self, table: TableId, question: &Question) {
        let table = &mut self.tables.tables[table];
        if table.bound == 0 {
            table.asked.extend(&[], question.len.min(1));
        } else {
            table.asked.extend(&question.columns, question.len);
        }
    }

    /// The answers from one place on, as the call's arguments want them.
    fn answers(&self, table: TableId, args: &[Term], from: usize) -> Relation {
        self.as_called(args, self.tables.tables[table].answers.since(from))
    }

    /// Rows of a rule's parameters, each there once, as a call's arguments want them.
    fn as_called(&self, args: &[Term], rows: Vec<Vec<Cell>>) -> Relation {
        let len = rows.first().map_or(0, Vec::len);
        let mut vars: Vec<Var> = Vec::new();
        let mut columns: Vec<Vec<Cell>> = Vec::new();
        let mut keep: Option<Vec<bool>> = None;
        for (arg, column) in args.iter().zip(rows) {
            match arg {
                Term::Var(v) => match vars.iter().position(|x| x == v) {
                    Some(first) => {
                        let keep = keep.get_or_insert_with(|| vec![true; len]);
                        let both = columns[first].iter().zip(&column);
                        keep.iter_mut().zip(both).for_each(|(keep, (a, b))| *keep &= a == b);
                    }
                    None => {
                        vars.push(*v);
                        columns.push(column);
                    }
                },
                Term::Constant(value) => {
                    let wanted = self.space.cell(value);
                    let keep = keep.get_or_insert_with(|| vec![true; len]);
                    keep.iter_mut().zip(column).for_each(|(keep, cell)| *keep &= cell == wanted);
                }
                Term::Ignore | Term::Source(_) => {}
            }
        }
        let mut relation = Relation::of(vars, columns, len);
        if let Some(keep) = keep {
            relation.retain(|row| keep[row]);
        }
        // Rows that differ may do so in what the call ignores.
        let ignores = args.iter().any(|arg| matches!(arg, Term::Ignore | Term::Source(_)));
        if ignores || relation.vars.is_empty() { relation.distinct() } else { relation }
    }

    /// Takes up questions and passes on answers until there are none.
    fn work_off(&mut self) -> Answer<()> {
        loop {
            let mut quiet = true;
            for table in 0..self.tables.tables.len() {
                quiet &= !self.take_up_questions(table)?;
            }
            for table in 0..self.tables.tables.len() {
                quiet &= !self.pass_on_answers(table)?;
            }
            if quiet {
                return Ok(());
            }
        }
    }

    fn take_up_questions(&mut self, id: TableId) -> Answer<bool> {
        let table = &mut self.tables.tables[id];
        let (from, to) = (table.asked_done, table.asked.len);
        if from == to {
            return Ok(false);
        }
        table.asked_done = to;
        let name = table.name.clone();
        for branch in 0..self.rules[&name].branches.len() {
            let questions = self.questions(Place { table: id, branch }, from);
            self.run_branch(Place { table: id, branch }, questions, None)?;
        }
        Ok(true)
    }

    /// Questions from one place on, over the parameters of a branch.
    fn questions(&self, place: Place, from: usize) -> Relation {
        let table = &self.tables.tables[place.table];
        let params = &self.rules[&table.name].branches[place.branch].params;
        let vars: Vec<Var> = params
            .iter()
            .enumerate()
            .filter(|(i, _)| table.bound >> i & 1 == 1)
            .map(|(_, v)| *v)
            .collect();
        if vars.is_empty() {
            return Relation::unit();
        }
        Relation::of(vars, table.asked.since(from), table.asked.len - from)
    }

    fn pass_on_answers(&mut self, id: TableId) -> Answer<bool> {
        let table = &mut self.tables.tables[id];
        let (from, to) = (table.answers_done, table.answers.len);
        if from == to {
            return Ok(false);
        }
        table.answers_done = to;
        for user in table.users.clone() {
            self.rerun(user, id, from)?;
        }
        Ok(true)
    }

    /// Runs a branch again for new answers of a table it calls: once for each call, with the new answers in its
    /// place; where the call is inside another clause, with everything.
    fn rerun(&mut self, place: Place, called: TableId, from: usize) -> Answer<()> {
        let name = self.tables.tables[called].name.clone();
        let own = self.tables.tables[place.table].name.clone();
        let branch = self.rules[&own].branches[place.branch].clone();
        let mut inside = false;
        for (at, clause) in branch.clauses.iter().enumerate() {
            match clause {
                Clause::Rule { name: callee, args, .. } if *callee == name => {
                    let new = self.answers(called, args, from);
                    let questions = self.questions(place, 0);
                    self.run_branch(place, questions, Some((at, new)))?;
                }
                other => inside |= calls(other, &name),
            }
        }
        if inside {
            let questions = self.questions(place, 0);
            self.run_branch(place, questions, None)?;
        }
        Ok(())
    }

    fn run_branch(
        &mut self,
        place: Place,
        questions: Relation,
        replaced: Option<(usize, Relation)>,
    ) -> Answer<()> {
        self.budget.check(0)?;
        let name = self.tables.tables[place.table].name.clone();
        let branch = self.rules[&name].branches[place.branch].clone();
        let mut clauses: Vec<&Clause> = branch.clauses.iter().collect();
        let mut state = State::new(questions);
        if let Some((at, answers)) = replaced {
            clauses.remove(at);
            self.merge(&mut state, answers)?;
        }
        let begun = self.begin_branch(&name, place.branch);
        let outer = self.tables.running.replace(place);
        let source = self.tables.tables[place.table].source;
        let outer_dollar = self.dollar_now.replace(source);
        let solved = self.solve_all(clauses, state, &branch.params);
        self.dollar_now = outer_dollar;
        self.tables.running = outer;
        let rows = self.project(solved?, &branch.params)?;
        self.end_step(begun, rows.len);
        if rows.vars.len() == branch.params.len() {
            self.tables.tables[place.table].answers.extend(&rows.columns, rows.len);
            self.budget.check(self.tables.tables[place.table].answers.len)?;
        }
        Ok(())
    }
}

/// The values of bound arguments that a call asks for.
struct Question {
    bound: u64,
    columns: Vec<Vec<Cell>>,
    len: usize,
}

/// Whether a clause holds a call of a rule, other than under a negation.
fn calls(clause: &Clause, name: &Symbol) -> bool {
    match clause {
        Clause::Rule { name: callee, .. } => callee == name,
        Clause::Or { branches, .. } => branches.iter().flatten().any(|c| calls(c, name)),
        _ => false,
    }
}
