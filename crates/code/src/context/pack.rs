//! Filling a budget from the top of a ranking.
//!
//! What was asked for comes first and whole, where that fits. Then each statement is taken whole as long as the share of the
//! budget for whole sources lasts, and as a signature as long as the rest does. What is left at the end turns signatures into
//! whole sources, from the top.
//!
//! Tokens of pieces do not quite add up to those of a text, since a tokenizer may join what stands on both sides of a seam.
//! So the text is counted as a whole in the end, and as long as it is too long the least needed statement gives way.

use super::network::{Network, Role};
use super::reason::{Reason, Reasons};
use super::requires::Requires;
use super::signature;
use super::tokens::count_tokens;
use super::{Ranking, Signals};
use crate::model::{Attr, NotCode};
use crate::source::Source;
use db::{Db, EntityId};
use std::fmt::Write;

/// How the text of a context is laid out.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Layout {
    /// Clojure with comments.
    #[default]
    Text,
    /// Markdown, a heading and a block of code for each namespace.
    Markdown,
}

/// How much of a statement is shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// Its source.
    Whole,
    /// One line: name, arguments, the first line of the docstring.
    Signature,
}

/// A statement in a context.
#[derive(Clone, PartialEq, Debug)]
pub struct Item {
    /// The statement.
    pub statement: EntityId,
    /// Its name.
    pub fqn: String,
    /// Its namespace.
    pub namespace: Option<String>,
    /// The file it stands in.
    pub path: Option<String>,
    /// Why it is there.
    pub reason: Reason,
    /// How needed it is: the part of the looks of a reader that fall on it.
    pub score: f64,
    /// How much of it is shown.
    pub form: Form,
    /// Its source or signature.
    pub text: String,
}

/// What was found to be needed, within a budget.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Context {
    /// The statements, most needed first.
    pub items: Vec<Item>,
    /// All of them as one text, by namespace.
    pub text: String,
    /// How many tokens that text has.
    pub tokens: usize,
    /// How many it could have had.
    pub budget: usize,
    /// How many statements of the ranking did not fit.
    pub left_out: usize,
}

/// After so many statements that did not fit, no other is tried.
const TRIES: usize = 100;

/// No statement is shown with fewer tokens.
const SHORTEST: usize = 6;

/// Fills a budget from the top of a ranking. `whole` is the part of it for whole sources.
pub fn pack(
    db: &Db,
    network: &Network,
    signals: &Signals,
    ranking: &Ranking,
    budget: usize,
    layout: Layout,
    whole: f64,
) -> Result<Context, NotCode> {
    let source = Source::new(db)?;
    let mut packing = Packing::new(&source, network, budget, layout);
    let mut reasons = Reasons::new(&source, network, signals, ranking);
    let mut missed = 0;
    for (i, node) in ranking.order.iter().enumerate() {
        let share = if i < signals.seeds.len() { 1.0 } else { whole };
        let score = ranking.scores.get(*node as usize).copied().unwrap_or(0.0);
        let reason = reasons.next(*node);
        if packing.take(*node, score, reason, (budget as f64 * share) as usize) {
            missed = 0;
        } else {
            missed += 1;
            if missed > TRIES {
                break;
            }
        }
    }
    packing.grow();
    let (text, tokens) = packing.fit();
    let items: Vec<Item> = packing.taken.into_iter().map(|taken| taken.item).collect();
    let left_out = ranking.order.len() - items.len();
    Ok(Context { items, text, tokens, budget, left_out })
}

/// The statements of a file in a context.
struct Group {
    file: EntityId,
    namespace: Option<String>,
    path: Option<String>,
    requires: Requires,
    /// What its heading costs, until that is paid.
    opening: usize,
}

/// A statement that was taken, the group it is in and what it costs.
struct Taken {
    item: Item,
    group: usize,
    cost: usize,
}

struct Packing<'a> {
    source: &'a Source<'a>,
    network: &'a Network,
    layout: Layout,
    budget: usize,
    /// What was spent, by the sum of the pieces.
    used: usize,
    groups: Vec<Group>,
    taken: Vec<Taken>,
}

