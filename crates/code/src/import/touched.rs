//! Which files an import has to compare statement by statement.
//!
//! A file whose bytes and whose derived facts are those that the database has is left out, unless something it refers to
//! may have changed places: a name it uses came or went elsewhere, or a namespace it is part of.

use crate::facts::FileFacts;
use crate::model::Attr;
use crate::source::Source;
use db::{Cell, EntityId, Text};
use rayon::prelude::*;
use rustc_hash::FxHashSet;

/// Splits files into those to compare and those to leave as they are.
pub(super) fn split(
    source: &Source<'_>,
    facts: Vec<FileFacts>,
    gone: &[String],
) -> (Vec<FileFacts>, Vec<FileFacts>) {
    let entities: Vec<Option<EntityId>> =
        facts.par_iter().map(|file| source.named(Attr::FilePath, &file.path)).collect();
    let mut touched: Vec<bool> = facts
        .par_iter()
        .zip(&entities)
        .map(|(file, entity)| !entity.is_some_and(|e| is_stored(source, e, file)))
        .collect();
    if touched.iter().all(|touched| *touched) {
        return (facts, Vec::new());
    }
    let gone = gone.iter().filter_map(|path| source.named(Attr::FilePath, path));
    let changed = entities.iter().zip(&touched).filter_map(|(e, touched)| e.filter(|_| *touched));
    let before: FxHashSet<Text<'_>> =
        changed.chain(gone).flat_map(|file| names_before(source, file)).collect();
    let of_touched = || facts.iter().zip(&touched).filter(|(_, touched)| **touched);
    let after: FxHashSet<Text<'_>> =
        of_touched().flat_map(|(file, _)| names(file)).map(Text::from).collect();
    let moved: FxHashSet<&str> =
        before.symmetric_difference(&after).map(|name| base(name)).collect();
    let namespaces: FxHashSet<&str> = of_touched().flat_map(|(file, _)| namespaces(file)).collect();
    let follows = |file: &FileFacts| {
        namespaces_meet(&namespaces, file)
            || !moved.is_empty()
                && file
                    .statements
                    .iter()
                    .any(|s| s.dependencies.iter().any(|(name, _)| moved.contains(&**name)))
    };
    let following: Vec<bool> = facts.par_iter().map(follows).collect();
    for (touched, follows) in touched.iter_mut().zip(following) {
        *touched |= follows;
    }
    let mut compared = Vec::new();
    let mut left = Vec::new();
    for (file, touched) in facts.into_iter().zip(touched) {
        if touched { compared.push(file) } else { left.push(file) }
    }
    (compared, left)
}

fn is_stored(source: &Source<'_>, file: EntityId, facts: &FileFacts) -> bool {
    let stored = |attr| source.value(file, attr).and_then(Cell::as_int);
    stored(Attr::FileHash) == Some(facts.hash)
        && stored(Attr::FileFactsHash).is_some_and(|hash| hash == facts.facts_hash())
}

/// The names that the statements of a file have in the database.
fn names_before<'a>(source: &Source<'a>, file: EntityId) -> Vec<Text<'a>> {
    let mut names = Vec::new();
    for statement in source.with_value(Attr::StatementFile, Cell::entity(file)) {
        names.extend(source.text(statement, Attr::StatementFqn));
        let definitions = source.ids.get(Attr::StatementDefinitions);
        for definition in source.db.values(statement, definitions) {
            let entity = definition.v.as_entity();
            names.extend(entity.and_then(|e| source.text(e, Attr::DefinitionFqn)));
        }
    }
    names
}

fn names(file: &FileFacts) -> impl Iterator<Item = &str> {
    file.statements.iter().flat_map(|statement| {
        let definitions = statement.definitions.iter().map(|definition| &*definition.fqn);
        definitions.chain([&*statement.fqn])
    })
}

/// A name without the number that tells it from others like it.
fn base(name: &str) -> &str {
    match name.rsplit_once('#') {
        Some((base, number)) if number.bytes().all(|b| b.is_ascii_digit()) => base,
        _ => name,
    }
}

/// The namespaces that a file has an `ns` form of.
fn namespaces(file: &FileFacts) -> impl Iterator<Item = &str> {
    let forms = file.statements.iter().filter(|statement| statement.kind.as_str() == "ns");
    forms.filter_map(|statement| statement.namespace.as_deref())
}

fn namespaces_meet(touched: &FxHashSet<&str>, file: &FileFacts) -> bool {
    namespaces(file).any(|namespace| touched.contains(namespace))
}
