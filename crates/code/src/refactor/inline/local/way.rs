//! The way from a `let` down to a use of its local: whether what stands there is evaluated, how often, and after what.

use super::value::{Judge, Named};
use crate::analysis::{UsageFound, is_special_form};
use edn::syntax::Kind;

/// How often something is evaluated when what is around it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Course {
    /// Once.
    Once,
    /// Once at most, now or later.
    Perhaps,
    /// Each time that something else happens.
    Again,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Way {
    pub(super) course: Course,
    /// What happens before, and did not before the value.
    pub(super) before: Option<String>,
    /// Where an exception would be caught.
    pub(super) guarded: bool,
    /// Where vars are bound otherwise.
    pub(super) rebound: bool,
    /// It is a step of a thread by itself.
    pub(super) is_step: bool,
    /// In a `#()`, which nothing else of the kind can stand in.
    pub(super) in_short_function: bool,
}

/// What one form does with one of its parts.
enum Turn {
    To(Course),
    /// An exception is caught.
    Guarded,
    /// Vars are bound otherwise.
    Rebound,
    /// The methods, or functions, of a form: a list that is no call stands in between.
    Method,
    /// A step of a thread.
    Step(Course),
    /// The vector of a comprehension: its first value once, the others again and again.
    Comprehension,
    /// A vector of names and values.
    Bindings,
}

const ONCE: Turn = Turn::To(Course::Once);
const PERHAPS: Turn = Turn::To(Course::Perhaps);
const AGAIN: Turn = Turn::To(Course::Again);

impl Way {
    /// From the first of these nodes, each of which stands in the one before, to the last; or why nothing else can stand there.
    /// What is in the first one before the second is no matter.
    pub(super) fn along(judge: &Judge<'_>, path: &[usize]) -> Result<Way, String> {
        let mut way = Way {
            course: Course::Once,
            before: None,
            guarded: false,
            rebound: false,
            is_step: false,
            in_short_function: false,
        };
        let mut at = 0;
        while let [parent, child, ..] = path[at..] {
            let turn = turn(judge, parent, child)?;
            way.note_before(judge, parent, child);
            way.in_short_function |= judge.outline.tree.node(parent).kind == Kind::Fn;
            let mut steps = 1;
            match turn {
                Turn::To(course) => way.course = way.course.max(course),
                Turn::Guarded => way.guarded = true,
                Turn::Rebound => way.rebound = true,
                Turn::Method => {
                    way.course = Course::Again;
                    steps = 2;
                }
                Turn::Step(course) => {
                    way.course = way.course.max(course);
                    way.is_step |= at + 2 == path.len();
                    if at + 2 < path.len() {
                        is_call(judge, child)?;
                    }
                }
                Turn::Comprehension | Turn::Bindings => {
                    if let Some(&inner) = path.get(at + 2) {
                        let index = place(judge, child, inner);
                        let is_comprehension = matches!(turn, Turn::Comprehension);
                        way.note_before(judge, child, inner);
                        way.course = way.course.max(match index {
                            1 => Course::Once,
                            _ if is_comprehension => Course::Again,
                            index if index % 2 == 1 => Course::Once,
                            _ => Course::Perhaps,
                        });
                        steps = 2;
                    }
                }
            }
            at += steps;
        }
        Ok(way)
    }

    /// Notes what has an effect among what is evaluated before a part of a form.
    fn note_before(&mut self, judge: &Judge<'_>, parent: usize, child: usize) {
        let tree = &judge.outline.tree;
        // In what order maps and sets are made is open; a thread to the last place turns the order of arguments round.
        let is_open = matches!(tree.node(parent).kind, Kind::Map | Kind::Set)
            || judge.outline.head(parent) == "->>";
        let mut others = tree.forms(parent).take_while(|form| is_open || *form != child);
        let effect = others.find_map(|form| judge.effect(form).filter(|_| form != child));
        self.before = self.before.take().or(effect);
    }
}

/// The place of a form in another.
pub(super) fn place(judge: &Judge<'_>, parent: usize, child: usize) -> usize {
    judge.outline.tree.forms(parent).take_while(|form| *form != child).count()
}

/// What a form does with one of its parts; why that is no expression, where it is none.
fn turn(judge: &Judge<'_>, parent: usize, child: usize) -> Result<Turn, String> {
    let outline = judge.outline;
    let index = place(judge, parent, child);
    match outline.tree.node(parent).kind {
        Kind::Quote => Err("it is data here".to_owned()),
        Kind::SyntaxQuote => Err("it is in what a macro makes".to_owned()),
        Kind::Meta if index == 0 => Err("it is metadata here".to_owned()),
        Kind::Tagged => {
            let tag = outline.tree.forms(parent).next().map(|tag| outline.node_text(tag));
            match tag {
                Some("js") => Ok(ONCE),
                _ => Err("a reader tag makes something else of it".to_owned()),
            }
        }
        Kind::Eval => Err("the reader evaluates it".to_owned()),
        Kind::Fn => call(judge, parent, index).map(|_| AGAIN),
        Kind::List if is_branch(judge, parent) => Ok(ONCE),
        Kind::List => call(judge, parent, index),
        _ => Ok(ONCE),
    }
}

/// Whether a list is that of a reader conditional.
fn is_branch(judge: &Judge<'_>, list: usize) -> bool {
    let around = list.checked_sub(1).map(|before| judge.outline.tree.node(before));
    around.is_some_and(|node| {
        matches!(node.kind, Kind::Conditional | Kind::ConditionalSplicing)
            && node.next > list as u32
    })
}

