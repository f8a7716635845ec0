//! Moves statements to another namespace, with all that it takes for them and everyone who uses them to mean the same.
//!
//! # What changes
//!
//! - The statements go, with the comments just above them, to the target: to its end, or before the first statement that
//!   uses them. Where there is no such namespace, a file is made for it beside the one they come from.
//! - In them, names are written as the target writes them: by its aliases and names; what it does not know yet it requires
//!   as they did at home. Vars of the target lose their prefix, vars of the old home get one. Auto-resolved keywords keep
//!   their namespace; classes are imported.
//! - Their users get the name from its new home: by the alias that they have for it or, where they have none, the one that
//!   the project uses; by `:refer` where they referred to it. What they required only for what has gone is not required any
//!   more.
//! - What only one platform reads is written in a reader conditional where the target has more readers.
//!
//! # What is refused, each with its place
//!
//! - A name that the target has already, or refers to.
//! - Private vars: of the old home, used in what moves; in what moves, used by who stays. They can move along.
//! - Namespaces that would load each other in a circle.
//! - A target that not all readers of the statements read; statements that several files define; macros that ClojureScript
//!   uses, since who loads them is said in too many ways.
//! - Anything in any file that would not mean what it meant: everything is found again in the new texts.
//!
//! Names in strings, in quoted data and in comments are left as they are and told of.

mod home;
mod order;
mod text;
mod users;

use super::draft::Change;
use super::handed_on::handed_on;
use super::meaning::Altered;
use super::name;
use super::ns_form::{Clause, NsForm};
use super::reason::{Reason, Refused, Why};
use super::renaming::Renaming;
use super::sources::Sources;
use super::work::{Key, Work};
use crate::analysis::Platform;
use home::{Home, Target};
use rustc_hash::FxHashMap;

/// Moves statements, by their full names, to a namespace.
///
/// ```
/// use code::{analysis::Rules, refactor::{Sources, move_statements}};
/// let files = vec![
///     ("a.clj".to_string(), "(ns a (:require [s :as s]))\n(defn f [x] (s/g x))\n(f 1)".to_string()),
///     ("b.clj".to_string(), "(ns b)\n(def k 1)".to_string()),
/// ];
/// let sources = Sources::read(files, &Rules::default());
/// let change = move_statements(&sources, &["a/f"], "b").unwrap();
/// assert_eq!(change.files[0].after.as_deref(), Some("(ns a (:require [b :as b]))\n(b/f 1)"));
/// assert_eq!(
///     change.files[1].after.as_deref(),
///     Some("(ns b\n  (:require [s :as s]))\n(def k 1)\n\n(defn f [x] (s/g x))")
/// );
/// ```
pub fn move_statements(sources: &Sources, names: &[&str], to: &str) -> Result<Change, Refused> {
    name::check_namespace(to)?;
    let home = Home::of(sources, names)?;
    let target = Target::of(sources, &home, to)?;
    let mut moving = Moving::new(sources, home, target);
    moving.guard();
    let texts = moving.moved_texts();
    // What they refer to is settled before what is written for it.
    moving.forms();
    moving.users();
    moving.put(&texts);
    moving.finish()
}

/// A move at work.
struct Moving<'a> {
    work: Work<'a>,
    home: Home,
    target: Target,
    renaming: Renaming,
}

