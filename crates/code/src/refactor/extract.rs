//! Makes a function of an expression.
//!
//! # What changes
//!
//! - A private function with the expression as its body stands before the statement, and before the comments just above it. The
//!   locals that the expression uses and does not bind are its parameters, in the order of their use, with the hints of classes
//!   that they have. Lines of the body move to its new column; lines inside of strings do not.
//! - A call of it stands where the expression stood.
//! - What only one platform reads becomes a function that only that platform reads.
//!
//! # What is refused
//!
//! - A name that the namespace defines or refers to, that core has, or that is a local there.
//! - What is no expression: names and literals, data, parameters and patterns, steps of a thread, methods, clauses.
//! - What cannot leave its function: `recur` to outside, `%`, `&env` and `&form`, waiting for a channel, setting a local.
//!
//! Under a macro of the project, which may take the expression for something else, there is a warning.

mod place;

pub use place::Spot;

use super::draft::Change;
use super::layout::shifted;
use super::meaning::{Altered, Fate};
use super::name;
use super::ns_form::Platforms;
use super::reason::{Refused, Why};
use super::renaming::Renaming;
use super::sources::Sources;
use super::work::Work;
use crate::analysis::{Lines, Place, core_var};
use edn::syntax::Kind;
use place::Found;
use rustc_hash::FxHashSet;
use std::ops::Range;

/// Makes a function of this name of an expression.
///
/// ```
/// use code::{analysis::Rules, refactor::{Sources, Spot, extract}};
/// let text = "(ns a)\n\n(defn f [x]\n  (let [y 1]\n    (+ x y)))\n";
/// let sources = Sources::read(vec![("a.clj".into(), text.into())], &Rules::default());
/// let change = extract(&sources, &Spot::In { statement: "a/f", text: "(+ x y)" }, "sum").unwrap();
/// assert_eq!(
///     change.files[0].after.as_deref(),
///     Some("(ns a)\n\n(defn- sum [x y]\n  (+ x y))\n\n(defn f [x]\n  (let [y 1]\n    (sum x y)))\n")
/// );
/// ```
pub fn extract(sources: &Sources, spot: &Spot<'_>, new: &str) -> Result<Change, Refused> {
    name::check_var(new)?;
    let found = Found::of(sources, spot)?;
    let vars = FxHashSet::from_iter([(found.ns.clone(), new.to_owned())]);
    let mut extraction =
        Extraction { work: Work::new(sources, FxHashSet::default(), vars), found, new };
    extraction.guard_name();
    extraction.guard_place();
    extraction.guard_inside();
    extraction.write();
    let (file, range) = (extraction.found.file, extraction.found.statement_range.clone());
    let fate = |other: usize, offset: usize| match other == file && range.contains(&offset) {
        true => Fate::Changed,
        false => Fate::Same,
    };
    let new = [format!("{}/{new}", extraction.found.ns)];
    extraction.work.finish(&Renaming::default(), &Altered { fate: &fate, new: &new })
}

struct Extraction<'a> {
    work: Work<'a>,
    found: Found,
    new: &'a str,
}

/// Macros whose steps are no expressions.
const THREADS: [&str; 7] = ["->", "->>", "some->", "some->>", "cond->", "cond->>", "doto"];

/// Forms that bind names in a vector.
const BINDS: [&str; 16] = [
    "let",
    "loop",
    "for",
    "doseq",
    "when-let",
    "if-let",
    "when-some",
    "if-some",
    "when-first",
    "binding",
    "with-open",
    "with-redefs",
    "with-local-vars",
    "dotimes",
    "go-loop",
    "let*",
];

/// Forms with parameters.
const FUNCTIONS: [&str; 10] = [
    "fn",
    "fn*",
    "defn",
    "defn-",
    "defmacro",
    "defmethod",
    "letfn",
    "bound-fn",
    "deftest",
    "definline",
];

/// Forms whose parts are methods.
const METHODS: [&str; 8] = [
    "defrecord",
    "deftype",
    "reify",
    "proxy",
    "extend-type",
    "extend-protocol",
    "defprotocol",
    "definterface",
];

/// Forms whose methods have no bodies.
const SIGNATURES: [&str; 2] = ["defprotocol", "definterface"];

