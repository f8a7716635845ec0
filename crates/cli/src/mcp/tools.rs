//! What an assistant can call.

use super::arguments::{self, Object};
use super::project::Project;
use super::{answer, edit, look, walk};
use crate::problem::Outcome;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;

type Run = Box<dyn Fn(&Project, Object) -> Outcome<String> + Send + Sync>;

/// Something that can be called.
pub(super) struct Tool {
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    /// Whether it changes code, in the database and in files.
    pub(super) edits: bool,
    pub(super) schema: Object,
    /// How many tokens an answer may have.
    limit: usize,
    run: Run,
}

impl Tool {
    /// A tool that reads. `run` is given its arguments as the schema of their type says.
    fn new<T: JsonSchema + DeserializeOwned + 'static>(
        name: &'static str,
        about: &'static str,
        run: fn(&Project, T) -> Outcome<String>,
    ) -> Tool {
        let schema = arguments::schema::<T>();
        let run = move |project: &Project, given| run(project, arguments::read(given)?);
        Tool { name, about, edits: false, schema, limit: answer::LIMIT, run: Box::new(run) }
    }

    fn editing(self) -> Tool {
        Tool { edits: true, ..self }
    }

    fn up_to(self, limit: usize) -> Tool {
        Tool { limit, ..self }
    }

    /// Calls it.
    pub(super) fn call(&self, project: &Project, given: Object) -> Outcome<String> {
        Ok(answer::within(&(self.run)(project, given)?, self.limit))
    }
}

/// All tools; those that edit only where that is allowed.
pub(super) fn all(allow_edits: bool) -> Vec<Tool> {
    let mut tools = vec![
        Tool::new(
            "context",
            "Start here. What one must read to change some statements (names) or to answer a question, ranked and within a \
             token budget: sources, then signatures, each with the reason why it is there.",
            look::context,
        )
        .up_to(answer::MOST),
        Tool::new(
            "search",
            "Find statements (top-level forms: functions, macros, tests ...) by a text in names, docstrings and sources, best \
             first. Several words that stand nowhere as such are looked for one by one.",
            look::search,
        ),
        Tool::new(
            "show",
            "Sources of statements by name, several at once, with place, callers and callees. A namespace's name shows its \
             outline.",
            look::show,
        ),
        Tool::new("deps", "What a statement uses, as a tree.", walk::deps),
        Tool::new("dependents", "What uses a statement (callers, tests), as a tree.", walk::dependents),
        Tool::new(
            "impact",
            "All that a change to some statements can reach, tests first.",
            walk::impact,
        ),
        Tool::new(
            "query",
            "Ask in Datalog (DataScript). Attributes: :statement/fqn source namespace name type (:defn :def :deftest :ns ...) \
             doc arglists pure? private? macro? dependencies (names) file line-count modified-at, :dependency/from to type, \
             :namespace/name, :file/path; all are in the resource defbase://schema. Example: [:find ?f :where [?s \
             :statement/pure? false] [?s :statement/fqn ?f]]",
            look::query,
        ),
        Tool::new(
            "history",
            "When, by whom and how a statement changed; without a name, the last transactions of the project.",
            look::history,
        ),
        Tool::new(
            "diff",
            "What happened to which statements between two moments: added, deleted, renamed, moved, changed, only reformatted.",
            look::diff_between,
        ),
        Tool::new("stats", "Counts of each namespace: statements, tests, lines, ties.", look::stats),
    ];
    if allow_edits {
        tools.push(
            Tool::new(
                "rename",
                "Rename a var, a namespace (with its file) or a keyword wherever it is used, in the database and the files. \
                 Refused with reasons where that would change what anything means. Answers with the diff.",
                edit::rename,
            )
            .editing(),
        );
        tools.push(
            Tool::new(
                "move",
                "Move statements to another namespace, new or there already, with all requires and uses, in the database and \
                 the files. Refused with reasons where that would make a circle or change a meaning. Answers with the diff.",
                edit::move_to,
            )
            .editing(),
        );
        tools.push(
            Tool::new(
                "replace",
                "Put a new source where a statement stands, in the database and the file. It must read and still define what \
                 the old one did. Answers with the diff and the names in it that mean nothing.",
                edit::replace,
            )
            .editing(),
        );
    }
    tools
}
