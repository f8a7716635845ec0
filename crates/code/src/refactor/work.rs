//! What refactorings that move, delete or inline code have in common: every file as an [`Outline`], edits, and the `ns` forms
//! of those whose names change.
//!
//! An `ns` form is changed through the [`Naming`] of its namespace, which is made when it is first asked for. At the end each
//! of them loses what it requires for nothing any more, and becomes one edit.

use super::draft::{Change, Draft};
use super::edit::{Edit, Edits};
use super::meaning::Altered;
use super::mentions::{self, Mentioned, Texts};
use super::naming::Naming;
use super::ns_form::{Lib, NsForm, Platforms, Refer};
use super::outline::Outline;
use super::reason::{Reason, Refused, Why};
use super::renaming::Renaming;
use super::sources::Sources;
use super::unused::{Used, drop_now_unused, entering};
use crate::analysis::{Lines, Place, UsageFound};
use rustc_hash::FxHashSet;
use std::collections::BTreeMap;
use std::ops::Range;

/// A file's place among the sources, and an `ns` form's in it; a new file comes behind all others.
pub(super) type Key = (usize, usize);

/// A var: its namespace and name.
pub(super) type Var = (String, String);

/// What tokens of a text mean, for each platform that reads them.
pub(super) type Tokens<'u> = BTreeMap<(usize, usize), Vec<&'u UsageFound>>;

/// See the module.
pub(super) struct Work<'a> {
    pub(super) sources: &'a Sources,
    pub(super) draft: Draft<'a>,
    pub(super) outlines: Vec<Outline<'a>>,
    pub(super) namings: BTreeMap<Key, Naming<'a>>,
    edits: BTreeMap<usize, Vec<Edit>>,
    /// The vars that go, and those that come.
    gone: FxHashSet<Var>,
    new: FxHashSet<Var>,
    /// Full names whose mentions are told of.
    told: Vec<String>,
}

impl<'a> Work<'a> {
    pub(super) fn new(sources: &'a Sources, gone: FxHashSet<Var>, new: FxHashSet<Var>) -> Work<'a> {
        let files = sources.files().iter();
        let outlines = files.map(|(path, text)| Outline::of(path, text)).collect();
        Work {
            sources,
            draft: Draft::new(sources),
            outlines,
            namings: BTreeMap::new(),
            edits: BTreeMap::new(),
            gone,
            new,
            told: Vec::new(),
        }
    }

    /// Tells in the end where these full names stand in strings, comments and data.
    pub(super) fn tell_of(&mut self, names: Vec<String>) {
        self.told = names;
    }

    /// Vars go.
    pub(super) fn go(&mut self, vars: FxHashSet<Var>) {
        self.gone = vars;
    }

    /// A naming for a namespace with the vars that it has afterwards.
    pub(super) fn naming_of(&self, form: NsForm, everyone: Platforms) -> Naming<'a> {
        let name = form.name().to_owned();
        let definitions = self.sources.all().flat_map(|(_, found)| &found.definitions);
        let here = definitions.filter(|def| *def.ns == *name);
        let mut own: FxHashSet<String> = here.map(|def| def.name.to_string()).collect();
        let of = |vars: &FxHashSet<Var>| -> Vec<String> {
            vars.iter().filter(|(ns, _)| *ns == name).map(|(_, var)| var.clone()).collect()
        };
        of(&self.gone).iter().for_each(|var| {
            own.remove(var);
        });
        own.extend(of(&self.new));
        Naming::new(self.sources, form, own, everyone)
    }

