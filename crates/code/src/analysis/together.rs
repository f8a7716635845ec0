//! All files together, for as long as they are worked on: files join, change and leave, and what follows for the others is found
//! without looking at those for which nothing does.
//!
//! What a file's names mean depends on the answers it got from the project: what is known of a var, whether there is a namespace,
//! which statements register a keyword, which one has a name. Each file keeps its questions (`uses`); a change gives the questions
//! whose answers are others now. Who asked what a name or a keyword means (`vars`, `registered`) is resolved again, nobody else, and
//! is given out only if something else came out. Who asked where the statement stands that has a name, or what else is in its
//! namespace, says the same as before, but is to be compared with the database again. Effects are followed through the graph of all
//! uses each time, which is a pass over numbers.
//!
//! Invariants
//! - However the files came to be what they are, the facts are those of the same files analysed at once. A property test says so.
//! - Every file whose facts differ from what was given out last is given out again, and every one of which the database may say
//!   something else though its facts are the same: those that name statements that came, went or changed places.

use super::names::{self, Name, Names};
use super::purity::{self, Local, Purity};
use super::registered::Registered;
use super::uses::FileUses;
use super::vars::{FileId, Key, StatementId, Vars};
use super::vars::{definitions, inside_key, name_key, namespaces};
use super::{Detail, Entered, File, Rules, describe};
use crate::facts::FileFacts;
use crate::project::Problem;
use edn::Str;
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet, FxHasher};
use std::collections::{BTreeMap, BTreeSet};
use std::hash::Hasher;

/// A file with what was made of it.
#[derive(Debug)]
struct Member {
    file: File,
    names: Vec<Name>,
    uses: FileUses,
    purity: Vec<Purity>,
}

impl Member {
    fn read(path: Str, text: String, rules: &Rules) -> Member {
        let file = File::read(path, text, rules, Detail::Facts);
        let names = names::of_file(&file);
        Member { file, names, uses: FileUses::default(), purity: Vec::new() }
    }

    fn facts(&self) -> FileFacts {
        describe::of_file(&self.file, &self.names, &self.uses.statements, &self.purity)
    }

    /// Its statements by name, each with the hash of its text.
    fn texts(&self) -> Vec<(Str, u64)> {
        let hash = |root: &usize| {
            let mut hasher = FxHasher::default();
            hasher.write(self.file.text[self.file.tree.node(*root).range()].as_bytes());
            hasher.finish()
        };
        let statements = self.names.iter().zip(&self.file.statements);
        statements.map(|(name, (root, _))| (name.fqn.clone(), hash(root))).collect()
    }

    /// The names that its statements have, and those of what they define.
    fn owners(&self) -> FxHashSet<Owner> {
        let owner = |key, statement: &Str| (key, self.file.path.clone(), statement.clone());
        let own = self.names.iter().map(|name| owner(name_key(&name.fqn), &name.fqn));
        let defined = definitions(&self.file).map(|definition| {
            let fqn = format!("{}/{}", definition.ns, definition.name);
            owner(name_key(&fqn), &self.names[definition.place as usize].fqn)
        });
        own.chain(defined).collect()
    }
}

/// Who has a name: its key, and the file and the statement that have it.
type Owner = (Key, Str, Str);

/// What a change comes to before anybody is looked at for whom it may mean something.
#[derive(Default)]
struct Changed {
    /// Files that are others now, or have statements with other names.
    files: BTreeSet<FileId>,
    /// Questions about statements that have other answers now: which one has a name, what else is in a namespace.
    places: FxHashSet<Key>,
    /// Files that asked what a name means that means something else now.
    resolve: BTreeSet<FileId>,
    /// What the statements of files were before, by path.
    before: Vec<(Str, Vec<(Str, u64)>)>,
    /// Owners of names that were none before, or are none any more.
    owners: FxHashSet<Owner>,
}

impl Changed {
    /// Takes note of a file's owners: once as they were and once as they are.
    fn turn(&mut self, member: &Member) {
        for owner in member.owners() {
            if !self.owners.remove(&owner) {
                self.owners.insert(owner);
            }
        }
        self.places.extend(namespaces(&member.file).map(|(_, ns)| inside_key(ns)));
    }
}

