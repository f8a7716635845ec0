//! Renaming and inlining random things in real code, Debian's packages: there and back changes nothing, and what was inlined is
//! used as before. That it still runs is shown in `loads.rs`.
#![allow(clippy::unwrap_used)]

mod random;

use code::analysis::Rules;
use code::refactor::{Sources, rename};
use random::attempts::Pool;
use random::{KINDS, Random, afterwards, applied, candidates, jars, laws, name_of, new_name};

#[test]
fn there_and_back_changes_no_byte() {
    const EACH: usize = 3;
    let Some(files) = jars::unpacked(&["instaparse", "tools.reader"]) else {
        return;
    };
    let sources = Sources::read(files, &Rules::default());
    let all = candidates(&sources);
    let mut random = Random(20);
    for (kind, all) in KINDS.iter().zip(&all) {
        assert!(!all.is_empty(), "no {kind}");
        let (mut accepted, mut tried) = (0, 0);
        while accepted < EACH {
            tried += 1;
            assert!(tried < 4 * EACH, "most {kind} are refused");
            let target = &all[random.below(all.len())];
            let new = new_name(target, tried);
            let Ok(change) = rename(&sources, target, &new) else { continue };
            accepted += 1;
            let after = Sources::read(applied(sources.files(), &change), &Rules::default());
            let there = afterwards(target, &new, &change, &after);
            let back = rename(&after, &there, &name_of(&sources, target));
            let back = back.unwrap_or_else(|refused| panic!("{target:?}: {refused}"));
            assert!(applied(after.files(), &back) == sources.files(), "{target:?}");
        }
    }
}

#[test]
fn what_is_inlined_is_used_as_before() {
    const CHANGES: usize = 12;
    let Some(files) = jars::unpacked(&["instaparse", "tools.reader"]) else {
        return;
    };
    let sources = Sources::read(files, &Rules::default());
    let pool = Pool::of(&sources);
    let mut random = Random(3);
    let mut changed = 0;
    while changed < CHANGES {
        let attempt = pool.attempt("inline-local", &sources, &mut random);
        let Ok(change) = attempt.outcome else { continue };
        let after = applied(sources.files(), &change);
        assert_eq!(laws::broken(&attempt.command, None, &change, &sources, &after), None);
        changed += 1;
    }
}
