//! Writes what a var is where it is used, and deletes its definition.
//!
//! # What changes
//!
//! - A value stands where the var stood. A function's body stands where it was called: with the arguments in the places of
//!   its parameters, or bound by `let` where an argument would be evaluated more than once, not at all, or in another order.
//!   Where the function is used and not called it becomes a `fn`.
//! - In another namespace the names in it are written as that namespace writes them; what it must require is added.
//! - The definition goes with its comments, and what `ns` forms said of it.
//!
//! # What is refused
//!
//! - Values that are made once, unless they are constants or certainly pure: each use would make them again.
//! - Functions of several arities, of any number of arguments, with conditions, that call themselves or `recur`; macros,
//!   protocols, records, dynamic and exported vars.
//! - Uses of the var itself (`#'x`), in syntax quotes, in steps of a thread, in what `binding` binds.
//! - A local that would capture a name. Everything is found again in the new texts.

mod body;
mod call;
mod local;

pub use local::inline_local;

use super::draft::Change;
use super::edit::{Edit, Edits};
use super::handed_on::handed_on;
use super::meaning::{Altered, Fate};
use super::name;
use super::named::unknown;
use super::reason::{Reason, Refused, Why};
use super::renaming::Renaming;
use super::sources::Sources;
use super::work::{Tokens, Work};
use crate::analysis::{DefinitionFound, UsageFound};
use body::Body;
use edn::syntax::Kind;
use rustc_hash::FxHashSet;
use std::ops::Range;

/// Inlines a var, by its full name.
///
/// ```
/// use code::{analysis::Rules, refactor::{Sources, inline}};
/// let text = "(ns a)\n\n(defn twice [x] (+ x x))\n\n(defn f [y] [(twice y) (twice (inc y))])\n";
/// let sources = Sources::read(vec![("a.clj".into(), text.into())], &Rules::default());
/// let change = inline(&sources, "a/twice").unwrap();
/// assert_eq!(
///     change.files[0].after.as_deref(),
///     Some("(ns a)\n\n(defn f [y] [(+ y y) (let [x (inc y)] (+ x x))])\n")
/// );
/// ```
pub fn inline(sources: &Sources, var: &str) -> Result<Change, Refused> {
    let (ns, name) = name::split(var).ok_or_else(|| unknown(var))?;
    let (file, def) = definition(sources, ns, name)?;
    let gone = FxHashSet::from_iter([(ns.to_owned(), name.to_owned())]);
    let work = Work::new(sources, gone, FxHashSet::default());
    let body = Body::of(&work, file, def)?;
    let mut inlining = Inlining { work, file, ns, name, body, edits: Vec::new() };
    inlining.uses();
    inlining.guard_handed_on();
    inlining.forms();
    inlining.finish()
}

/// The only definition of a var.
fn definition<'a>(
    sources: &'a Sources,
    ns: &str,
    name: &str,
) -> Result<(usize, &'a DefinitionFound), Reason> {
    let mut found: Option<(usize, &DefinitionFound)> = None;
    for (file, findings) in sources.all() {
        for def in &findings.definitions {
            if *def.ns != *ns || *def.name != *name || *def.kind == *"declare" {
                continue;
            }
            if found.is_some_and(|(other, first)| (other, first.name_at) != (file, def.name_at)) {
                return Err(Reason::new(Why::Unsupported, format!("{ns}/{name} is defined twice"))
                    .at(sources.at(file, &def.name_at)));
            }
            found = Some((file, def));
        }
    }
    found.ok_or_else(|| unknown(&format!("{ns}/{name}")))
}

struct Inlining<'a> {
    work: Work<'a>,
    /// The file of the definition, and the var.
    file: usize,
    ns: &'a str,
    name: &'a str,
    body: Body,
    /// What stands for uses, by file.
    edits: Vec<(usize, Edit)>,
}

