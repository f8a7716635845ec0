//! What metadata and maps of attributes say.

use super::ns::Reading;
use edn::syntax::Kind;

/// The value under a keyword of a map.
pub(super) fn map_entry(reading: &Reading<'_>, map: usize, key: &str) -> Option<usize> {
    let forms = reading.forms(map);
    forms.chunks_exact(2).find(|pair| reading.keyword(pair[0]) == Some(key)).map(|pair| pair[1])
}

/// The value under a keyword of a form's metadata.
pub(super) fn meta_entry(reading: &Reading<'_>, mut node: usize, key: &str) -> Option<usize> {
    while reading.kind(node) == Kind::Meta {
        let forms = reading.forms(node);
        let [meta, target] = forms[..] else { return None };
        if reading.kind(meta) == Kind::Map
            && let Some(found) = map_entry(reading, meta, key)
        {
            return Some(found);
        }
        node = target;
    }
    None
}

/// Whether a form's metadata has a flag: `^:private x`, `^{:private true} x`.
pub(super) fn has_flag(reading: &Reading<'_>, mut node: usize, flag: &str) -> bool {
    while reading.kind(node) == Kind::Meta {
        let forms = reading.forms(node);
        let [meta, target] = forms[..] else { return false };
        let found = match reading.kind(meta) {
            Kind::Keyword => reading.keyword(meta) == Some(flag),
            Kind::Map => map_entry(reading, meta, flag)
                .is_some_and(|v| !matches!(reading.text(v), "false" | "nil")),
            _ => false,
        };
        if found {
            return true;
        }
        node = target;
    }
    false
}
