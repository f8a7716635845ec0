//! Writes the value of a local where the local is used, and takes its binding away.
//!
//! # What changes
//!
//! - The value stands at each use, with the hints that the binding had. A `let` that binds nothing any more becomes its body, or
//!   a `do`; `when-let` and `if-let` become `when` and `if`.
//!
//! # What is refused
//!
//! - A value with an effect, or that nobody knows to have none, unless it is used once, is evaluated there once, and nothing with
//!   an effect comes before it that did not. What makes a new thing each time must be used once, and not in a loop or function.
//! - Exceptions that would be caught, vars that would be bound otherwise.
//! - Uses in calls of macros that nobody knows, as steps of threads, in data.
//! - Parameters, bindings of loops, what is taken apart.
//! - A local in the way of a name. Everything is found again, and must be what it was, at each use as well.
//!
//! What is pure may be evaluated more often than before; that is told.

mod value;
mod way;
mod written;

use crate::analysis::{LocalUsageFound, Place};
use crate::refactor::check;
use crate::refactor::draft::{Change, Draft};
use crate::refactor::local;
use crate::refactor::outline::Outline;
use crate::refactor::reason::{Reason, Refused, Why};
use crate::refactor::renaming::Renaming;
use crate::refactor::sources::Sources;
use crate::refactor::tree;
use edn::syntax::Kind;
use std::collections::{BTreeMap, BTreeSet};
use value::{Judge, Named, Worth};
use way::{Course, Way};
use written::Written;

/// Inlines the local that is bound or used at a byte of a file.
///
/// ```
/// use code::{analysis::Rules, refactor::{Sources, inline_local}};
/// let text = "(ns a)\n(defn f [x]\n  (let [y (inc x)\n        z (dec y)]\n    (* z 2)))\n";
/// let sources = Sources::read(vec![("a.clj".into(), text.into())], &Rules::default());
/// let change = inline_local(&sources, 0, text.find("z ").unwrap() as u32).unwrap();
/// assert_eq!(
///     change.files[0].after.as_deref(),
///     Some("(ns a)\n(defn f [x]\n  (let [y (inc x)]\n    (* (dec y) 2)))\n")
/// );
/// ```
pub fn inline_local(sources: &Sources, file: usize, at: u32) -> Result<Change, Refused> {
    let outline = Outline::of(sources.path(file), sources.text(file));
    let judge = Judge::new(sources, &outline, file);
    let binding = Binding::of(sources, &judge, file, at)?;
    let mut inlining = Inlining { sources, judge: &judge, draft: Draft::new(sources), binding };
    inlining.guard();
    inlining.finish()
}

/// A local with its value, and all its uses.
struct Binding<'a> {
    file: usize,
    name: String,
    /// The node of its name with what it is hinted to be, and of its value.
    pattern: usize,
    value: usize,
    /// The form that binds it, the vector in that, and the form's body.
    form: usize,
    vector: usize,
    body: Vec<usize>,
    /// Whether the body depends on the value, as in `when-let`.
    is_test: bool,
    /// Its uses by place, each with the platforms that read it as one.
    uses: BTreeMap<usize, Vec<&'a LocalUsageFound>>,
}