impl Inlining<'_> {
    fn refuse(&mut self, file: usize, used: &UsageFound, message: &str, help: &str) {
        let message = format!("{}/{}: {message}", self.ns, self.name);
        self.work.refuse(file, &used.name_at, Why::Unsupported, message, help);
    }

    fn uses(&mut self) {
        let mut any = false;
        for file in 0..self.work.sources.len() {
            let is_var =
                |used: &UsageFound| used.to.as_deref() == Some(self.ns) && *used.name == *self.name;
            if !self.work.sources.found(file).usages.iter().any(is_var) {
                continue;
            }
            let tokens: Tokens<'_> = self.work.tokens(file, |_| true);
            let uses: Vec<_> = tokens
                .into_iter()
                .filter(|(_, used)| used.iter().any(|used| is_var(used)))
                .collect();
            // What is inside of an argument comes before what is around it.
            for ((start, end), used) in uses.into_iter().rev() {
                any = true;
                if used
                    .iter()
                    .any(|used| used.to.as_deref() != Some(self.ns) || *used.name != *self.name)
                {
                    self.refuse(
                        file,
                        used[0],
                        "it does not mean the same on all platforms here",
                        "write it in a reader conditional first",
                    );
                    continue;
                }
                self.one_use(file, start..end, used[0]);
            }
        }
        if !any {
            let message = format!("nothing uses {}/{}", self.ns, self.name);
            let help = format!("`defbase delete {}/{}` deletes it", self.ns, self.name);
            self.work.draft.refuse(Reason::new(Why::Unknown, message).help(help));
        }
        for (file, edit) in std::mem::take(&mut self.edits) {
            self.work.edit(file, edit.start..edit.end, edit.text);
        }
    }

    fn one_use(&mut self, file: usize, at: Range<usize>, used: &UsageFound) {
        let outline = &self.work.outlines[file];
        let statement = outline.statement_at(at.start).map(|place| outline.statements[place]);
        let node = (0..outline.tree.nodes.len()).find(|node| {
            outline.range(*node) == at && outline.tree.node(*node).kind == Kind::Symbol
        });
        let (Some(statement), Some(node)) = (statement, node) else { return };
        let path = outline.path_to(statement, node);
        if file == self.file && outline.range(statement) == self.body.statement {
            return self.refuse(file, used, "it calls itself", "");
        }
        if let Some(message) = self.not_here(file, &path) {
            return self.refuse(file, used, message, "change this use first");
        }
        let outline = &self.work.outlines[file];
        let parent = path.len().checked_sub(2).map(|at| path[at]);
        let called = parent.filter(|parent| {
            outline.tree.node(*parent).kind == Kind::List
                && outline.tree.forms(*parent).next() == Some(node)
        });
        let edit = match called.filter(|_| self.body.is_function()) {
            Some(list) => self.called(file, list, at.start, used),
            None => self.value_at(file, at, used),
        };
        let Some(edit) = edit else { return };
        // What stands inside of it is part of it now.
        self.edits.retain(|(other, inner)| {
            *other != file || inner.start < edit.start || inner.end > edit.end
        });
        self.edits.push((file, edit));
    }

    /// Why a use cannot be replaced where it is.
    fn not_here(&self, file: usize, path: &[usize]) -> Option<&'static str> {
        const THREADS: [&str; 7] = ["->", "->>", "some->", "some->>", "cond->", "cond->>", "doto"];
        const REBINDS: [&str; 4] = ["binding", "with-redefs", "set!", "with-redefs-fn"];
        let outline = &self.work.outlines[file];
        let mut quoted = 0;
        for (at, around) in path.iter().enumerate() {
            match outline.tree.node(*around).kind {
                Kind::Var => return Some("the var itself is used here"),
                Kind::SyntaxQuote => quoted += 1,
                Kind::Unquote | Kind::UnquoteSplicing => quoted -= 1,
                Kind::Fn if self.body.has_short_function => {
                    return Some("a `#()` cannot stand in another one");
                }
                _ => {}
            }
            let head = outline.head(*around);
            let place = |child: Option<&usize>| {
                let child = child.copied();
                outline.tree.forms(*around).position(|form| Some(form) == child)
            };
            if THREADS.contains(&head) && place(path.get(at + 1)).is_some_and(|at| at >= 2) {
                // A step that is a list with the var somewhere inside is an argument as any other.
                let is_step = path.len() <= at + 2
                    || outline.tree.forms(path[at + 1]).next() == path.get(at + 2).copied();
                if is_step {
                    return Some("it is a step of a thread here");
                }
            }
            if REBINDS.contains(&head) && place(path.get(at + 1)) == Some(1) {
                let vector = path.get(at + 1).copied();
                let name = vector.and_then(|v| {
                    outline.tree.forms(v).position(|form| Some(form) == path.get(at + 2).copied())
                });
                if head == "set!" || name.is_some_and(|at| at % 2 == 0) {
                    return Some("it is bound again here");
                }
            }
        }
        (quoted > 0).then_some("it is in what a macro makes")
    }

    /// The value, or the function, where the var stands.
    fn value_at(&mut self, file: usize, at: Range<usize>, used: &UsageFound) -> Option<Edit> {
        let text = match self.body.parameters.clone() {
            None => self.body.value.clone(),
            Some(_) => self.body.function.clone(),
        };
        let text = self.transplanted(file, at.start, used, text)?;
        Some(Edit { start: at.start, end: at.end, text })
    }

    /// A part of a file with what is inlined in it already.
    fn written(&self, file: usize, range: Range<usize>) -> String {
        let inside = self.edits.iter().filter(|(other, edit)| {
            *other == file && range.start <= edit.start && edit.end <= range.end
        });
        let edits = inside.map(|(_, edit)| Edit {
            start: edit.start - range.start,
            end: edit.end - range.start,
            text: edit.text.clone(),
        });
        let text = &self.work.outlines[file].text[range.clone()];
        // Uses do not overlap, and what was around one took it in.
        Edits::of(edits.collect()).map_or_else(|_| text.to_owned(), |edits| edits.apply(text))
    }

    /// What `ns` forms say of the var.
    fn forms(&mut self) {
        for file in 0..self.work.sources.len() {
            for ns in 0..self.work.outlines[file].ns_forms.len() {
                let form = self.work.outlines[file].ns_forms[ns].form.clone();
                for lib in form.libs().iter().filter(|lib| *lib.ns == *self.ns) {
                    let gone: Vec<String> = lib
                        .refers
                        .iter()
                        .filter(|refer| *refer.original == *self.name)
                        .map(|refer| refer.name.clone())
                        .collect();
                    if !gone.is_empty() {
                        self.work.drop_refers((file, ns), lib, &gone);
                    }
                }
            }
        }
    }

    /// Refuses where the var is handed on: it has to stay for that.
    fn guard_handed_on(&mut self) {
        for handed in handed_on(self.work.sources) {
            if (&*handed.var.to, &*handed.var.name) == (self.ns, self.name) {
                let help = "take it out of this form first";
                let at = &handed.own.name_at;
                self.work.refuse(handed.file, at, Why::Unsupported, handed.told(), help);
            }
        }
    }

    fn finish(mut self) -> Result<Change, Refused> {
        let users: Vec<(usize, Range<usize>)> = (0..self.work.sources.len())
            .flat_map(|file| {
                let outline = &self.work.outlines[file];
                let used =
                    self.work.sources.found(file).usages.iter().filter(|used| {
                        used.to.as_deref() == Some(self.ns) && *used.name == *self.name
                    });
                let at = used.filter_map(|used| outline.statement_at(used.name_at.start as usize));
                let ranges = at.map(|at| (file, outline.range(outline.statements[at])));
                ranges.collect::<Vec<_>>()
            })
            .collect();
        let (file, own) = (self.file, self.body.statement.clone());
        let place = self.work.outlines[file].statement_at(own.start);
        for other in 0..self.work.sources.len() {
            let statements: Vec<usize> = place.filter(|_| other == file).into_iter().collect();
            self.work.take_out(other, &statements);
        }
        if let Some(ns) = self.work.outlines[file].ns_at(own.start) {
            self.work.naming((file, ns));
        }
        self.work.drop_unused();
        let fate = |other: usize, offset: usize| {
            if other == file && own.contains(&offset) {
                Fate::Gone
            } else if users.iter().any(|(file, range)| *file == other && range.contains(&offset)) {
                Fate::Changed
            } else {
                Fate::Same
            }
        };
        self.work.finish(&Renaming::default(), &Altered { fate: &fate, new: &[] })
    }
}
