//! What clj-kondo finds and nobody else has to: it is not in the source.
//!
//! Hooks are programs of a project that rewrite a form before clj-kondo looks at it. What they make up has no place of its own, so
//! it stands where the form begins, or a keyword or text in it. Some of it is in the form: a name that a macro takes and a hook
//! hands on. That is found here too, at the name itself, and counts as the same. What stands nowhere in the form is made up.
//!
//! A name that clj-kondo does not know it takes for a var of a namespace that is used whole. Where it has found that namespace
//! and no such var in it, there is none.

use super::kinds::Source;
use super::sides::Buckets;
use super::{Bucket, Finding, Unfounded};
use std::collections::{BTreeMap, BTreeSet};

type Sources<'t> = BTreeMap<&'t str, Source<'t>>;

/// clj-kondo's findings, of which those that are not found here are marked where they are unfounded, and those that stand at the
/// beginning of a form brought to where they are found here within it.
pub(super) fn marked(theirs: Buckets, ours: &Buckets, sources: &mut Sources<'_>) -> Buckets {
    let none = BTreeSet::new();
    let vars = Vars::of(&theirs);
    let bucket = |(bucket, findings): (Bucket, BTreeSet<Finding>)| {
        if !bucket.is_of_vars() {
            return (bucket, findings);
        }
        let mut marks =
            Marks::of(ours.get(&bucket).unwrap_or(&none), &findings, &vars, &mut *sources);
        (bucket, findings.into_iter().map(|finding| marks.marked(finding)).collect())
    };
    theirs.into_iter().map(bucket).collect()
}

/// The namespaces that clj-kondo found, and the vars in them.
struct Vars {
    namespaces: BTreeSet<String>,
    vars: BTreeSet<String>,
}

impl Vars {
    fn of(theirs: &Buckets) -> Vars {
        let said = |bucket| theirs.get(&bucket).into_iter().flatten().map(|f| f.says.clone());
        Vars {
            namespaces: said(Bucket::Namespaces).collect(),
            vars: said(Bucket::Definitions).collect(),
        }
    }

    /// Whether a finding says of a namespace that it has a var that it does not have. Its last word is the var in full.
    fn lack(&self, finding: &Finding) -> bool {
        let var = finding.says.rsplit(' ').next().unwrap_or_default();
        let ns = var.split_once('/').map_or("", |(ns, _)| ns);
        self.namespaces.contains(ns) && !self.vars.contains(var)
    }
}

/// What marking the findings of a bucket needs.
struct Marks<'a, 's, 't> {
    ours: &'a BTreeSet<Finding>,
    /// Where something is that only we find, by what two findings have in common that differ in their place.
    only_here: BTreeMap<Same, Vec<(u32, u32)>>,
    vars: &'a Vars,
    sources: &'s mut Sources<'t>,
}

type Same = (String, String, String);

fn same(finding: &Finding) -> Same {
    (finding.file.clone(), finding.lang.clone(), finding.says.clone())
}

impl<'a, 's, 't> Marks<'a, 's, 't> {
    fn of(
        ours: &'a BTreeSet<Finding>,
        theirs: &BTreeSet<Finding>,
        vars: &'a Vars,
        sources: &'s mut Sources<'t>,
    ) -> Marks<'a, 's, 't> {
        let mut only_here: BTreeMap<Same, Vec<(u32, u32)>> = BTreeMap::new();
        for finding in ours.difference(theirs) {
            only_here.entry(same(finding)).or_default().push((finding.row, finding.col));
        }
        Marks { ours, only_here, vars, sources }
    }

    fn marked(&mut self, mut finding: Finding) -> Finding {
        if self.ours.contains(&finding) {
            return finding;
        }
        let from = (finding.row, finding.col);
        let source = self.sources.get_mut(finding.file.as_str());
        if let Some(source) = source.filter(|source| source.has_no_name_at(from)) {
            let places = self.only_here.entry(same(&finding)).or_default();
            match places.iter().position(|at| source.form_reaches(from, *at)) {
                Some(found) => (finding.row, finding.col) = places.remove(found),
                None => finding.unfounded = Some(Unfounded::MadeUp),
            }
        } else if self.vars.lack(&finding) {
            finding.unfounded = Some(Unfounded::NoSuchVar);
        }
        finding
    }
}