impl<'a> Packing<'a> {
    fn new(
        source: &'a Source<'a>,
        network: &'a Network,
        budget: usize,
        layout: Layout,
    ) -> Packing<'a> {
        let (groups, taken) = (Vec::new(), Vec::new());
        Packing { source, network, layout, budget, used: 0, groups, taken }
    }

    /// Takes a statement whole up to a mark, else as a signature; whether it was taken at all.
    fn take(&mut self, node: u32, score: f64, reason: Reason, mark: usize) -> bool {
        if self.used + SHORTEST > self.budget {
            return false;
        }
        let statement = self.network.statement(node);
        let group = self.group_of(node);
        let opening = self.groups[group].opening;
        let mut item = Item {
            statement,
            fqn: self.text(statement, Attr::StatementFqn),
            namespace: self.groups[group].namespace.clone(),
            path: self.groups[group].path.clone(),
            reason,
            score,
            form: Form::Whole,
            text: self.text(statement, Attr::StatementSource),
        };
        let room = mark.min(self.budget).saturating_sub(self.used + opening);
        let mut cost = self.cost_within(&item, group, room);
        if cost.is_none() {
            item.form = Form::Signature;
            item.text = signature::line(self.source, statement);
            let room = self.budget.saturating_sub(self.used + opening);
            cost = self.cost_within(&item, group, room);
        }
        let Some(cost) = cost else { return false };
        self.used += opening + cost;
        self.groups[group].opening = 0;
        if item.form == Form::Whole {
            self.groups[group].requires.meet(&item.text);
        }
        self.taken.push(Taken { item, group, cost });
        true
    }

    /// What an item costs with the requires that it brings, where that is no more than there is room for.
    fn cost_within(&self, item: &Item, group: usize, room: usize) -> Option<usize> {
        // A source has some four bytes a token: one of many times the room is not counted at all.
        const LONGEST: usize = 24;
        if item.text.len() / LONGEST > room {
            return None;
        }
        let requires = match item.form {
            Form::Whole => self.groups[group].requires.cost_of_unmet(&item.text),
            Form::Signature => 0,
        };
        Some(count_tokens(&piece(item)) + requires).filter(|cost| *cost <= room)
    }

    /// What is left turns signatures into whole sources, the most needed first.
    fn grow(&mut self) {
        for i in 0..self.taken.len() {
            let Taken { item, group, cost } = &self.taken[i];
            if item.form == Form::Whole {
                continue;
            }
            let (group, paid) = (*group, *cost);
            let text = self.text(item.statement, Attr::StatementSource);
            let whole = Item { form: Form::Whole, text, ..item.clone() };
            let room = (self.budget + paid).saturating_sub(self.used);
            if let Some(cost) = self.cost_within(&whole, group, room) {
                self.used = self.used + cost - paid;
                self.groups[group].requires.meet(&whole.text);
                self.taken[i] = Taken { item: whole, group, cost };
            }
        }
    }

    /// The text and its tokens; as long as they are too many, the least needed statements go.
    fn fit(&mut self) -> (String, usize) {
        loop {
            let text = self.render();
            let tokens = count_tokens(&text);
            if tokens <= self.budget {
                return (text, tokens);
            }
            let mut freed = 0;
            while self.budget + freed < tokens
                && let Some(last) = self.taken.pop()
            {
                freed += last.cost.max(1);
            }
        }
    }

    fn render(&self) -> String {
        let mut text = String::new();
        let mut order: Vec<usize> = Vec::new();
        for taken in &self.taken {
            if !order.contains(&taken.group) {
                order.push(taken.group);
            }
        }
        for group in order {
            let items = self.taken.iter().filter(|t| t.group == group).map(|t| &t.item);
            let (whole, signatures): (Vec<&Item>, Vec<&Item>) =
                items.partition(|item| item.form == Form::Whole);
            let mut code = String::new();
            let mut requires = self.groups[group].requires.afresh();
            whole.iter().for_each(|item| requires.meet(&item.text));
            if let Some(form) = requires.text() {
                code.push_str(&form);
                code.push_str("\n\n");
            }
            for item in whole.into_iter().chain(signatures) {
                code.push_str(&piece(item));
            }
            self.write_group(&mut text, &self.groups[group], code.trim_end());
        }
        text
    }

    /// Writes a group. A fence is longer than any run of backticks inside.
    fn write_group(&self, text: &mut String, group: &Group, code: &str) {
        if !text.is_empty() {
            text.push('\n');
        }
        let heading = heading(group);
        // Writing to a string cannot fail.
        let _ = match self.layout {
            Layout::Text => writeln!(text, ";;; {heading}\n\n{code}"),
            Layout::Markdown => {
                let runs = code.split(|c| c != '`').map(str::len);
                let fence = "`".repeat(runs.max().unwrap_or(0).max(2) + 1);
                writeln!(text, "## {heading}\n\n{fence}clojure\n{code}\n{fence}")
            }
        };
    }

    /// The group of a node's file, opened where it is the first of it.
    fn group_of(&mut self, node: u32) -> usize {
        let file = self.network.file(node);
        if let Some(at) = self.groups.iter().position(|group| group.file == file) {
            return at;
        }
        let of_file = |role| self.network.of_file(node).find(|n| self.network.role(*n) == role);
        let form = of_file(Role::Namespace).map(|ns| self.network.statement(ns));
        let form = form.map(|ns| self.text(ns, Attr::StatementSource)).unwrap_or_default();
        let optional = |e, attr| self.source.text(e, attr).map(|text| text.to_string());
        let mut group = Group {
            file,
            namespace: optional(self.network.statement(node), Attr::StatementNamespace),
            path: optional(file, Attr::FilePath),
            requires: Requires::of(&form),
            opening: 0,
        };
        // A heading stands between line feeds, in Markdown also before a fence and behind one.
        let marks = if self.layout == Layout::Text { 4 } else { 10 };
        group.opening = count_tokens(&heading(&group)) + marks;
        self.groups.push(group);
        self.groups.len() - 1
    }

    fn text(&self, statement: EntityId, attr: Attr) -> String {
        self.source.text(statement, attr).map(|text| text.to_string()).unwrap_or_default()
    }
}

/// `app.core (src/app/core.clj)`
fn heading(group: &Group) -> String {
    match (&group.namespace, &group.path) {
        (Some(namespace), Some(path)) => format!("{namespace} ({path})"),
        (Some(one), None) | (None, Some(one)) => one.clone(),
        (None, None) => String::new(),
    }
}

/// An item as it stands in a text.
fn piece(item: &Item) -> String {
    match item.form {
        Form::Whole => format!(";; {}\n{}\n\n", item.reason, item.text),
        Form::Signature => format!("{} ;; {}\n", item.text, item.reason),
    }
}
