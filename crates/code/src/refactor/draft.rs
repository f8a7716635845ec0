//! A refactoring at work: what it collects, and what becomes of that.

use super::check;
use super::edit::{Edit, Edits};
use super::meaning;
use super::reason::{Reason, Refused, Warning, Why};
use super::renaming::Renaming;
use super::sources::Sources;
use crate::analysis::Place;
use std::collections::BTreeMap;
use std::ops::Range;

/// What has to become of the files of a project.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Change {
    /// The files that change, in the order of their paths.
    pub files: Vec<FileChange>,
    /// What is called otherwise afterwards: the full names of vars and namespaces, before and after, so that their
    /// history is followed.
    pub renames: Vec<(String, String)>,
    /// What changes in comments and strings, which no analysis can check.
    pub texts: Vec<Warning>,
    /// What was left as it is and may want a look.
    pub warnings: Vec<Warning>,
}

/// What has to become of one file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FileChange {
    /// Its path; of a new file, the one it gets.
    pub path: String,
    /// Where it goes, where that is another path.
    pub new_path: Option<String>,
    /// Its text; none of a new file.
    pub before: Option<String>,
    /// Its text afterwards; none where it is deleted.
    pub after: Option<String>,
}

impl FileChange {
    /// The path that it has afterwards.
    pub fn path_after(&self) -> &str {
        self.new_path.as_deref().unwrap_or(&self.path)
    }
}

/// See the module.
#[derive(Debug)]
pub struct Draft<'a> {
    sources: &'a Sources,
    edits: BTreeMap<usize, Vec<Edit>>,
    paths: BTreeMap<usize, String>,
    /// New files: texts by their paths.
    created: BTreeMap<String, String>,
    reasons: Vec<Reason>,
    texts: Vec<Warning>,
    warnings: Vec<Warning>,
}

impl<'a> Draft<'a> {
    /// Nothing changes yet.
    pub fn new(sources: &'a Sources) -> Draft<'a> {
        Draft {
            sources,
            edits: BTreeMap::new(),
            paths: BTreeMap::new(),
            created: BTreeMap::new(),
            reasons: Vec::new(),
            texts: Vec::new(),
            warnings: Vec::new(),
        }
    }

    /// The sources that it is about.
    pub fn sources(&self) -> &'a Sources {
        self.sources
    }

    /// Replaces what stands in a range of a file. What stands there already is no edit.
    pub fn replace(&mut self, file: usize, at: Range<usize>, text: &str) {
        if &self.sources.text(file)[at.clone()] != text {
            let edit = Edit { start: at.start, end: at.end, text: text.to_string() };
            self.edits.entry(file).or_default().push(edit);
        }
    }

    /// Replaces a part of what stands at a place of a file.
    pub fn replace_within(&mut self, file: usize, place: &Place, part: Range<usize>, text: &str) {
        let start = place.start as usize;
        self.replace(file, start + part.start..start + part.end, text);
    }

    /// Replaces what stands in a comment or string, which is told.
    pub fn replace_in_text(&mut self, file: usize, place: &Place, text: &str, message: String) {
        self.replace(file, place.start as usize..place.end as usize, text);
        self.texts.push(Warning { at: Some(self.sources.at(file, place)), message });
    }

    /// Whether some of a range of a file is edited.
    pub fn is_edited(&self, file: usize, at: &Range<usize>) -> bool {
        let edits = self.edits.get(&file).into_iter().flatten();
        edits.into_iter().any(|edit| edit.start < at.end && at.start < edit.end)
    }

    /// Gives a file another path.
    pub fn move_file(&mut self, file: usize, path: &str) {
        self.paths.insert(file, path.to_string());
    }

    /// Makes a new file.
    pub fn create(&mut self, path: &str, text: &str) {
        self.created.insert(path.to_string(), text.to_string());
    }

    /// Notes a reason against it.
    pub fn refuse(&mut self, reason: Reason) {
        self.reasons.push(reason);
    }

    /// Notes a reason against it that lies at a place.
    pub fn refuse_at(&mut self, file: usize, place: &Place, why: Why, message: impl Into<String>) {
        self.reasons.push(Reason::new(why, message).at(self.sources.at(file, place)));
    }