/// The names of a file that may be those of other statements now: where a text stands under another name than before, the database
/// takes the statement to be where its text is.
fn exchanged(before: &[(Str, u64)], now: &[(Str, u64)]) -> FxHashSet<Str> {
    let texts = |all: &[(Str, u64)]| all.iter().map(|(_, text)| *text).collect::<FxHashSet<u64>>();
    let (old_texts, new_texts) = (texts(before), texts(now));
    let was: FxHashMap<&Str, u64> = before.iter().map(|(name, text)| (name, *text)).collect();
    let is_other = |(name, text): &&(Str, u64)| {
        was.get(name)
            .is_some_and(|was| was != text && (old_texts.contains(text) || new_texts.contains(was)))
    };
    now.iter().filter(is_other).map(|(name, _)| name.clone()).collect()
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Together {
    rules: Rules,
    /// The files by their numbers; the number of a file that left is given again.
    members: Vec<Option<Member>>,
    by_path: BTreeMap<Str, FileId>,
    free: Vec<FileId>,
    vars: Vars,
    registered: Registered,
    names: Names,
}

/// Files as they are now: by its path the text of each, none of one that is gone. Each path once.
pub(crate) type Texts = Vec<(Str, Option<String>)>;

impl Together {
    /// No files yet.
    pub(crate) fn new(rules: Rules) -> Together {
        Together { rules, ..Together::default() }
    }

    /// Takes changes up. Gives the paths of the files that changed and of those for which that means something.
    pub(crate) fn take_up(&mut self, texts: Texts) -> Vec<Str> {
        let rules = &self.rules;
        let read = |(path, text): (Str, Option<String>)| {
            let member = text.map(|text| Member::read(path.clone(), text, rules));
            (path, member)
        };
        let mut read: Vec<(Str, Option<Member>)> = texts.into_par_iter().map(read).collect();
        self.enter(&mut read);
        let are_first = self.by_path.is_empty();
        let mut changed = Changed::default();
        for (path, member) in read {
            self.leave(&path, &mut changed);
            if let Some(member) = member {
                changed.files.insert(self.join(path, member));
            }
        }
        let renamed = self.settle_names();
        if are_first {
            renamed.into_iter().for_each(|(statement, fqn)| self.rename(statement, fqn));
            self.vars.changed();
            self.registered.changed();
        } else {
            self.tell(renamed, &mut changed);
        }
        changed.resolve.extend(&changed.files);
        changed.files.extend(self.resolve(&changed.resolve));
        changed.files.extend(self.follow_effects());
        let path = |id: &FileId| Some(self.member(*id)?.file.path.clone());
        changed.files.iter().filter_map(path).collect()
    }

    /// The facts of a file.
    pub(crate) fn facts(&self, path: &str) -> Option<FileFacts> {
        self.member(*self.by_path.get(path)?).map(Member::facts)
    }

    /// The facts of some files. What was found in a file goes as its facts are made.
    pub(crate) fn into_facts(self, wanted: impl Fn(&str) -> bool) -> Vec<FileFacts> {
        let Together { members, vars, registered, names, .. } = self;
        drop((vars, registered, names));
        let mut members: Vec<Member> = members.into_iter().flatten().collect();
        members.retain(|member| wanted(&member.file.path));
        members.into_par_iter().map(|member| member.facts()).collect()
    }

    /// Where files do not read to their end.
    pub(crate) fn problems(&self) -> impl Iterator<Item = Problem> + '_ {
        self.members.iter().flatten().filter_map(|member| member.file.problem())
    }

    /// How many statements there are.
    pub(crate) fn statements(&self) -> usize {
        self.members.iter().flatten().map(|member| member.names.len()).sum()
    }

    fn member(&self, id: FileId) -> Option<&Member> {
        self.members.get(id as usize)?.as_ref()
    }

    /// Walks files that were read and enter namespaces of others once more, and with them those that entered before what changed.
    fn enter(&self, read: &mut Vec<(Str, Option<Member>)>) {
        let paths: FxHashSet<Str> = read.iter().map(|(path, _)| path.clone()).collect();
        let stays = |member: &&Member| !paths.contains(&member.file.path);
        let old = self.members.iter().flatten().filter(|member| !stays(member));
        let new = read.iter().filter_map(|(_, member)| member.as_ref());
        let made: FxHashSet<&str> = old.chain(new).flat_map(|member| member.file.makes()).collect();
        let others = self.members.iter().flatten().filter(stays);
        let again = others.clone().filter(|other| other.file.enters().any(|ns| made.contains(ns)));
        let again: Vec<(Str, Option<Member>)> = again
            .map(|Member { file, .. }| {
                let member = Member::read(file.path.clone(), file.text.clone(), &self.rules);
                (file.path.clone(), Some(member))
            })
            .collect();
        read.extend(again);
        let new = || read.iter().filter_map(|(_, member)| Some(&member.as_ref()?.file));
        let entered = Entered::of(new(), new().chain(others.map(|member| &member.file)));
        for member in read.iter_mut().filter_map(|(_, member)| member.as_mut()) {
            if member.file.enter(&self.rules, Detail::Facts, &entered) {
                member.names = names::of_file(&member.file);
            }
        }
    }

    fn leave(&mut self, path: &Str, changed: &mut Changed) {
        let Some(id) = self.by_path.remove(path) else { return };
        if let Some(old) = self.members[id as usize].take() {
            self.vars.leave(&old.file, id);
            self.registered.leave(&old.file, id);
            self.names.leave(id, &old.names);
            changed.turn(&old);
            changed.before.push((path.clone(), old.texts()));
        }
        self.free.push(id);
    }

    fn join(&mut self, path: Str, member: Member) -> FileId {
        let id = self.free.pop().unwrap_or(self.members.len() as FileId);
        let paths = |other: FileId| match self.members.get(other as usize) {
            Some(Some(member)) => &*member.file.path,
            _ => &*member.file.path,
        };
        self.vars.join(&member.file, id, paths);
        self.registered.join(&member.file, id, &member.names);
        self.names.join(id, &member.names);
        self.by_path.insert(path, id);
        match self.members.get_mut(id as usize) {
            Some(free) => *free = Some(member),
            None => self.members.push(Some(member)),
        }
        id
    }

    /// The statements that are to be called otherwise.
    fn settle_names(&mut self) -> Vec<(StatementId, Str)> {
        let members = &self.members;
        let member = |id: FileId| members.get(id as usize)?.as_ref();
        let mut settled = self.names.settle(|id| member(id).map(|m| (&m.file, &*m.names)));
        settled.retain(|((id, place), fqn)| {
            member(*id).is_some_and(|member| member.names[*place as usize].fqn != *fqn)
        });
        settled
    }

    fn rename(&mut self, (id, place): StatementId, fqn: Str) {
        if let Some(Some(member)) = self.members.get_mut(id as usize) {
            self.vars.name(&member.file, (id, place), &fqn);
            self.registered.name(&member.file, (id, place), &fqn);
            member.names[place as usize].fqn = fqn;
        }
    }

    /// Gives statements their names, and finds out for whom what changed means something.
    fn tell(&mut self, renamed: Vec<(StatementId, Str)>, changed: &mut Changed) {
        let others: BTreeSet<FileId> = renamed.iter().map(|((id, _), _)| *id).collect();
        for member in others.difference(&changed.files.clone()).filter_map(|id| self.member(*id)) {
            changed.turn(member);
            changed.before.push((member.file.path.clone(), member.texts()));
        }
        renamed.into_iter().for_each(|(statement, fqn)| self.rename(statement, fqn));
        changed.files.extend(others);
        for id in changed.files.clone() {
            self.member(id).into_iter().for_each(|member| changed.turn(member));
        }
        changed.places.extend(changed.owners.drain().map(|(key, ..)| key));
        for (path, before) in std::mem::take(&mut changed.before) {
            let Some(member) = self.by_path.get(&path).and_then(|id| self.member(*id)) else {
                continue;
            };
            let exchanged = exchanged(&before, &member.texts());
            let owned = member.owners().into_iter().filter(|(.., name)| exchanged.contains(name));
            changed.places.extend(owned.map(|(key, ..)| key));
        }
        let mut meanings = self.vars.changed();
        meanings.extend(self.registered.changed());
        changed.resolve.extend(self.who_asked(&meanings));
        changed.files.extend(self.who_asked(&changed.places));
    }

    fn who_asked(&self, keys: &FxHashSet<Key>) -> Vec<FileId> {
        let asked = |id: &FileId| self.member(*id).is_some_and(|member| member.uses.asks(keys));
        let ids: Vec<FileId> = self.by_path.values().copied().collect();
        ids.into_par_iter().filter(asked).collect()
    }

    /// Resolves the names of files. Gives those that use something else than before.
    fn resolve(&mut self, files: &BTreeSet<FileId>) -> Vec<FileId> {
        let (vars, registered) = (&self.vars, &self.registered);
        let members = self.members.iter_mut().zip(0..).filter_map(|(member, id)| {
            member.as_mut().filter(|_| files.contains(&id)).map(|member| (id, member))
        });
        let members: Vec<(FileId, &mut Member)> = members.collect();
        let differs = |(id, member): (FileId, &mut Member)| {
            let before =
                std::mem::replace(&mut member.uses, FileUses::of(vars, registered, &member.file));
            (!before.says_the_same(&member.uses)).then_some(id)
        };
        members.into_par_iter().filter_map(differs).collect()
    }

    /// Follows effects through all uses. Gives the files with statements for which something else came out than before.
    fn follow_effects(&mut self) -> Vec<FileId> {
        let mut starts = vec![0; self.members.len()];
        let mut locals: Vec<&Local> = Vec::new();
        let mut names: Vec<&Str> = Vec::new();
        for id in self.by_path.values() {
            starts[*id as usize] = locals.len() as u32;
            if let Some(member) = self.member(*id) {
                locals.extend(member.uses.statements.iter().map(|uses| &uses.local));
                names.extend(member.names.iter().map(|name| &name.fqn));
            }
        }
        let of_vars = self.vars.statements(|(file, place)| starts[file as usize] + place);
        let purity = purity::infer(&locals, &of_vars, |statement| names[statement as usize]);
        let mut purity = purity.into_iter();
        let mut differ = Vec::new();
        for id in self.by_path.values() {
            let Some(Some(member)) = self.members.get_mut(*id as usize) else { continue };
            let found: Vec<Purity> = purity.by_ref().take(member.names.len()).collect();
            if member.purity != found {
                member.purity = found;
                differ.push(*id);
            }
        }
        differ
    }
}
