//! What a project says about its macros: `:lint-as` of `.clj-kondo/config.edn`.

use super::walk::LintAs;
use edn::Value;

/// The forms of a clj-kondo configuration.
pub(crate) fn config_forms(text: &str) -> Result<Vec<Value>, edn::ReadError> {
    let options =
        edn::ReadOptions { clojure: true, features: vec!["clj".to_string()], ..Default::default() };
    edn::read_all_with(text, &options)
}

/// Knowledge about a project's own macros.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    pub(super) lint_as: LintAs,
}

impl Rules {
    /// Adds the `:lint-as` entries of a clj-kondo configuration; anything else in it is left alone.
    ///
    /// ```
    /// let mut rules = code::analysis::Rules::default();
    /// rules.add_kondo_config("{:lint-as {my.app/defthing clojure.core/def}}").unwrap();
    /// ```
    pub fn add_kondo_config(&mut self, text: &str) -> Result<(), edn::ReadError> {
        for form in config_forms(text)? {
            let entries =
                form.as_map().and_then(|c| c.get_keyword("lint-as")).and_then(Value::as_map);
            for (from, to) in entries.iter().flat_map(|map| map.iter()) {
                if let (Some(from), Some(to)) = (from.as_symbol(), to.as_symbol()) {
                    let (ns, name) = from.as_str().split_once('/').unwrap_or(("", from.as_str()));
                    let like = (ns.to_string(), to.as_str().to_string());
                    self.lint_as.entry(name.to_string()).or_default().push(like);
                }
            }
        }
        Ok(())
    }
}