impl<'a> Binding<'a> {
    fn of(
        sources: &'a Sources,
        judge: &Judge<'a>,
        file: usize,
        at: u32,
    ) -> Result<Binding<'a>, Reason> {
        let found = sources.found(file);
        let ids = local::named(sources, file, at)?;
        let bound = found.locals.iter().filter(|local| ids.contains(&local.id));
        let places: BTreeSet<Place> = bound.map(|local| local.at).collect();
        let Some(place) = places.first().copied() else {
            let message = format!("no local is bound there in {}", sources.path(file));
            return Err(Reason::new(Why::Unknown, message));
        };
        let outline = judge.outline;
        let name = sources.token(file, &place).to_owned();
        let refused = |what: &str, help: &str| {
            let reason = Reason::new(Why::Unsupported, format!("`{name}` {what}"));
            reason.at(sources.at(file, &place)).help(help)
        };
        if places.len() > 1 {
            return Err(refused(
                "is bound in several places, for several platforms",
                "inline it by hand",
            ));
        }
        let parameter = || {
            refused(
                "is no name with a value in a `let`",
                "parameters, bindings of loops and what is taken apart have none",
            )
        };
        let path = tree::around(&outline.tree, place.start, place.end);
        // The name may have hints before it.
        let is_meta = |node: &&usize| outline.tree.node(**node).kind == Kind::Meta;
        let hints = path.iter().rev().skip(1).take_while(is_meta).count();
        let pattern_at = path.len() - 1 - hints;
        let Some([form, vector]) = pattern_at.checked_sub(2).map(|at| [path[at], path[at + 1]])
        else {
            return Err(parameter());
        };
        let pattern = path[pattern_at];
        let forms: Vec<usize> = outline.tree.forms(form).collect();
        let pairs: Vec<usize> = outline.tree.forms(vector).collect();
        let index = pairs.iter().position(|node| *node == pattern);
        let head = core_head(judge, form);
        let is_binding = forms.get(1) == Some(&vector)
            && outline.tree.node(vector).kind == Kind::Vector
            && index.is_some_and(|index| index % 2 == 0);
        let (true, Some(head @ ("let" | "when-let" | "if-let"))) = (is_binding, head) else {
            return Err(parameter());
        };
        let conditional = |node: &usize| {
            matches!(outline.tree.node(*node).kind, Kind::Conditional | Kind::ConditionalSplicing)
        };
        let splices = pairs.iter().step_by(2).any(conditional)
            || pairs.iter().any(|n| outline.tree.node(*n).kind == Kind::ConditionalSplicing);
        let value = index.and_then(|index| pairs.get(index + 1)).copied();
        let (false, Some(value)) = (splices, value) else {
            return Err(refused("is bound beside a reader conditional", "inline it by hand"));
        };
        let mut uses: BTreeMap<usize, Vec<&LocalUsageFound>> = BTreeMap::new();
        for used in found.local_usages.iter().filter(|used| ids.contains(&used.id)) {
            uses.entry(used.at.start as usize).or_default().push(used);
        }
        if uses.is_empty() {
            let message = format!("nothing uses `{name}`");
            let reason = Reason::new(Why::Unknown, message).at(sources.at(file, &place));
            return Err(reason.help("take its binding away, if its value has no effect"));
        }
        let (is_test, body) = (head != "let", forms[2..].to_vec());
        Ok(Binding { file, name, pattern, value, form, vector, body, is_test, uses })
    }
}

/// The name of the core macro that heads a list, where it is written so.
fn core_head<'a>(judge: &Judge<'a>, list: usize) -> Option<&'a str> {
    let outline = judge.outline;
    let is_list = outline.tree.node(list).kind == Kind::List;
    let head = outline.tree.forms(list).next().filter(|_| is_list)?;
    let Named::Vars(used) = judge.named(head) else { return None };
    let text = outline.node_text(head);
    let is_core = |ns: &str| matches!(ns, "clojure.core" | "cljs.core");
    let written =
        used.iter().all(|used| *used.name == *text && used.to.as_deref().is_some_and(is_core));
    written.then_some(text)
}

struct Inlining<'a> {
    sources: &'a Sources,
    judge: &'a Judge<'a>,
    draft: Draft<'a>,
    binding: Binding<'a>,
}