impl Extraction<'_> {
    fn refuse(&mut self, at: Range<usize>, why: Why, message: String, help: &str) {
        let text = self.work.outlines[self.found.file].text;
        let place = Lines::of(text).place(at.start as u32..at.end as u32);
        self.work.refuse(self.found.file, &place, why, message, help);
    }

    fn guard_name(&mut self) {
        let (sources, new, ns) = (self.work.sources, self.new, self.found.ns.clone());
        let here = self.found.range.clone();
        let definitions = sources.all().flat_map(|(_, found)| &found.definitions);
        let defined = definitions.filter(|def| *def.ns == *ns).any(|def| *def.name == *new);
        let form = self.work.naming((self.found.file, self.found.ns_form));
        if defined
            || form.takes(new)
                && form
                    .form
                    .libs()
                    .iter()
                    .any(|lib| lib.refers.iter().any(|refer| refer.name == *new))
        {
            let message = format!("`{new}` means something in {ns} already");
            self.refuse(here, Why::Taken, message, "choose another name");
        } else if core_var(new, false).is_some() || core_var(new, true).is_some() {
            let message = format!("`{new}` is the name of a core var");
            self.refuse(here, Why::Taken, message, "choose another name");
        } else if Work::is_local(sources, self.found.file, here.start, new) {
            let message = format!("`{new}` is a local here");
            self.refuse(here, Why::Captured, message, "choose another name");
        }
    }

    fn head(&self, node: usize) -> &str {
        self.work.outlines[self.found.file].head(node)
    }

    /// Refuses what stands where no expression does.
    fn guard_place(&mut self) {
        let outline = &self.work.outlines[self.found.file];
        let kind = |node: usize| outline.tree.node(node).kind;
        let takes = matches!(
            kind(self.found.node),
            Kind::List
                | Kind::Vector
                | Kind::Map
                | Kind::Set
                | Kind::Fn
                | Kind::Deref
                | Kind::Tagged
        );
        let mut why_not = None;
        if !takes {
            why_not = Some("a name or a literal needs no function");
        }
        let path = &self.found.path;
        let mut quoted = 0;
        for pair in path.windows(2) {
            let (around, inner) = (pair[0], pair[1]);
            match kind(around) {
                Kind::Quote => why_not = why_not.or(Some("it is data")),
                Kind::SyntaxQuote => quoted += 1,
                Kind::Unquote | Kind::UnquoteSplicing => quoted -= 1,
                Kind::Meta if outline.tree.forms(around).next() == Some(inner) => {
                    why_not = why_not.or(Some("it is metadata"));
                }
                _ => {}
            }
        }
        if quoted > 0 {
            why_not = why_not.or(Some("it is what a macro makes"));
        }
        if self.found.platforms.iter().next().is_none() {
            why_not = why_not.or(Some("no platform that is known here reads it"));
        }
        let why_not = why_not.or_else(|| self.no_expression());
        if let Some(why) = why_not {
            let message = format!("this is no expression that a function could be made of: {why}");
            self.refuse(
                self.found.range.clone(),
                Why::Unsupported,
                message,
                "choose the whole of an expression",
            );
        }
    }

    /// Why a form is no expression where it stands.
    fn no_expression(&self) -> Option<&'static str> {
        let outline = &self.work.outlines[self.found.file];
        let path = &self.found.path;
        let own = path.len() - 1;
        let Some((parent, at)) = self.around(own) else { return Some("it is a whole statement") };
        let outer = outline.tree.node(path[own - 1]).kind;
        if matches!(outer, Kind::Conditional | Kind::ConditionalSplicing) {
            return Some("it is what readers choose from");
        }
        if matches!(self.head(path[own]), "catch" | "finally" | "recur" | "case*") {
            return Some("it is part of the form around it");
        }
        let head = self.head(path[parent]);
        if THREADS.contains(&head) && at >= 2 {
            return Some("it is a step of a thread");
        }
        if METHODS.contains(&head) && at >= 1 {
            return Some("it is a method, or fields");
        }
        if matches!(head, "." | "..") && at >= 2 {
            return Some("it is a member");
        }
        let clauses = outline.tree.forms(path[parent]).count();
        if head == "case" && at >= 2 && at % 2 == 0 && at + 1 < clauses {
            return Some("it is a constant");
        }
        if at == 1 && (BINDS.contains(&head) || head == "letfn") {
            return Some("it is what is bound");
        }
        let after_let = outline.tree.forms(path[parent]).nth(at.wrapping_sub(1));
        if after_let.is_some_and(|n| outline.node_text(n) == ":let") {
            return Some("it is what is bound");
        }
        if FUNCTIONS.contains(&head) && self.has_parameters(path[own]) {
            return Some("it is a function's arity");
        }
        (1..=own).rev().find_map(|at| self.binds(at))
    }

    /// The form around a node of the path, and the place of the node in it: both without the reader conditionals between them.
    fn around(&self, mut own: usize) -> Option<(usize, usize)> {
        let outline = &self.work.outlines[self.found.file];
        let path = &self.found.path;
        let kind = |at: Option<usize>| at.map(|at| outline.tree.node(path[at]).kind);
        loop {
            // What stands behind a feature, and what is spliced from there.
            let behind = kind(own.checked_sub(2));
            if matches!(behind, Some(Kind::Conditional | Kind::ConditionalSplicing)) {
                own -= 2;
            } else if kind(own.checked_sub(3)) == Some(Kind::ConditionalSplicing) {
                own -= 3;
            } else {
                break;
            }
        }
        let parent = own.checked_sub(1)?;
        let place = outline.tree.forms(path[parent]).position(|node| node == path[own]);
        Some((parent, place.unwrap_or_default()))
    }

    /// Whether a list begins with parameters.
    fn has_parameters(&self, list: usize) -> bool {
        let tree = &self.work.outlines[self.found.file].tree;
        let first = tree.forms(list).next();
        tree.node(list).kind == Kind::List
            && first.is_some_and(|first| tree.node(first).kind == Kind::Vector)
    }

    /// Why what is inside of a node of the path binds names.
    fn binds(&self, own: usize) -> Option<&'static str> {
        let tree = &self.work.outlines[self.found.file].tree;
        let path = &self.found.path;
        let (parent, at) = self.around(own)?;
        let is_vector = |node: usize| tree.node(node).kind == Kind::Vector;
        let head = self.head(path[parent]);
        // Behind the value that a method is for, which may be a vector.
        let first = if head == "defmethod" { 3 } else { 1 };
        let parameters = tree.forms(path[parent]).skip(first).find(|node| is_vector(*node));
        if FUNCTIONS.contains(&head) && head != "deftest" && parameters == Some(path[own]) {
            return Some("it is parameters");
        }
        let (around, place) = self.around(parent)?;
        let head = self.head(path[around]);
        let is_method = METHODS.contains(&head) && tree.node(path[parent]).kind == Kind::List;
        if is_method && (SIGNATURES.contains(&head) || at == 1 && is_vector(path[own])) {
            return Some("it is parameters");
        }
        if BINDS.contains(&head) && place == 1 && at % 2 == 0 {
            return Some("it is a pattern");
        }
        if FUNCTIONS.contains(&head) && at == 0 && self.has_parameters(path[parent]) {
            return Some("it is parameters");
        }
        None
    }

    /// Refuses what cannot leave the function that it is in.
    fn guard_inside(&mut self) {
        let file = self.found.file;
        let outline = &self.work.outlines[file];
        let inside = self.found.node..outline.tree.node(self.found.node).next as usize;
        let mut refused: Vec<(Range<usize>, String)> = Vec::new();
        for node in inside {
            if outline.tree.node(node).kind != Kind::Symbol {
                continue;
            }
            let token = outline.node_text(node);
            let at = outline.range(node);
            let own_function = |heads: &[&str]| {
                outline.path_to(self.found.node, node).iter().any(|around| {
                    outline.tree.node(*around).kind == Kind::Fn
                        || heads.contains(&outline.head(*around))
                })
            };
            if token == "recur"
                && !own_function(&["loop", "fn", "fn*", "letfn", "reify", "go-loop"])
            {
                refused.push((at, "`recur` would go to another function".to_owned()));
            } else if token.starts_with('%') && !own_function(&[]) {
                refused.push((at, format!("`{token}` is of the function around it")));
            } else if matches!(token, "&env" | "&form") {
                refused.push((at, format!("`{token}` is only in the macro")));
            }
        }
        let range = self.found.range.clone();
        let waits = |name: &str| matches!(name, "<!" | ">!" | "alts!" | "alt!");
        for used in &self.work.sources.found(file).usages {
            let at = used.name_at.start as usize..used.name_at.end as usize;
            let is_async = used.to.as_deref().is_some_and(|to| to.ends_with("core.async"));
            if range.contains(&at.start) && is_async && waits(&used.name) {
                refused.push((at, format!("`{}` waits only inside of its `go`", used.name)));
            }
        }
        for node in self.found.node..outline.tree.node(self.found.node).next as usize {
            let target = outline.tree.forms(node).nth(1);
            if outline.tree.node(node).kind == Kind::List
                && outline.head(node) == "set!"
                && let Some(target) = target
                && self.free().iter().any(|(name, _)| name == outline.node_text(target))
            {
                let message = format!("`{}` is set here", outline.node_text(target));
                refused.push((outline.range(target), message));
            }
        }
        refused.sort_by_key(|(at, _)| at.start);
        refused.dedup();
        for (at, message) in refused {
            self.refuse(at, Why::Unsupported, message, "choose another expression");
        }
    }

    /// The locals that the expression uses and does not bind, with the hints that they have, in the order of their use.
    fn free(&self) -> Vec<(String, Option<String>)> {
        let found = self.work.sources.found(self.found.file);
        let range = &self.found.range;
        let inside = |place: &Place| range.contains(&(place.start as usize));
        let mut uses: Vec<_> = found.local_usages.iter().filter(|used| inside(&used.at)).collect();
        uses.sort_by_key(|used| used.at.start);
        let mut free: Vec<(String, Option<String>)> = Vec::new();
        for used in uses {
            let local = found.locals.iter().find(|local| local.id == used.id);
            let Some(local) = local.filter(|local| !inside(&local.at)) else { continue };
            if !free.iter().any(|(name, _)| **name == *local.name) {
                free.push((local.name.to_string(), self.hint(&local.at)));
            }
        }
        free
    }

    /// The class that a local is hinted to be, where it is bound.
    fn hint(&self, at: &Place) -> Option<String> {
        let text = self.work.outlines[self.found.file].text;
        let before = text[..at.start as usize].trim_end();
        let start = before.rfind(|c: char| c.is_whitespace() || "([{".contains(c))? + 1;
        let hint = before[start..].strip_prefix('^')?;
        // Hints of primitive types change how a function is called.
        let is_class = hint.rsplit('.').next()?.starts_with(|c: char| c.is_uppercase());
        is_class.then(|| format!("^{hint} "))
    }

    fn write(&mut self) {
        let file = self.found.file;
        let free = self.free();
        let outline = &self.work.outlines[file];
        let newline = if outline.text.contains("\r\n") { "\r\n" } else { "\n" };
        let range = self.found.range.clone();
        let line = outline.text[..range.start].rfind('\n').map_or(0, |feed| feed + 1);
        let column = outline.text[line..range.start].chars().count() as isize;
        let body = shifted(&outline.text[range.clone()], 2 - column);
        let hinted: Vec<String> = free
            .iter()
            .map(|(name, hint)| format!("{}{name}", hint.as_deref().unwrap_or_default()))
            .collect();
        let new = self.new;
        let mut function = format!("(defn- {new} [{}]{newline}  {body})", hinted.join(" "));
        let readers: Platforms = self.found.platforms;
        if readers != outline.platforms {
            let inner = shifted(&function, 3);
            let branch = |p: crate::analysis::Platform| format!(":{}{newline}   {inner}", p.name());
            let branches: Vec<String> = readers.iter().map(branch).collect();
            function = format!("#?({})", branches.join(&format!("{newline}   ")));
        }
        let start = outline.with_comments(self.found.statement).start;
        let names = free.iter().map(|(name, _)| name.as_str());
        let call: Vec<&str> = std::iter::once(new).chain(names).collect();
        let call = format!("({})", call.join(" "));
        self.warn_of_macros();
        self.work.edit(file, start..start, format!("{function}{newline}{newline}"));
        self.work.edit(file, range, call);
    }

    /// Macros of the project around the expression.
    fn warn_of_macros(&mut self) {
        let file = self.found.file;
        let sources = self.work.sources;
        let macros: FxHashSet<(&str, &str)> = sources
            .all()
            .flat_map(|(_, found)| &found.definitions)
            .filter(|def| def.is_macro)
            .map(|def| (&*def.ns, &*def.name))
            .collect();
        let outline = &self.work.outlines[file];
        let heads: Vec<usize> = self
            .found
            .path
            .iter()
            .filter(|around| **around != self.found.node)
            .filter_map(|around| outline.tree.forms(*around).next())
            .map(|head| outline.range(head).start)
            .collect();
        for used in &sources.found(file).usages {
            let to = used.to.as_deref().unwrap_or_default();
            if heads.contains(&(used.name_at.start as usize)) && macros.contains(&(to, &*used.name))
            {
                let message =
                    format!("{to}/{} is a macro: see whether it takes a call as well", used.name);
                self.work.draft.warn(file, &used.name_at, message);
            }
        }
    }
}
