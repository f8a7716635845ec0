//! Another name for a keyword with a namespace, however it is written: `:ns/k`, `::k`, `::alias/k`, in `#:ns{}`, under
//! `:ns/keys`, where the local that is made of it is renamed with it.
//!
//! A keyword without a namespace means something else in every map, so its places do not belong together.

use super::draft::{Change, Draft};
use super::local;
use super::mentions::{self, Texts};
use super::name;
use super::reason::{Reason, Refused, Why};
use super::renaming::Renaming;
use super::sources::Sources;
use crate::analysis::KeywordFound;

/// See the module. `new` is a name, or a whole keyword.
pub(super) fn rename(
    sources: &Sources,
    ns: &str,
    old: &str,
    new: &str,
    texts: Texts,
) -> Result<Change, Refused> {
    let new = new.trim_start_matches(':');
    let (new_ns, new) = name::split(new).unwrap_or((ns, new));
    name::check_keyword(new)?;
    if new_ns != ns {
        name::check_namespace(new_ns)?;
    }
    let mut draft = Draft::new(sources);
    let mut renaming = Renaming::default();
    renaming.keyword(ns, old, new_ns, new);
    let mut is_there = false;
    for (file, found) in sources.all() {
        let is_it = |k: &&KeywordFound, name: &str| k.ns.as_deref() == Some(ns) && &*k.name == name;
        let taken = |k: &&KeywordFound| k.ns.as_deref() == Some(new_ns) && &*k.name == new;
        if let Some(taken) = found.keywords.iter().find(taken) {
            let message = format!(":{new_ns}/{new} is in use already; the two would be one");
            draft.refuse_at(file, &taken.at, Why::Taken, message);
        }
        for keyword in found.keywords.iter().filter(|k| is_it(k, old) && !k.keys_modifier) {
            is_there = true;
            if new_ns == ns {
                let end = keyword.at.end as usize;
                draft.replace(file, end - old.len()..end, new);
            } else {
                elsewhere(&mut draft, file, keyword, &format!("{new_ns}/{new}"));
            }
            let Some(id) = keyword.local else { continue };
            local::follow(&mut draft, &mut renaming, file, id, new)?;
        }
    }
    if !is_there {
        let reason = Reason::new(Why::Unknown, format!("no keyword :{ns}/{old} is found"));
        return Err(reason.help("write it with its namespace: `:app.order/id`").into());
    }
    let mentioned = (format!("{ns}/{old}"), Some(format!("{new_ns}/{new}")));
    mentions::tell(&mut draft, &[mentioned], texts);
    mentions::refuse_unread(&mut draft, &[old]);
    draft.finish(&renaming)
}

/// Writes a keyword with another namespace. Under a `:ns/keys` its namespace is that of others too.
fn elsewhere(draft: &mut Draft<'_>, file: usize, keyword: &KeywordFound, new: &str) {
    let token = draft.sources().token(file, &keyword.at);
    if keyword.keys_destructuring && name::split(token.trim_start_matches(':')).is_none() {
        let message = format!("{token} has its namespace from the :keys before it");
        return draft.refuse_at(file, &keyword.at, Why::Unsupported, message);
    }
    let colon = if token.starts_with(':') { ":" } else { "" };
    let at = keyword.at.start as usize..keyword.at.end as usize;
    draft.replace(file, at, &format!("{colon}{new}"));
}
