//! The vars of a project, which files may join and leave.
//!
//! Every definition is a claim of its name, on the platform that reads it. Of several claims the first one counts that is more than
//! a declaration, in the order of the files (`precedence`). What a claim says that other files can see is its [`Seen`]: while it stays
//! the same, nothing that they find about the name changes.
//!
//! Costs: joining and leaving, what the file defines. A name that was claimed once keeps its number, so that uses of it stay
//! good while statements come and go around it.

use super::ns::Platform;
use super::{File, precedence};
use edn::Str;
use rustc_hash::{FxHashMap, FxHashSet, FxHasher};
use std::hash::Hasher;

/// A file, by its number in the project.
pub(super) type FileId = u32;

/// A statement: its file, and its place there.
pub(super) type StatementId = (FileId, u32);

/// A var of the project, as one platform sees it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Var {
    /// Its number, for as long as the project is kept.
    pub(super) id: u32,
    pub(super) seen: Seen,
}

/// What can be seen of a var without looking into it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Seen {
    pub(super) is_macro: bool,
    pub(super) is_protocol: bool,
    /// A record or type, or what makes instances of it.
    pub(super) is_type: bool,
    pub(super) dynamic: bool,
    pub(super) constant: bool,
    /// Whether its statement has the var's name with `@cljs` behind it.
    pub(super) marked: bool,
}

/// One definition of a name.
#[derive(Clone, Copy, Debug)]
struct Claim {
    statement: StatementId,
    platform: Platform,
    /// Only declared so far.
    declared: bool,
    seen: Seen,
}

/// A name of a namespace, with all who define it, in the order of their files.
#[derive(Debug)]
struct Slot {
    key: Key,
    claims: Vec<Claim>,
}

/// What each platform sees of a slot.
type View = [Option<Seen>; PLATFORMS];

const PLATFORMS: usize = 4;

const EACH_PLATFORM: [usize; PLATFORMS] = [0, 1, 2, 3];

/// No statement.
pub(super) const NOBODY: u32 = u32::MAX;

#[derive(Default, Debug)]
struct Namespace {
    /// How many files have it, for each platform.
    files: [u32; PLATFORMS],
    slots: FxHashMap<Str, u32>,
}

/// Something that files ask the project about, as a hash. Where two questions have the same, a file is looked at once more
/// than it needs.
pub(super) type Key = u64;

/// Asking for a name of a namespace.
pub(super) fn var_key(ns: &str, name: &str) -> Key {
    let mut hasher = FxHasher::default();
    hasher.write(ns.as_bytes());
    hasher.write_u8(b'/');
    hasher.write(name.as_bytes());
    hasher.finish()
}

/// Asking whether the project has a namespace.
pub(super) fn namespace_key(ns: &str) -> Key {
    var_key(ns, "")
}

/// Asking what else stands in a namespace.
pub(super) fn inside_key(ns: &str) -> Key {
    var_key(ns, "/")
}

/// Asking which statements register a keyword.
pub(super) fn keyword_key(keyword: &str) -> Key {
    var_key(":", keyword)
}

/// Asking which statement has a full name.
pub(super) fn name_key(fqn: &str) -> Key {
    var_key("", fqn)
}

/// See the module.
#[derive(Default, Debug)]
pub(super) struct Vars {
    namespaces: FxHashMap<Str, Namespace>,
    slots: Vec<Slot>,
    /// What was seen before the changes that are being made, of all that they touch.
    before: FxHashMap<u32, View>,
    /// The same of namespaces: on which platforms the project had them.
    had: FxHashMap<Str, [bool; PLATFORMS]>,
}

impl Vars {
    /// The vars of files that stand in the order of their paths; each is known by its place among them.
    pub(super) fn of(files: &[File]) -> Vars {
        let mut vars = Vars::default();
        for (file, id) in files.iter().zip(0..) {
            vars.join(file, id, |id| &files[id as usize].path);
        }
        (vars.before, vars.had) = Default::default();
        vars
    }