/// A step of a thread that is a list must be a call.
fn is_call(judge: &Judge<'_>, list: usize) -> Result<(), String> {
    let head = judge.outline.tree.forms(list).next();
    let head = head.filter(|head| judge.outline.tree.node(*head).kind == Kind::Symbol);
    let Some(head) = head else { return Ok(()) };
    match judge.named(head) {
        Named::Vars(used) if !used.iter().all(|used| judge.is_macro(used) == Some(false)) => {
            Err(format!("it is in a step of a thread, of `{}`", judge.outline.node_text(head)))
        }
        // The thread moves its parts.
        Named::Other if is_special_form(judge.outline.node_text(head)) => {
            Err(format!("it is in a step of a thread, of `{}`", judge.outline.node_text(head)))
        }
        _ => Ok(()),
    }
}

/// What a list does with one of its parts.
fn call(judge: &Judge<'_>, list: usize, index: usize) -> Result<Turn, String> {
    let outline = judge.outline;
    let head = outline.tree.forms(list).next();
    let Some(head) = head.filter(|head| outline.tree.node(*head).kind == Kind::Symbol) else {
        return Ok(ONCE);
    };
    let text = outline.node_text(head);
    match judge.named(head) {
        Named::Local => Ok(ONCE),
        Named::Vars(used) => used.iter().try_fold(ONCE, |_, used| of_var(judge, used, text, index)),
        Named::Other => special(text, index),
    }
}

fn of_var(judge: &Judge<'_>, used: &UsageFound, text: &str, index: usize) -> Result<Turn, String> {
    match (judge.is_macro(used), used.to.as_deref()) {
        (Some(false), _) => Ok(ONCE),
        (Some(true), Some("clojure.core" | "cljs.core")) => of_macro(&used.name, index),
        (Some(true), Some("clojure.test" | "cljs.test")) => match &*used.name {
            "is" | "testing" => Ok(PERHAPS),
            "deftest" => Ok(AGAIN),
            _ => Err(format!("it is in a call of the macro `{text}`")),
        },
        (Some(true), _) => Err(format!("it is in a call of the macro `{text}`")),
        (None, Some(_)) => {
            Err(format!("it is in a call of `{text}`, and nobody knows whether that is a macro"))
        }
        (None, None) => Err(format!("it is in a call of `{text}`, which is not resolved")),
    }
}

/// Special forms, and what the host does.
fn special(text: &str, index: usize) -> Result<Turn, String> {
    match text {
        "if" if index > 1 => Ok(PERHAPS),
        "try" => Ok(Turn::Guarded),
        "thrown?" | "thrown-with-msg?" => Ok(Turn::Guarded),
        "catch" => Ok(PERHAPS),
        "set!" if index == 1 => Err("it is set here".to_owned()),
        "quote" | "var" | "let*" | "loop*" | "fn*" | "letfn*" | "case*" | "deftype*" | "reify*" => {
            Err(format!("it is in a `{text}`"))
        }
        "js*" | "ns*" | "import*" | "monitor-enter" | "monitor-exit" | "in-ns" => {
            Err(format!("it is in a `{text}`"))
        }
        _ => Ok(ONCE),
    }
}

/// Macros of the core.
fn of_macro(name: &str, index: usize) -> Result<Turn, String> {
    Ok(match name {
        "when" | "when-not" | "if-not" | "and" | "or" | "cond" | "case" if index == 1 => ONCE,
        "condp" if index < 3 => ONCE,
        "when" | "when-not" | "if-not" | "and" | "or" | "cond" | "case" | "condp" | "assert" => {
            PERHAPS
        }
        "let" | "loop" | "with-open" | "binding" | "with-redefs" | "if-let" | "when-let"
        | "if-some" | "when-some" | "dotimes"
            if index == 1 =>
        {
            Turn::Bindings
        }
        "let" | "with-open" | "time" | "vswap!" => ONCE,
        "if-let" | "when-let" | "if-some" | "when-some" => PERHAPS,
        "binding" | "with-redefs" | "locking" | "with-out-str" | "with-in-str" => Turn::Rebound,
        "for" | "doseq" if index == 1 => Turn::Comprehension,
        "loop" | "dotimes" | "for" | "doseq" | "while" | "fn" | "bound-fn" | "dosync" => AGAIN,
        "defn" | "defn-" | "defmacro" | "defmethod" if index > 1 => AGAIN,
        "def" if index > 1 => ONCE,
        "def" | "defonce" | "defmulti" => PERHAPS,
        "letfn" if index > 1 => ONCE,
        "reify" | "proxy" | "deftype" | "defrecord" | "extend-type" | "extend-protocol" => {
            Turn::Method
        }
        "delay" | "future" | "lazy-seq" | "lazy-cat" => PERHAPS,
        "->" | "->>" | "some->" | "some->>" | "cond->" | "cond->>" | "doto" | "as->" | ".."
            if index == 1 =>
        {
            ONCE
        }
        "->" | "->>" | "doto" => Turn::Step(Course::Once),
        "some->" | "some->>" => Turn::Step(Course::Perhaps),
        "cond->" | "cond->>" if index.is_multiple_of(2) => PERHAPS,
        "cond->" | "cond->>" => Turn::Step(Course::Perhaps),
        "as->" => ONCE,
        _ => return Err(format!("it is in a call of the macro `{name}`")),
    })
}
