//! clj-kondo's configuration of a project, as one text: what it says of macros.
//!
//! Beside the project's own `config.edn` count the folders that it names under `:config-paths`, and, unless it says
//! `:auto-load-configs false`, what libraries brought along: `<organisation>/<library>/config.edn`, there or under `imports/`,
//! where clj-kondo copies it to from their jars. Of two that say something of the same macro the first counts, and the project's
//! own is the first.
//!
//! A library's file that does not read is left out, and told. Hooks are programs; nobody runs them here.

use crate::analysis::config_forms;
use crate::project::{KONDO_CONFIG, Problem};
use edn::Value;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KondoConfig {
    /// The texts of the files, one after the other; `None` where there is none.
    pub text: Option<String>,
    /// The files that cannot be used.
    pub problems: Vec<Problem>,
}

/// Reads the configuration of the project in a folder.
pub fn read(base: &Path) -> KondoConfig {
    let mut config = KondoConfig::default();
    let own = config.file(base, KONDO_CONFIG);
    let brought = match own.as_deref().map(config_forms) {
        None => brought_along(base),
        Some(Ok(forms)) => named(&forms).chain(loaded(base, &forms)).collect(),
        // Whoever uses it says what is wrong with it.
        Some(Err(_)) => Vec::new(),
    };
    config.text = own;
    for folder in brought {
        let path = format!("{folder}/config.edn");
        let Some(text) = config.file(base, &path) else { continue };
        match config_forms(&text) {
            Ok(_) => config.add(&text),
            Err(error) => config.problem(&path, format!("not used: {error}")),
        }
    }
    config
}

impl KondoConfig {
    fn file(&mut self, base: &Path, path: &str) -> Option<String> {
        match fs::read_to_string(base.join(path)) {
            Ok(text) => Some(text),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => {
                self.problem(path, error.to_string());
                None
            }
        }
    }

    fn add(&mut self, text: &str) {
        let all = self.text.get_or_insert_default();
        if !all.is_empty() {
            all.push('\n');
        }
        all.push_str(text);
    }

    fn problem(&mut self, path: &str, message: String) {
        self.problems.push(Problem { path: path.to_owned(), position: None, message });
    }
}

const FOLDER: &str = ".clj-kondo";

/// The folders that the project's own configuration names.
fn named(forms: &[Value]) -> impl Iterator<Item = String> {
    let paths = said(forms, "config-paths").and_then(Value::as_seq).unwrap_or_default();
    paths.iter().filter_map(Value::as_str).map(|path| format!("{FOLDER}/{path}"))
}

/// The folders that libraries brought along, unless the project wants none of them.
fn loaded(base: &Path, forms: &[Value]) -> Vec<String> {
    match said(forms, "auto-load-configs") {
        Some(Value::Bool(false)) => Vec::new(),
        _ => brought_along(base),
    }
}

fn said<'f>(forms: &'f [Value], key: &str) -> Option<&'f Value> {
    forms.first()?.as_map()?.get_keyword(key)
}

fn brought_along(base: &Path) -> Vec<String> {
    let [mut found, imported] =
        [FOLDER.to_owned(), format!("{FOLDER}/imports")].map(|folder| below(base, folder, 2));
    found.extend(imported);
    found
}

/// The folders so many levels below one, in the order of their names.
fn below(base: &Path, folder: String, levels: usize) -> Vec<String> {
    if levels == 0 {
        return vec![folder];
    }
    let entries = fs::read_dir(base.join(&folder)).into_iter().flatten().flatten();
    let folders = entries.filter(|entry| entry.path().is_dir());
    let mut names: Vec<String> =
        folders.filter_map(|folder| folder.file_name().into_string().ok()).collect();
    names.sort_unstable();
    names.into_iter().flat_map(|name| below(base, format!("{folder}/{name}"), levels - 1)).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn project(files: &[(&str, &str)]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = dir.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        dir
    }

    #[test]
    fn the_projects_own_comes_before_what_libraries_brought_along() {
        let dir = project(&[
            (
                ".clj-kondo/config.edn",
                "{:config-paths [\"../team\"] :lint-as {a/x clojure.core/def}}",
            ),
            ("team/config.edn", "{:lint-as {team/x clojure.core/def}}"),
            (".clj-kondo/org/lib/config.edn", "{:lint-as {lib/x clojure.core/def}} ; end"),
            (".clj-kondo/imports/org/other/config.edn", "{:lint-as {other/x clojure.core/def}}"),
            (".clj-kondo/imports/org/broken/config.edn", "{:lint-as"),
            (".clj-kondo/hooks/config.edn", "{:lint-as {too-high/x clojure.core/def}}"),
        ]);
        let config = read(dir.path());
        let text = config.text.unwrap();
        let macros: Vec<String> = config_forms(&text)
            .unwrap()
            .iter()
            .flat_map(|form| {
                form.as_map().unwrap().get_keyword("lint-as").unwrap().as_map().unwrap().iter()
            })
            .map(|(name, _)| name.to_string())
            .collect();
        assert_eq!(macros, ["a/x", "team/x", "lib/x", "other/x"]);
        let told: Vec<&str> = config.problems.iter().map(|problem| &*problem.path).collect();
        assert_eq!(told, [".clj-kondo/imports/org/broken/config.edn"]);
    }

    #[test]
    fn a_project_may_want_none_of_what_libraries_say_and_may_say_nothing_itself() {
        let brought = (".clj-kondo/org/lib/config.edn", "{:lint-as {}}");
        let alone = project(&[(".clj-kondo/config.edn", "{:auto-load-configs false}"), brought]);
        assert_eq!(read(alone.path()).text.unwrap(), "{:auto-load-configs false}");
        assert_eq!(read(project(&[brought]).path()).text.unwrap(), "{:lint-as {}}");
        assert_eq!(read(project(&[]).path()), KondoConfig::default());
    }
}
