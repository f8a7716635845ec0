//! Vars that a form makes its namespace's own under the same name, as `import-vars` does.
//!
//! The form names them and is no use of them; so who takes a var away, or gives it another name or namespace, asks here too.

use super::sources::Sources;
use crate::analysis::{DefinitionFound, MentionFound};

/// A var that is handed on.
pub(super) struct HandedOn<'a> {
    pub(super) file: usize,
    /// What it becomes there.
    pub(super) own: &'a DefinitionFound,
    /// The var itself.
    pub(super) var: &'a MentionFound,
}

impl HandedOn<'_> {
    /// How that is told.
    pub(super) fn told(&self) -> String {
        let HandedOn { own, var, .. } = self;
        format!("{}/{} is handed on here, as {}/{}", var.to, var.name, own.ns, own.name)
    }
}

/// Every var that is handed on, wherever that is.
pub(super) fn handed_on(sources: &Sources) -> impl Iterator<Item = HandedOn<'_>> {
    sources.all().flat_map(|(file, found)| {
        let own = found.definitions.iter().filter(|def| &*def.kind == "import-vars");
        own.flat_map(move |own| {
            let vars = found.mentions.iter().filter(move |var| var.at == own.name_at);
            vars.map(move |var| HandedOn { file, own, var })
        })
    })
}