impl Inlining<'_> {
    fn refuse(&mut self, used: &Place, message: &str, help: &str) {
        let message = format!("`{}`: {message}", self.binding.name);
        let reason = Reason::new(Why::Unsupported, message);
        let reason = reason.at(self.sources.at(self.binding.file, used));
        self.draft.refuse(if help.is_empty() { reason } else { reason.help(help) });
    }

    /// Refuses uses where the value cannot stand, or would be evaluated otherwise.
    fn guard(&mut self) {
        let worth = self.judge.worth(self.binding.value);
        let evaluated = self.binding.uses.len() + usize::from(self.binding.is_test);
        let uses: Vec<Place> = self.binding.uses.values().map(|used| used[0].at).collect();
        let mut more_often = evaluated > 1;
        for used in uses {
            match self.way(&used) {
                Err(why) => self.refuse(&used, &why, "change this use first"),
                Ok(way) => {
                    if let Some((why, help)) = self.why_not(&worth, &way, evaluated) {
                        self.refuse(&used, &why, help);
                    }
                    more_often |= way.course == Course::Again;
                }
            }
        }
        if let (Some(around), true) = (self.around(), self.is_removed()) {
            let way = Way::along(self.judge, &[around, self.binding.form]);
            if way.is_err() || way.is_ok_and(|way| way.is_step) {
                let text = self.judge.outline.head(around);
                let message = format!(
                    "what becomes of the `let` stands in a call of `{text}`, which may take it for something else"
                );
                let used = self.first_use();
                self.refuse(&used, &message, "inline it by hand");
            }
        }
        if more_often && worth == Worth::Pure {
            let text = self.judge.outline.node_text(self.binding.value);
            let line = text.lines().next().unwrap_or_default();
            self.draft
                .remark(format!("`{line}` is evaluated more often than it was; it has no effect"));
        }
    }

    fn first_use(&self) -> Place {
        let mut uses = self.binding.uses.values().map(|used| used[0].at);
        uses.next().unwrap_or_else(|| unreachable!("there are uses"))
    }

    /// The form around the one that binds the local.
    fn around(&self) -> Option<usize> {
        let outline = self.judge.outline;
        let node = outline.tree.node(self.binding.form);
        let path = tree::around(&outline.tree, node.start, node.end);
        path.iter().rposition(|node| *node == self.binding.form)?.checked_sub(1).map(|at| path[at])
    }

    /// Whether nothing but the body is left of the `let`.
    fn is_removed(&self) -> bool {
        let outline = self.judge.outline;
        let is_hinted =
            self.around().is_some_and(|node| outline.tree.node(node).kind == Kind::Meta);
        self.is_last() && self.binding.body.len() == 1 && !is_hinted
    }

    /// Whether the `let` binds nothing else.
    fn is_last(&self) -> bool {
        !self.binding.is_test && self.judge.outline.tree.forms(self.binding.vector).count() == 2
    }

    /// The way to a use; why the value cannot stand there.
    fn way(&self, used: &Place) -> Result<Way, String> {
        let (outline, binding) = (self.judge.outline, &self.binding);
        let node = tree::around(&outline.tree, used.start, used.end).last().copied();
        let node =
            node.filter(|node| outline.range(*node) == (used.start as usize..used.end as usize));
        let Some(node) = node else { return Err("a member of it is used here".to_owned()) };
        let path = outline.path_to(binding.form, node);
        let in_vector = path.get(1) == Some(&binding.vector);
        let mut way = Way::along(self.judge, &path[if in_vector { 2 } else { 1 }..])?;
        // What comes after the value, and before the form that the use is in.
        let limit = outline.range(path[if in_vector { 2 } else { 1 }]).start;
        let values = outline.tree.forms(binding.vector).chain(binding.body.iter().copied());
        let from = outline.range(binding.value).end;
        let mut between = values.filter(|form| (from..limit).contains(&outline.range(*form).start));
        let before = between.find_map(|form| self.judge.effect(form));
        way.before = before.or(way.before);
        if binding.is_test {
            way.course = way.course.max(Course::Perhaps);
        }
        Ok(way)
    }

    /// Why a value of some worth cannot stand at the end of a way, and what can be done.
    fn why_not(
        &self,
        worth: &Worth,
        way: &Way,
        evaluated: usize,
    ) -> Option<(String, &'static str)> {
        const FIRST: &str = "change this use first";
        let value = self.binding.value;
        let is_name =
            matches!(self.judge.outline.tree.node(value).kind, Kind::Symbol | Kind::Keyword);
        let no = |why: &str| Some((why.to_owned(), FIRST));
        if way.is_step && !is_name {
            return no("it is a step of a thread here");
        }
        if way.in_short_function && self.judge.has_short_function(value) {
            return no("a `#()` cannot stand in another one");
        }
        if way.rebound && self.judge.names_vars(value) {
            return no("vars are bound otherwise here");
        }
        if way.guarded && *worth != Worth::Cheap {
            return no("an exception would be caught here");
        }
        match worth {
            Worth::Cheap | Worth::Pure => None,
            Worth::Unique if evaluated > 1 || way.course == Course::Again => {
                no("its value is one thing, and would be made each time")
            }
            Worth::Unique => None,
            Worth::Effect(why) if evaluated > 1 => {
                Some((format!("it is used {evaluated} times, and {why}"), "leave it bound"))
            }
            Worth::Effect(why) if way.course != Course::Once => {
                Some((format!("it is not evaluated just once here, and {why}"), "leave it bound"))
            }
            Worth::Effect(why) if way.rebound => {
                Some((format!("vars are bound otherwise here, and {why}"), "leave it bound"))
            }
            Worth::Effect(why) => way.before.as_ref().map(|before| {
                (format!("what has an effect would come before it ({before}), and its value is not pure ({why})"), "leave it bound")
            }),
        }
    }

    fn finish(mut self) -> Result<Change, Refused> {
        let written =
            Written::of(self.judge.outline, &self.binding, self.is_last(), self.is_removed());
        let file = self.binding.file;
        for edit in &written.edits {
            self.draft.replace(file, edit.start..edit.end, &edit.text);
        }
        let binding = self.binding;
        self.draft.finish_with(&Renaming::default(), |before, after, places| {
            let others = |other: usize| match other == file {
                true => check::Moved { file: None, edits: None },
                false => places(other),
            };
            let mut reasons = check::differences(before, after, others, &Renaming::default());
            let here = places(file);
            if let (Some(now), Some(edits)) = (here.file, here.edits) {
                reasons.extend(written.differences(before, (after, now), &binding, edits));
            }
            reasons
        })
    }
}
