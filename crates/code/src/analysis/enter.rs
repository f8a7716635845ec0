//! Namespaces over several files: one has the `ns` form, others enter it by `in-ns`, and what that form says of names counts
//! in all of them.
//!
//! So files that enter are walked twice: once to know which namespaces they enter, and again with what the `ns` forms of those
//! say. Few do.

use super::ns::{Context, Platform};
use super::{Detail, File, Rules};
use rustc_hash::{FxHashMap, FxHashSet};

/// What `ns` forms of other files say, by platform and namespace.
#[derive(Debug, Default)]
pub(super) struct Entered(FxHashMap<(Platform, String), Context>);

impl Entered {
    /// What the files say of the namespaces that one of `entering` enters. Of several files that make one the first counts, by path.
    pub(super) fn of<'f>(
        entering: impl Iterator<Item = &'f File>,
        files: impl Iterator<Item = &'f File>,
    ) -> Entered {
        let wanted: FxHashSet<&str> = entering.flat_map(File::enters).collect();
        if wanted.is_empty() {
            return Entered::default();
        }
        let mut files: Vec<&File> = files.collect();
        files.sort_unstable_by_key(|file| &file.path);
        let mut found = FxHashMap::default();
        for pass in files.iter().flat_map(|file| &file.passes) {
            for context in pass.contexts.iter().filter(|c| c.at.is_some()) {
                if wanted.contains(context.name.as_str()) {
                    let key = (pass.platform, context.name.clone());
                    found.entry(key).or_insert_with(|| context.entered());
                }
            }
        }
        Entered(found)
    }

    /// What is known where a file enters a namespace that it does not make.
    pub(super) fn context(&self, platform: Platform, name: &str) -> Context {
        let known = self.0.get(&(platform, name.to_owned())).map(Context::entered);
        Context { enters: true, ..known.unwrap_or_else(|| Context::named(name)) }
    }
}

impl File {
    /// Walks it again, where it enters namespaces of other files. Says whether it did.
    pub(super) fn enter(&mut self, rules: &Rules, detail: Detail, entered: &Entered) -> bool {
        let enters = !entered.0.is_empty() && self.enters().next().is_some();
        if enters {
            self.walk(rules, detail, entered);
        }
        enters
    }

    /// The namespaces that it enters and does not make.
    pub(super) fn enters(&self) -> impl Iterator<Item = &str> {
        let contexts = self.passes.iter().flat_map(|pass| &pass.contexts);
        contexts.filter(|context| context.enters).map(|context| context.name.as_str())
    }

    /// The namespaces that it has `ns` forms of.
    pub(super) fn makes(&self) -> impl Iterator<Item = &str> {
        let contexts = self.passes.iter().flat_map(|pass| &pass.contexts);
        contexts.filter(|context| context.at.is_some()).map(|context| context.name.as_str())
    }
}
