//! What clj-kondo finds in Clojure sources, beside what `code` finds in them.
//!
//! clj-kondo's findings come as a folder of JSON lines, one file a bucket (`var-usages.jsonl` …), or as what `clj-kondo --config
//! '{:output {:analysis true :format :edn}}'` prints; buckets that are not there are not compared. Places are compared to the
//! column. Left out on its side are records without a place, which it makes of what macros expand to, special forms and members
//! of the host, which are no vars. Counted on its own is what is not to be found in the source: what a project's hooks make up,
//! and uses of vars that by clj-kondo's own account nobody defines.
//!
//! `records` reads clj-kondo's side, `sides` brings both to the same shape, `unfounded` says what need not be found,
//! `kinds` of what kind each difference is.

mod kinds;
mod records;
mod sides;
mod unfounded;

use code::analysis::{Rules, find};
use code::kondo_config;
use kinds::{Kinds, Source};
use sides::Buckets;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};

/// Why nothing could be compared.
#[derive(Debug, thiserror::Error)]
pub enum KondoError {
    /// A file cannot be read.
    #[error("{0}: {1}")]
    Read(PathBuf, std::io::Error),
    /// Not what clj-kondo prints.
    #[error("{0}: {1}")]
    Form(PathBuf, String),
    /// The sources are elsewhere.
    #[error(
        "of {0} files that clj-kondo read none is there: say the folder that their names are relative to"
    )]
    NoSources(usize),
}

/// The buckets that are compared.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Bucket {
    /// `ns` forms.
    Namespaces,
    /// Namespaces that are named to be loaded, with their alias.
    Loads,
    /// Vars that are defined.
    Definitions,
    /// The same with what defines them, whether they are private or macros, and how many arguments they take.
    DefinitionsInFull,
    /// Vars that are used, by what they resolve to.
    Usages,
    /// The same with the var in whose definition they are used.
    UsagesWithin,
    /// Names that could not be resolved.
    Unresolved,
    /// Names that are bound.
    Locals,
    /// Where those are used, with where they were bound.
    LocalUsages,
    /// Keywords in full.
    Keywords,
    /// Methods that implement a protocol's or an interface's.
    Implementations,
    /// Classes of the JVM that are named.
    Classes,
    /// Symbols with a namespace in quoted data, by the var they mean.
    Symbols,
}

impl Bucket {
    /// Whether it is of vars that are defined or used.
    fn is_of_vars(self) -> bool {
        matches!(
            self,
            Bucket::Definitions | Bucket::DefinitionsInFull | Bucket::Usages | Bucket::UsagesWithin
        )
    }
}

/// How a bucket is called, where clj-kondo has it, and how much of it is to be found here, in percent.
struct About {
    bucket: Bucket,
    file: &'static str,
    name: &'static str,
    goal: Option<f64>,
}

const fn about(bucket: Bucket, file: &'static str, name: &'static str, goal: Option<f64>) -> About {
    About { bucket, file, name, goal }
}

const BUCKETS: [About; 13] = [
    about(Bucket::Namespaces, "namespace-definitions", "namespaces", None),
    about(Bucket::Loads, "namespace-usages", "namespace usages", None),
    about(Bucket::Definitions, "var-definitions", "var definitions", Some(99.9)),
    about(Bucket::DefinitionsInFull, "var-definitions", "var definitions in full", None),
    about(Bucket::Usages, "var-usages", "var usages", Some(99.5)),
    about(Bucket::UsagesWithin, "var-usages", "var usages with the var around", None),
    about(Bucket::Unresolved, "var-usages", "unresolved names", None),
    about(Bucket::Locals, "locals", "locals", None),
    about(Bucket::LocalUsages, "local-usages", "local usages", None),
    about(Bucket::Keywords, "keywords", "keywords", None),
    about(Bucket::Implementations, "protocol-impls", "protocol implementations", None),
    about(Bucket::Classes, "java-class-usages", "classes", None),
    about(Bucket::Symbols, "symbols", "quoted symbols", None),
];

/// One finding: where it is, and what is said of it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Finding {
    file: String,
    row: u32,
    col: u32,
    lang: String,
    says: String,
    /// Why nobody else has to find it, where there is a reason.
    unfounded: Option<Unfounded>,
}

/// Why a finding of clj-kondo's is not to be found in the source.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Unfounded {
    /// A hook made it up.
    MadeUp,
    /// The use of a var that by its own account no namespace defines: what it does not know it takes for one of a namespace
    /// that is used whole.
    NoSuchVar,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Finding { file, row, col, lang, says, .. } = self;
        write!(f, "{file}:{row}:{col} {lang} {says}")
    }
}

/// What only one of the two found.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Difference {
    /// What the other has at the same place, and in which form that is.
    pub kind: String,
    /// The finding, as text.
    pub finding: String,
}

