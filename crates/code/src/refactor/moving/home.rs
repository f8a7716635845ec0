//! Where statements come from and where they go.

use crate::refactor::named::{statements, unknown};
use crate::refactor::ns_form::Platforms;
use crate::refactor::outline::Outline;
use crate::refactor::reason::{Reason, Refused, Why};
use crate::refactor::sources::Sources;
use crate::refactor::work::is_load;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// The statements that move, and their namespace.
#[derive(Debug)]
pub(super) struct Home {
    pub(super) file: usize,
    pub(super) ns: String,
    /// The statements, by their places among those of the file.
    pub(super) statements: Vec<usize>,
    /// Where they stand, with their comments.
    pub(super) ranges: Vec<Range<usize>>,
    /// The vars that they define, and the macros, records and types among them.
    pub(super) vars: BTreeSet<String>,
    pub(super) macros: BTreeSet<String>,
    pub(super) privates: BTreeSet<String>,
    /// Who reads them.
    pub(super) platforms: Platforms,
}

/// Where they go.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) ns: String,
    /// The file and the `ns` form in it, where they are there already.
    pub(super) file: Option<(usize, usize)>,
    /// Its path.
    pub(super) path: String,
    /// Who reads it.
    pub(super) platforms: Platforms,
}

impl Home {
    pub(super) fn of(sources: &Sources, names: &[&str]) -> Result<Home, Refused> {
        let mut chosen: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
        for name in names {
            let found = statements(sources, name);
            if found.is_empty() {
                return Err(unknown(name).into());
            }
            for (file, statement) in found {
                chosen.entry(file).or_default().insert(statement);
            }
        }
        if chosen.len() != 1 {
            let paths: Vec<&str> = chosen.keys().map(|file| sources.path(*file)).collect();
            return Err(Reason::new(
                Why::Unsupported,
                format!("these statements stand in several files: {}", paths.join(", ")),
            )
            .help("move what one file defines at a time")
            .into());
        }
        let Some((file, mut statements)) = chosen.pop_first() else {
            return Err(Reason::new(Why::Unknown, "nothing is named that could move").into());
        };
        let outline = Outline::of(sources.path(file), sources.text(file));
        let vars = vars(sources, file, &outline, &mut statements)?;
        let first = statements.first().map_or(0, |s| outline.range(outline.statements[*s]).start);
        let ns = outline.ns_at(first).map(|at| outline.ns_forms[at].form.name().to_owned());
        let Some(ns) = ns else {
            return Err(Reason::new(
                Why::Unsupported,
                format!("{} has no `ns` form before it", names.join(", ")),
            )
            .help("only what an `ns` form puts into a namespace can move")
            .into());
        };
        if matches!(&*ns, "clojure.core" | "cljs.core") {
            let message =
                format!("{} is known everywhere without being required", names.join(", "));
            return Err(Reason::new(Why::Unsupported, message)
                .help("core vars stay in core")
                .into());
        }
        let mut home = Home {
            file,
            ns,
            ranges: Vec::new(),
            statements: statements.into_iter().collect(),
            vars,
            macros: BTreeSet::new(),
            privates: BTreeSet::new(),
            platforms: outline.platforms,
        };
        home.describe(sources, &outline)?;
        Ok(home)
    }

    fn describe(&mut self, sources: &Sources, outline: &Outline<'_>) -> Result<(), Reason> {
        let found = sources.found(self.file);
        for statement in &self.statements {
            let node = outline.statements[*statement];
            let text = &outline.text[outline.range(node)];
            let makes_up = ["(ns ", "(in-ns", "(declare"].iter().any(|head| text.starts_with(head));
            if makes_up || is_load(text) {
                let line = text.lines().next().unwrap_or_default();
                let message = format!("`{line}` makes up its namespace and cannot move");
                return Err(Reason::new(Why::Unsupported, message));
            }
            self.ranges.push(outline.with_comments(node));
        }
        for def in found.definitions.iter().filter(|def| self.vars.contains(&*def.name)) {
            if *def.ns != *self.ns {
                let message = format!(
                    "{}/{} is in a namespace that no `ns` form makes here",
                    def.ns, def.name
                );
                let reason = Reason::new(Why::Unsupported, message);
                return Err(reason.at(sources.at(self.file, &def.name_at)));
            }
            if def.is_macro {
                self.macros.insert(def.name.to_string());
            }
            if def.private {
                self.privates.insert(def.name.to_string());
            }
        }
        Ok(())
    }
}