    /// Adds what a file defines. `path` gives the path of each file.
    pub(super) fn join<'p>(&mut self, file: &File, id: FileId, path: impl Fn(FileId) -> &'p str) {
        for (platform, ns) in namespaces(file) {
            self.namespace(ns).files[platform as usize] += 1;
        }
        for definition in definitions(file) {
            let claims = &mut self.slot(definition.ns, definition.name).claims;
            let at = claims.partition_point(|claim| {
                precedence(path(claim.statement.0)) <= precedence(path(id))
            });
            claims.insert(at, definition.claim(id));
        }
    }

    /// Takes away what a file defined.
    pub(super) fn leave(&mut self, file: &File, id: FileId) {
        for (platform, ns) in namespaces(file) {
            self.namespace(ns).files[platform as usize] -= 1;
        }
        for definition in definitions(file) {
            let slot = self.slot(definition.ns, definition.name);
            slot.claims.retain(|claim| claim.statement.0 != id);
        }
    }

    /// Takes note of what a statement is called.
    pub(super) fn name(&mut self, file: &File, statement: StatementId, fqn: &str) {
        for definition in definitions(file).filter(|d| d.place == statement.1) {
            let marked = is_marked(fqn, definition.ns, definition.name);
            let claims = self.slot(definition.ns, definition.name).claims.iter_mut();
            for claim in claims.filter(|claim| claim.statement == statement) {
                claim.seen.marked = marked;
            }
        }
    }

    /// A namespace to be changed; where the project had it before is kept.
    fn namespace(&mut self, ns: &str) -> &mut Namespace {
        let name: Str = match self.namespaces.get_key_value(ns) {
            Some((name, _)) => name.clone(),
            None => ns.into(),
        };
        let namespace = self.namespaces.entry(name.clone()).or_default();
        self.had.entry(name).or_insert_with(|| namespace.files.map(|files| files > 0));
        namespace
    }

    /// A name to be changed; what is seen of it before is kept.
    fn slot(&mut self, ns: &str, name: &str) -> &mut Slot {
        let next = self.slots.len() as u32;
        let namespace = self.namespaces.entry(ns.into()).or_default();
        let slot = match namespace.slots.get(name) {
            Some(slot) => *slot,
            None => {
                namespace.slots.insert(name.into(), next);
                self.slots.push(Slot { key: var_key(ns, name), claims: Vec::new() });
                next
            }
        };
        let found = &mut self.slots[slot as usize];
        self.before.entry(slot).or_insert_with(|| found.view());
        found
    }

    /// What changed since this was asked last: the questions whose answers are others now.
    pub(super) fn changed(&mut self) -> FxHashSet<Key> {
        let mut changed = FxHashSet::default();
        for (ns, had) in std::mem::take(&mut self.had) {
            let has = self.namespaces.get(&ns).map(|n| n.files.map(|files| files > 0));
            if has != Some(had) {
                changed.insert(namespace_key(&ns));
            }
        }
        for (slot, before) in std::mem::take(&mut self.before) {
            let slot = &self.slots[slot as usize];
            if slot.view() != before {
                changed.insert(slot.key);
            }
        }
        changed
    }

    /// By the number of each var the statement that it is defined by, as `number` numbers statements; [`NOBODY`] where a var is
    /// defined no more.
    pub(super) fn statements(&self, number: impl Fn(StatementId) -> u32) -> Vec<u32> {
        let of = |claim: Option<&Claim>| claim.map_or(NOBODY, |claim| number(claim.statement));
        let slots = self.slots.iter();
        slots.flat_map(|slot| EACH_PLATFORM.map(|platform| of(slot.claim(platform)))).collect()
    }

    fn own(&self, platform: Platform, slot: u32) -> Option<Var> {
        let claim = self.slots[slot as usize].claim(platform as usize)?;
        Some(Var { id: slot * PLATFORMS as u32 + platform as u32, seen: claim.seen })
    }

    /// A var as a platform sees it: its own, else a macro from Clojure, else (for Babashka and ClojureDart) Clojure's.
    pub(super) fn var(&self, platform: Platform, ns: &str, name: &str) -> Option<Var> {
        let slot = *self.namespaces.get(ns)?.slots.get(name)?;
        self.own(platform, slot).or_else(|| match platform {
            Platform::Clj => None,
            Platform::Cljs => self.own(Platform::Clj, slot).filter(|var| var.seen.is_macro),
            Platform::Bb | Platform::Cljd => self.own(Platform::Clj, slot),
        })
    }

    /// Whether the project has a namespace, as a platform sees it.
    pub(super) fn knows(&self, platform: Platform, ns: &str) -> bool {
        let Some(namespace) = self.namespaces.get(ns) else { return false };
        namespace.files[platform as usize] > 0 || namespace.files[Platform::Clj as usize] > 0
    }
}

impl Slot {
    fn claim(&self, platform: usize) -> Option<&Claim> {
        let mut claims = self.claims.iter().filter(|claim| claim.platform as usize == platform);
        let first = claims.next()?;
        if first.declared {
            claims.find(|claim| !claim.declared).or(Some(first))
        } else {
            Some(first)
        }
    }

    fn view(&self) -> View {
        EACH_PLATFORM.map(|platform| self.claim(platform).map(|claim| claim.seen))
    }
}

fn is_marked(fqn: &str, ns: &str, name: &str) -> bool {
    let plain = fqn.strip_suffix("@cljs");
    let rest = plain.and_then(|plain| plain.strip_prefix(ns)).and_then(|r| r.strip_prefix('/'));
    rest == Some(name)
}

/// The namespaces that the statements of a file stand in, each once for a platform.
pub(super) fn namespaces(file: &File) -> impl Iterator<Item = (Platform, &str)> {
    file.passes.iter().flat_map(|pass| {
        let used: FxHashSet<usize> = pass.forms.iter().map(|form| form.context).collect();
        let named: FxHashSet<&str> =
            used.into_iter().map(|context| pass.contexts[context].name.as_str()).collect();
        named.into_iter().map(|ns| (pass.platform, ns))
    })
}

/// A var that a statement of a file defines.
pub(super) struct Definition<'f> {
    pub(super) ns: &'f str,
    pub(super) name: &'f str,
    pub(super) place: u32,
    platform: Platform,
    declared: bool,
    seen: Seen,
}

impl Definition<'_> {
    fn claim(&self, file: FileId) -> Claim {
        Claim {
            statement: (file, self.place),
            platform: self.platform,
            declared: self.declared,
            seen: self.seen,
        }
    }
}

/// The vars that the statements of a file define, in its order.
pub(super) fn definitions(file: &File) -> impl Iterator<Item = Definition<'_>> {
    file.passes.iter().flat_map(move |pass| {
        pass.forms.iter().flat_map(move |form| {
            let place = file.place(form.root);
            form.vars().filter_map(move |def| {
                Some(Definition {
                    ns: pass.contexts[form.context].name.as_str(),
                    name: def.name.as_str(),
                    place: place?,
                    platform: pass.platform,
                    declared: def.declared,
                    seen: Seen {
                        is_macro: def.is_macro,
                        is_protocol: matches!(def.kind.as_str(), "defprotocol" | "definterface"),
                        is_type: matches!(def.kind.as_str(), "defrecord" | "deftype"),
                        dynamic: def.dynamic,
                        constant: def.constant,
                        marked: false,
                    },
                })
            })
        })
    })
}