/// What came of comparing one bucket.
#[derive(Debug)]
pub struct Agreement {
    /// What the bucket is called.
    pub name: &'static str,
    /// How much of clj-kondo's is to be found here, in percent.
    pub goal: Option<f64>,
    /// Findings of both.
    pub both: usize,
    /// Only clj-kondo's.
    pub missed: Vec<Difference>,
    /// How many of those a project's hooks make up.
    pub made_up: usize,
    /// How many of those are of vars that by clj-kondo's own account are not there.
    pub no_such_var: usize,
    /// Only ours.
    pub extra: Vec<Difference>,
}

impl Agreement {
    /// The share of clj-kondo's findings that we have too, in percent.
    pub fn recall(&self) -> f64 {
        percent(self.both, self.both + self.missed.len())
    }

    /// The same without what is made up and what is not there.
    pub fn recall_of_founded(&self) -> f64 {
        percent(self.both, self.both + self.missed.len() - self.made_up - self.no_such_var)
    }

    /// The share of our findings that clj-kondo has too, in percent.
    pub fn precision(&self) -> f64 {
        percent(self.both, self.both + self.extra.len())
    }

    /// Whether as much was found as there should be, of what is not made up and is there.
    pub fn reached(&self) -> bool {
        self.goal.is_none_or(|goal| self.recall_of_founded() >= goal)
    }
}

fn percent(part: usize, whole: usize) -> f64 {
    if whole == 0 { 100.0 } else { 100.0 * part as f64 / whole as f64 }
}

/// Differences by their kind, the commonest first.
pub fn by_kind(differences: &[Difference]) -> Vec<(&str, Vec<&str>)> {
    let mut kinds: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for Difference { kind, finding } in differences {
        kinds.entry(kind).or_default().push(finding);
    }
    let mut kinds: Vec<_> = kinds.into_iter().collect();
    kinds.sort_by_key(|(_, findings)| std::cmp::Reverse(findings.len()));
    kinds
}

/// Compares clj-kondo's findings with ours in the same files, which are looked for in the folders.
pub fn compare(analysis: &Path, folders: &[PathBuf]) -> Result<Vec<Agreement>, KondoError> {
    let records = records::read(analysis)?;
    let files = sources(&records.files(), folders)?;
    let analysed: BTreeSet<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
    let theirs = sides::theirs(&records, &analysed);
    let ours = sides::ours(&find(&files, &rules(folders)?), &theirs);
    let mut sources = Source::of_all(&files);
    let theirs = unfounded::marked(theirs, &ours, &mut sources);
    let (at_ours, at_theirs) = (Kinds::of(&ours), Kinds::of(&theirs));
    let has = |about: &&About| records.bucket(about.file).is_some();
    let agreement =
        |about: &About| compare_one(about, [&ours, &theirs], [&at_ours, &at_theirs], &mut sources);
    Ok(BUCKETS.iter().filter(has).map(agreement).collect())
}

fn compare_one(
    about: &About,
    [ours, theirs]: [&Buckets; 2],
    [at_ours, at_theirs]: [&Kinds<'_>; 2],
    sources: &mut BTreeMap<&str, Source<'_>>,
) -> Agreement {
    let none = BTreeSet::new();
    let of = |buckets: &Buckets| buckets.get(&about.bucket).unwrap_or(&none).clone();
    let (ours, theirs) = (of(ours), of(theirs));
    let mut differences = |one: &BTreeSet<Finding>, other: &BTreeSet<Finding>, at: &Kinds<'_>| {
        let only = one.difference(other);
        only.map(|finding| Difference {
            kind: at.kind(about, finding, sources.get_mut(finding.file.as_str())),
            finding: finding.to_string(),
        })
        .collect()
    };
    let unfounded = |why: Unfounded| {
        theirs.difference(&ours).filter(|finding| finding.unfounded == Some(why)).count()
    };
    Agreement {
        name: about.name,
        goal: about.goal,
        both: ours.intersection(&theirs).count(),
        made_up: unfounded(Unfounded::MadeUp),
        no_such_var: unfounded(Unfounded::NoSuchVar),
        missed: differences(&theirs, &ours, at_ours),
        extra: differences(&ours, &theirs, at_theirs),
    }
}

/// What the projects say about their macros.
fn rules(folders: &[PathBuf]) -> Result<Rules, KondoError> {
    let mut rules = Rules::default();
    for folder in folders {
        if let Some(text) = kondo_config::read(folder).text {
            let wrong = |e: edn::ReadError| KondoError::Form(folder.clone(), e.to_string());
            rules.add_kondo_config(&text).map_err(wrong)?;
        }
    }
    Ok(rules)
}

/// The files of these names, each from the first folder that has it.
fn sources(
    names: &BTreeSet<&str>,
    folders: &[PathBuf],
) -> Result<Vec<(String, String)>, KondoError> {
    let text = |name: &&str| {
        folders.iter().find_map(|folder| std::fs::read_to_string(folder.join(name)).ok())
    };
    let found: Vec<(String, String)> =
        names.iter().filter_map(|name| Some((name.to_string(), text(name)?))).collect();
    match found.is_empty() {
        true => Err(KondoError::NoSources(names.len())),
        false => Ok(found),
    }
}