    /// The naming where an offset of a file is; nothing where no `ns` form makes the namespace.
    pub(super) fn naming_at(
        &mut self,
        file: usize,
        offset: usize,
        ns: &str,
    ) -> Option<&mut Naming<'a>> {
        let outline = &self.outlines[file];
        let at = outline.ns_at(offset).filter(|at| outline.ns_forms[*at].form.name() == ns)?;
        Some(self.naming((file, at)))
    }

    /// The naming of an `ns` form.
    pub(super) fn naming(&mut self, (file, ns): Key) -> &mut Naming<'a> {
        if !self.namings.contains_key(&(file, ns)) {
            let outline = &self.outlines[file];
            let naming = self.naming_of(outline.ns_forms[ns].form.clone(), outline.platforms);
            self.namings.insert((file, ns), naming);
        }
        self.namings.entry((file, ns)).or_insert_with(|| unreachable!())
    }

    /// Writes something else where something stands.
    pub(super) fn edit(&mut self, file: usize, at: Range<usize>, text: String) {
        if self.outlines[file].text[at.clone()] != text {
            self.edits.entry(file).or_default().push(Edit { start: at.start, end: at.end, text });
        }
    }

    /// The platforms that something was found for.
    pub(super) fn platforms(&self, file: usize, lang: Option<&str>) -> Platforms {
        let all = self.outlines[file].platforms;
        match lang {
            None => all,
            Some(lang) => Platforms::of(all.iter().filter(|platform| platform.name() == lang)),
        }
    }

    /// What a token means, each meaning once with the platforms that read it so.
    pub(super) fn by_meaning<'u>(
        &self,
        file: usize,
        used: &[&'u UsageFound],
    ) -> Vec<(&'u UsageFound, Platforms)> {
        let mut meanings: Vec<(&UsageFound, Platforms)> = Vec::new();
        for used in used {
            let platforms = self.platforms(file, used.lang);
            let same = |(other, _): &&mut (&UsageFound, Platforms)| {
                (&other.to, &other.name) == (&used.to, &used.name)
            };
            match meanings.iter_mut().find(same) {
                Some((_, all)) => *all = all.and(platforms),
                None => meanings.push((used, platforms)),
            }
        }
        meanings
    }

    /// Whether a local has a name where an offset is.
    pub(super) fn is_local(sources: &Sources, file: usize, offset: usize, name: &str) -> bool {
        sources.found(file).locals.iter().any(|local| {
            let scope = local.scope.start as usize..local.scope.end as usize;
            *local.name == *name && scope.contains(&offset)
        })
    }

    /// The uses in a file at the offsets that are wanted, token by token; what `ns` forms name is left out.
    pub(super) fn tokens(&self, file: usize, wanted: impl Fn(usize) -> bool) -> Tokens<'a> {
        let mut tokens = Tokens::new();
        let is_ns = |at: usize| self.outlines[file].ns_forms.iter().any(|ns| ns.at.contains(&at));
        for used in &self.sources.found(file).usages {
            let at = (used.name_at.start as usize, used.name_at.end as usize);
            if wanted(at.0) && !is_ns(at.0) {
                tokens.entry(at).or_default().push(used);
            }
        }
        tokens
    }

    /// Whether an offset is in a statement that loads namespaces by a call: `(require …)` outside of an `ns` form.
    pub(super) fn is_load(&self, file: usize, offset: usize) -> bool {
        let outline = &self.outlines[file];
        let Some(statement) = outline.statement_at(offset) else { return false };
        let text = &outline.text[outline.range(outline.statements[statement])];
        is_load(text)
    }

    /// Notes a reason against it.
    pub(super) fn refuse(
        &mut self,
        file: usize,
        place: &Place,
        why: Why,
        message: String,
        help: &str,
    ) {
        let reason = Reason::new(why, message).at(self.sources.at(file, place));
        self.draft.refuse(if help.is_empty() { reason } else { reason.help(help) });
    }

    /// Takes statements of a file out, with their comments, and what declares one of the vars that go.
    pub(super) fn take_out(&mut self, file: usize, statements: &[usize]) {
        let outline = &self.outlines[file];
        let (declared, mut cuts) = self.declared(file);
        let nodes = statements.iter().map(|statement| outline.statements[*statement]);
        let mut parts: Vec<Range<usize>> =
            nodes.chain(declared).map(|node| outline.with_comments(node)).collect();
        parts.sort_by_key(|part| part.start);
        // Neighbours are one part: the gap that they leave is one.
        let mut runs: Vec<Range<usize>> = Vec::new();
        for part in parts {
            match runs.last_mut() {
                Some(last)
                    if outline.text[last.end..part.start.max(last.end)].trim().is_empty() =>
                {
                    last.end = last.end.max(part.end);
                }
                _ => runs.push(part),
            }
        }
        cuts.extend(runs.into_iter().map(|run| outline.removal(run)));
        self.cut(file, cuts);
    }

    /// Cuts parts of a file out, which may overlap.
    pub(super) fn cut(&mut self, file: usize, mut cuts: Vec<Range<usize>>) {
        cuts.sort_by_key(|cut| cut.start);
        let mut joined: Vec<Range<usize>> = Vec::new();
        for cut in cuts {
            match joined.last_mut() {
                Some(last) if cut.start <= last.end => last.end = last.end.max(cut.end),
                _ => joined.push(cut),
            }
        }
        for cut in joined {
            self.edit(file, cut, String::new());
        }
    }

    /// What declares nothing but what goes, and where else names are declared that go.
    fn declared(&self, file: usize) -> (Vec<usize>, Vec<Range<usize>>) {
        let outline = &self.outlines[file];
        let definitions = &self.sources.found(file).definitions;
        let declared = definitions.iter().filter(|def| *def.kind == *"declare");
        let gone: Vec<usize> = declared
            .filter(|def| self.gone.contains(&(def.ns.to_string(), def.name.to_string())))
            .map(|def| def.name_at.start as usize)
            .collect();
        let (mut nodes, mut cuts) = (Vec::new(), Vec::new());
        for node in &outline.statements {
            let range = outline.range(*node);
            let inside: Vec<usize> = gone.iter().copied().filter(|at| range.contains(at)).collect();
            let names = outline.declared(*node);
            let goes = |name: &usize| {
                let name = outline.range(*name);
                inside.iter().any(|at| name.contains(at))
            };
            if !inside.is_empty() && names.iter().all(goes) {
                nodes.push(*node);
            } else {
                let gone = names.into_iter().filter(goes).map(|name| outline.range(name));
                cuts.extend(gone.map(|name| {
                    let before = outline.text[..name.start].trim_end();
                    before.len()..name.end
                }));
            }
        }
        (nodes, cuts)
    }

    /// A name in a range and what is before it, where a call of `require` refers to it there.
    pub(super) fn required_name(&self, file: usize, at: &Range<usize>) -> Option<Range<usize>> {
        let outline = &self.outlines[file];
        if !self.is_load(file, at.start) {
            return None;
        }
        let statement = outline.statements[outline.statement_at(at.start)?];
        let mut inside = statement..outline.tree.node(statement).next as usize;
        let name = inside.find(|node| outline.range(*node) == *at)?;
        let names = *outline.path_to(statement, name).iter().rev().nth(1)?;
        let before = outline.text[..outline.range(names).start].trim_end_matches('\'').trim_end();
        if ![":refer", ":only", ":refer-macros"].iter().any(|option| before.ends_with(option)) {
            return None;
        }
        let forms: Vec<usize> = outline.tree.forms(names).collect();
        let place = forms.iter().position(|form| *form == name)?;
        Some(match place.checked_sub(1) {
            Some(before) => outline.range(forms[before]).end..at.end,
            None => at.clone(),
        })
    }

    /// Takes names out of an `ns` form that a library is referred to by; the library where it is named for nothing else.
    pub(super) fn drop_refers(&mut self, key: Key, lib: &Lib, gone: &[String]) {
        let whole = lib.alias.is_none() && !lib.all && lib.refers.len() == gone.len();
        let same = |there: &Lib| {
            (&there.ns, there.platforms, there.clause) == (&lib.ns, lib.platforms, lib.clause)
        };
        let form = &mut self.naming(key).form;
        if whole {
            form.drop_libs(|there| same(there) && there.refers.len() == gone.len());
        } else {
            let goes = |refer: &Refer| gone.contains(&refer.name);
            form.drop_refers(|there, refer| same(there) && goes(refer));
        }
    }

    /// Takes what is required for nothing any more out of the `ns` forms.
    pub(super) fn drop_unused(&mut self) {
        let keys: Vec<Key> = self.namings.keys().copied().collect();
        let entering = entering(self.sources);
        for (file, ns) in keys.into_iter().filter(|(file, _)| *file < self.sources.len()) {
            let before = &self.outlines[file].ns_forms[ns].form;
            let mut was = Used::under(&self.outlines[file], ns);
            // Edits that overlap are refused at the end.
            let Some(text) = self.edited(file) else { continue };
            let mut used = Used::under(&Outline::of(self.sources.path(file), &text), ns);
            for other in entering.get(before.name()).into_iter().flatten() {
                was.and_all_of(&self.outlines[*other]);
                let Some(text) = self.edited(*other) else { continue };
                used.and_all_of(&Outline::of(self.sources.path(*other), &text));
            }
            if let Some(naming) = self.namings.get_mut(&(file, ns)) {
                drop_now_unused(&mut naming.form, &used, before, &was);
            }
        }
    }

    /// The text of a file with its edits; nothing where they overlap.
    fn edited(&self, file: usize) -> Option<String> {
        let edits = self.edits.get(&file).cloned().unwrap_or_default();
        Some(Edits::of(edits).ok()?.apply(self.outlines[file].text))
    }

    /// Makes the change, or says why not.
    pub(super) fn finish(
        mut self,
        renaming: &Renaming,
        altered: &Altered<'_>,
    ) -> Result<Change, Refused> {
        for ((file, ns), naming) in std::mem::take(&mut self.namings) {
            if file < self.sources.len() {
                let at = self.outlines[file].ns_forms[ns].at.clone();
                self.edit(file, at, naming.form.text().to_owned());
            }
        }
        for (file, edits) in std::mem::take(&mut self.edits) {
            self.refuse_unread(file, &edits);
            for edit in edits {
                self.draft.replace(file, edit.start..edit.end, &edit.text);
            }
        }
        let told: Vec<Mentioned> = self.told.into_iter().map(|name| (name, None)).collect();
        mentions::tell(&mut self.draft, &told, Texts::Stay);
        self.draft.finish_apart(renaming, altered)
    }

    /// Refuses to change what does not read.
    fn refuse_unread(&mut self, file: usize, edits: &[Edit]) {
        let outline = &self.outlines[file];
        let broken = outline.tree.broken.iter().map(|root| outline.range(*root));
        let touched =
            |at: &Range<usize>| edits.iter().any(|e| e.start < at.end && at.start < e.end);
        let touched: Vec<Range<usize>> = broken.filter(touched).collect();
        let Some(error) = &outline.tree.error else { return };
        let message = format!("would change what does not read: {}", error.message(outline.text));
        let lines = Lines::of(outline.text);
        for at in touched {
            let place = lines.place(at.start as u32..at.end as u32);
            self.refuse(file, &place, Why::Unreadable, message.clone(), mentions::MEND);
        }
    }
}

/// Whether a statement loads namespaces, or says what names mean.
pub(super) fn is_load(text: &str) -> bool {
    const HEADS: [&str; 8] = [
        "require",
        "use",
        "import",
        "refer",
        "refer-clojure",
        "require-macros",
        "use-macros",
        "load",
    ];
    let Some(inside) = text.strip_prefix('(') else { return false };
    let end = inside.find(|c: char| c.is_whitespace() || c == ')').unwrap_or(inside.len());
    HEADS.contains(&&inside[..end])
}