    /// Notes something that is left as it is.
    pub fn warn(&mut self, file: usize, place: &Place, message: impl Into<String>) {
        let at = Some(self.sources.at(file, place));
        self.warnings.push(Warning { at, message: message.into() });
    }

    /// Notes something about the whole.
    pub fn remark(&mut self, message: impl Into<String>) {
        self.warnings.push(Warning { at: None, message: message.into() });
    }

    /// Applies the edits, finds everything again, and compares place by place with what it should be under `renaming`.
    pub fn finish(self, renaming: &Renaming) -> Result<Change, Refused> {
        self.finish_with(renaming, |before, after, places| {
            check::differences(before, after, places, renaming)
        })
    }

    /// The same for a refactoring that moves code: compares statement by statement, wherever they stand.
    pub(super) fn finish_apart(
        self,
        renaming: &Renaming,
        altered: &meaning::Altered<'_>,
    ) -> Result<Change, Refused> {
        self.finish_with(renaming, |before, after, _| {
            meaning::differences(before, after, renaming, altered)
        })
    }

    /// The same with another comparison of what was found with what is found.
    pub(super) fn finish_with(
        mut self,
        renaming: &Renaming,
        differences: impl for<'e> FnOnce(
            &Sources,
            &Sources,
            &(dyn Fn(usize) -> check::Moved<'e> + 'e),
        ) -> Vec<Reason>,
    ) -> Result<Change, Refused> {
        let edits = self.in_order();
        if !self.reasons.is_empty() {
            return Err(Refused::because(self.reasons));
        }
        let files = self.applied(&edits);
        let path = |file: usize| {
            let moved = self.paths.get(&file);
            moved.map_or_else(|| self.sources.path(file).to_string(), String::clone)
        };
        let mut texts: Vec<(String, String)> = (0..self.sources.len())
            .map(|file| match files.get(&file).and_then(|change| change.after.clone()) {
                Some(text) => (path(file), text),
                None => (path(file), self.sources.text(file).to_string()),
            })
            .collect();
        texts.extend(self.created.clone());
        let after = Sources::read(texts, self.sources.rules());
        let place =
            |file: usize| check::Moved { file: after.index(&path(file)), edits: edits.get(&file) };
        let reasons = differences(self.sources, &after, &place);
        if !reasons.is_empty() {
            return Err(Refused::because(reasons));
        }
        for told in [&mut self.texts, &mut self.warnings] {
            told.sort();
            told.dedup();
        }
        let new = self.created.into_iter().map(|(path, text)| FileChange {
            path,
            new_path: None,
            before: None,
            after: Some(text),
        });
        let mut files: Vec<FileChange> = files.into_values().chain(new).collect();
        files.sort_by(|a, b| a.path.cmp(&b.path));
        let renames = renaming.full_names(self.sources);
        Ok(Change { files, renames, texts: self.texts, warnings: self.warnings })
    }

    /// The edits of each file, in order. Notes what cannot be edited.
    fn in_order(&mut self) -> BTreeMap<usize, Edits> {
        let mut all = BTreeMap::new();
        let touched = self.edits.keys().chain(self.paths.keys());
        for file in touched.filter(|file| !self.sources.is_editable(**file)) {
            let path = self.sources.path(*file);
            let reason = Reason::new(Why::ReadOnly, format!("{path} would have to change"))
                .help("what is inside a jar is only read; change the library, or leave it out of the database");
            self.reasons.push(reason);
        }
        for (file, list) in std::mem::take(&mut self.edits) {
            match Edits::of(list) {
                Ok(edits) => {
                    all.insert(file, edits);
                }
                Err(overlap) => {
                    let message = format!("{}: {overlap}", self.sources.path(file));
                    self.reasons.push(Reason::new(Why::Unsupported, message));
                }
            }
        }
        all
    }

    fn applied(&self, edits: &BTreeMap<usize, Edits>) -> BTreeMap<usize, FileChange> {
        let touched = edits.keys().chain(self.paths.keys());
        let change = |file: usize| {
            let before = self.sources.text(file);
            FileChange {
                path: self.sources.path(file).to_string(),
                new_path: self.paths.get(&file).cloned(),
                before: Some(before.to_string()),
                after: Some(
                    edits.get(&file).map_or_else(|| before.to_string(), |e| e.apply(before)),
                ),
            }
        };
        touched.map(|file| (*file, change(*file))).collect()
    }
}