impl<'a> Moving<'a> {
    fn new(sources: &'a Sources, home: Home, target: Target) -> Moving<'a> {
        let mut renaming = Renaming::default();
        for var in &home.vars {
            renaming.var(&home.ns, var, &target.ns, var);
        }
        let vars = |ns: &String| home.vars.iter().map(|var| (ns.clone(), var.clone())).collect();
        let work = Work::new(sources, vars(&home.ns), vars(&target.ns));
        let mut moving = Moving { work, home, target, renaming };
        moving.begin_target();
        moving
    }

    fn begin_target(&mut self) {
        let form = match self.target.file {
            Some((file, ns)) => self.work.outlines[file].ns_forms[ns].form.clone(),
            None => {
                let text = format!("(ns {})", self.target.ns);
                // A name that was checked makes a form that reads.
                NsForm::read(&text, self.target.platforms).unwrap_or_else(|| unreachable!())
            }
        };
        let naming = self.work.naming_of(form, self.target.platforms);
        self.work.namings.insert(self.target_key(), naming);
    }

    fn target_key(&self) -> Key {
        self.target.file.unwrap_or((self.work.sources.len(), 0))
    }

    /// Whether a var is among those that move.
    fn moves(&self, to: Option<&str>, name: &str) -> bool {
        to == Some(&*self.home.ns) && self.home.vars.contains(name)
    }

    /// Whether an offset is in a statement that moves.
    fn in_moved(&self, file: usize, offset: usize) -> bool {
        file == self.home.file && self.home.ranges.iter().any(|range| range.contains(&offset))
    }

    /// Refuses names that the target has, and macros of ClojureScript.
    fn guard(&mut self) {
        let sources = self.work.sources;
        for (file, found) in sources.all() {
            for def in &found.definitions {
                if *def.ns == *self.target.ns && self.home.vars.contains(&*def.name) {
                    let message = format!("{}/{} is defined already", def.ns, def.name);
                    self.work.refuse(
                        file,
                        &def.name_at,
                        Why::Taken,
                        message,
                        "rename one of them first",
                    );
                }
            }
            for used in &found.usages {
                if !self.moves(used.to.as_deref(), &used.name) {
                    continue;
                }
                let cljs = self.work.platforms(file, used.lang).contains(Platform::Cljs);
                if cljs && self.home.macros.contains(&*used.name) {
                    let message = format!("ClojureScript uses the macro {} here", used.name);
                    self.work.refuse(
                        file,
                        &used.name_at,
                        Why::Unsupported,
                        message,
                        "move it by hand",
                    );
                }
            }
        }
        self.guard_handed_on();
        let target = &self.work.namings[&self.target_key()];
        for lib in target.form.libs().iter().filter(|lib| lib.ns != self.home.ns) {
            for refer in lib.refers.iter().filter(|r| self.home.vars.contains(&r.name)) {
                let message = format!(
                    "`{}` is {}/{} in {}",
                    refer.name, lib.ns, refer.original, self.target.ns
                );
                self.work.draft.refuse(Reason::new(Why::Taken, message));
            }
        }
    }

    /// Refuses where what moves is handed on: which library it comes from stands there for many at once.
    fn guard_handed_on(&mut self) {
        for handed in handed_on(self.work.sources) {
            let at = &handed.own.name_at;
            let stays = !self.in_moved(handed.file, at.start as usize);
            if stays && self.moves(Some(&handed.var.to), &handed.var.name) {
                let help = "take it out of this form first, and put it behind its new namespace";
                self.work.refuse(handed.file, at, Why::Unsupported, handed.told(), help);
            }
        }
    }

    /// Takes what is required for nothing any more out of the `ns` forms, checks that nothing loads itself, and finishes.
    fn finish(mut self) -> Result<Change, Refused> {
        let home = self.home.file;
        if let Some(ns) = self.work.outlines[home].ns_at(self.home.ranges[0].start) {
            self.work.naming((home, ns));
        }
        self.work.drop_unused();
        self.refuse_cycles();
        let names = self.home.vars.iter().map(|var| format!("{}/{var}", self.home.ns)).collect();
        self.work.tell_of(names);
        self.work.finish(&self.renaming, &Altered::nothing())
    }

    /// Refuses what would make namespaces load each other in a circle that do not now.
    fn refuse_cycles(&mut self) {
        type Node = (String, Platform);
        let mut loads: FxHashMap<Node, Vec<Node>> = FxHashMap::default();
        let mut new: Vec<(Node, Node)> = Vec::new();
        let edges = |form: &NsForm| -> Vec<(Node, Node)> {
            let libs = form.libs().iter().filter(|lib| !lib.alias_only && lib.ns != form.name());
            libs.flat_map(|lib| {
                let is_macros = matches!(lib.clause, Clause::RequireMacros | Clause::UseMacros);
                lib.platforms.iter().map(move |platform| {
                    let there = if is_macros { Platform::Clj } else { platform };
                    ((form.name().to_owned(), platform), (lib.ns.clone(), there))
                })
            })
            .collect()
        };
        for (file, outline) in self.work.outlines.iter().enumerate() {
            for (at, ns) in outline.ns_forms.iter().enumerate() {
                let was = edges(&ns.form);
                let is = self.work.namings.get(&(file, at)).map(|naming| edges(&naming.form));
                for (from, to) in is.unwrap_or_else(|| was.clone()) {
                    if !was.contains(&(from.clone(), to.clone())) {
                        new.push((from.clone(), to.clone()));
                    }
                    loads.entry(from).or_default().push(to);
                }
            }
        }
        if self.target.file.is_none() {
            for (from, to) in edges(&self.work.namings[&self.target_key()].form) {
                loads.entry(from).or_default().push(to);
            }
        }
        let mut told: Vec<Node> = Vec::new();
        for (from, to) in new {
            if told.contains(&from) {
                continue;
            }
            if let Some(path) = path(&loads, &to, &from) {
                told.extend(path.clone());
                let names: Vec<&str> = path.iter().map(|(ns, _)| ns.as_str()).collect();
                let message = format!(
                    "{} would have to load {}, which loads it: {} → {}",
                    from.0,
                    to.0,
                    from.0,
                    names.join(" → ")
                );
                let help = "move what it uses along, or choose another namespace";
                self.work.draft.refuse(Reason::new(Why::Unsupported, message).help(help));
            }
        }
    }
}

/// A shortest way from one namespace to another, both in it.
fn path<N: Clone + Eq + std::hash::Hash>(
    loads: &FxHashMap<N, Vec<N>>,
    from: &N,
    to: &N,
) -> Option<Vec<N>> {
    let mut came_from: FxHashMap<N, N> = FxHashMap::default();
    let mut queue = vec![from.clone()];
    let mut next = 0;
    while next < queue.len() {
        let at = queue[next].clone();
        next += 1;
        if at == *to {
            let mut path = vec![at];
            while let Some(before) = path.last().and_then(|last| came_from.get(last)) {
                path.push(before.clone());
            }
            path.reverse();
            return Some(path);
        }
        for there in loads.get(&at).into_iter().flatten() {
            if there != from && !came_from.contains_key(there) {
                came_from.insert(there.clone(), at.clone());
                queue.push(there.clone());
            }
        }
    }
    None
}