/// All vars that statements define; statements of the file that define one of them too are added.
fn vars(
    sources: &Sources,
    file: usize,
    outline: &Outline<'_>,
    statements: &mut BTreeSet<usize>,
) -> Result<BTreeSet<String>, Reason> {
    let definitions = &sources.found(file).definitions;
    let defining =
        |def: &crate::analysis::DefinitionFound| outline.statement_at(def.name_at.start as usize);
    let mut vars: BTreeSet<String> = BTreeSet::new();
    loop {
        let before = (vars.len(), statements.len());
        for def in definitions.iter().filter(|def| *def.kind != *"declare") {
            let Some(at) = defining(def) else { continue };
            if statements.contains(&at) {
                vars.insert(def.name.to_string());
            } else if vars.contains(&*def.name) {
                statements.insert(at);
            }
        }
        if before == (vars.len(), statements.len()) {
            break;
        }
    }
    let ns = definitions.iter().find(|def| vars.contains(&*def.name)).map(|def| def.ns.clone());
    for (other, found) in sources.all().filter(|(other, _)| *other != file) {
        for def in &found.definitions {
            if Some(&def.ns) == ns.as_ref() && vars.contains(&*def.name) {
                let message =
                    format!("{}/{} is defined in {} too", def.ns, def.name, sources.path(file));
                return Err(Reason::new(Why::Unsupported, message)
                    .at(sources.at(other, &def.name_at))
                    .help("what two files define cannot move; make it one file first, or move it by hand"));
            }
        }
    }
    Ok(vars)
}

impl Target {
    pub(super) fn of(sources: &Sources, home: &Home, to: &str) -> Result<Target, Reason> {
        if home.ns == to {
            let message =
                format!("{} is in {to} already", home.vars.iter().next().unwrap_or(&home.ns));
            return Err(Reason::new(Why::Taken, message));
        }
        let mut there: Vec<Target> = Vec::new();
        for (file, found) in sources.all() {
            if !found.namespaces.iter().any(|ns| *ns.name == *to) {
                continue;
            }
            let outline = Outline::of(sources.path(file), sources.text(file));
            let ns = outline.ns_forms.iter().position(|ns| ns.form.name() == to);
            there.extend(ns.map(|ns| Target {
                ns: to.to_owned(),
                file: Some((file, ns)),
                path: sources.path(file).to_owned(),
                platforms: outline.platforms,
            }));
        }
        if there.is_empty() {
            return Target::made(sources, home, to);
        }
        let paths: Vec<String> = there.iter().map(|target| target.path.clone()).collect();
        let mut fitting: Vec<Target> =
            there.into_iter().filter(|target| home.platforms.within(target.platforms)).collect();
        fitting.sort_by_key(|target| (target.platforms.iter().count(), target.path.clone()));
        let Some(target) = fitting.into_iter().next() else {
            let message = format!(
                "{to} is in {}, which not all readers of {} read",
                paths.join(", "),
                sources.path(home.file)
            );
            return Err(Reason::new(Why::Unsupported, message)
                .help("choose a namespace in a file with the same ending, or in a .cljc file"));
        };
        if target.file.is_some_and(|(file, _)| file == home.file) {
            let message = format!("{} and {to} are in one file", home.ns);
            return Err(Reason::new(Why::Unsupported, message).help("move it by hand"));
        }
        Ok(target)
    }

    /// A namespace that is not there yet, beside the one that the statements come from.
    fn made(sources: &Sources, home: &Home, to: &str) -> Result<Target, Reason> {
        let path = sources.path(home.file);
        let (stem, ending) = path.rsplit_once('.').unwrap_or((path, "clj"));
        let inside = |ns: &str| ns.replace('-', "_").replace('.', "/");
        let Some(root) = stem.strip_suffix(&inside(&home.ns)) else {
            let message = format!(
                "{to} is not there, and {path} does not show where namespaces are kept: it is not called as its own"
            );
            return Err(
                Reason::new(Why::Unsupported, message).help("make the file of the namespace first")
            );
        };
        let new = format!("{root}{}.{ending}", inside(to));
        if sources.index(&new).is_some() {
            let message = format!("{new} is there and does not make the namespace {to}");
            return Err(Reason::new(Why::Taken, message));
        }
        Ok(Target { ns: to.to_owned(), file: None, path: new, platforms: home.platforms })
    }
}
