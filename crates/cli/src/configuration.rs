//! A project's configuration, `.defbase/defbase.edn`: what is imported, and where and when the database is kept besides.

use crate::place::Place;
use crate::problem::{Outcome, Problem, did_you_mean, similar};
use edn::{Map, Value};
use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;

/// Keys beside those of [`places::Config`].
const KEYS: [&str; 1] = ["paths"];

/// What a configuration says.
#[derive(Default)]
pub(crate) struct Configuration {
    /// What is imported when nothing is named.
    pub(crate) paths: Vec<PathBuf>,
    /// Where and when the database is kept besides.
    pub(crate) keeping: places::Config,
}

impl Configuration {
    /// What is imported when nothing is named.
    pub(crate) fn paths(place: &Place) -> Outcome<Vec<PathBuf>> {
        Ok(Configuration::of(place)?.paths)
    }

    /// The configuration of a project; where there is none, everything in the project's folder is imported.
    pub(crate) fn of(place: &Place) -> Outcome<Configuration> {
        let path = place.configuration();
        let name = path.display().to_string();
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(e) if e.kind() == ErrorKind::NotFound => "{}".to_owned(),
            Err(e) => return Err(Problem::new(format!("cannot read {name}")).because(&e)),
        };
        let form = edn::read(&text).map_err(|e| {
            Problem::new("the configuration does not read").at(&name, &text, e.span, e.message)
        })?;
        let map = form.as_map().ok_or_else(|| {
            Problem::new(format!("{name}: expected a map"))
                .help("like this: {:paths [\"src\" \"test\"]}")
        })?;
        let keeping = places::Config::read(map, &KEYS, |variable| std::env::var(variable).ok());
        let keeping = keeping.map_err(|error| explained(&name, &error))?;
        if let Some(log) = &keeping.tx_log
            && place.folder().join(log) != place.log()
        {
            let log = log.display();
            return Err(Problem::new(format!("{name}: the log cannot be called {log}")).help(
                "it is always .defbase/code-db-txlog.edn, so that git and every clone find it",
            ));
        }
        Ok(Configuration { paths: paths(place, map, &name)?, keeping })
    }
}

fn paths(place: &Place, map: &Map, name: &str) -> Outcome<Vec<PathBuf>> {
    let Some(paths) = map.get_keyword("paths") else { return Ok(vec![place.root.clone()]) };
    let strings = paths.as_seq().map(|items| items.iter().map(Value::as_str).collect());
    let strings: Option<Vec<&str>> = strings.unwrap_or_default();
    let strings = strings.ok_or_else(|| {
        Problem::new(format!("{name}: :paths must be a vector of strings"))
            .help("like this: {:paths [\"src\" \"test\"]}")
    })?;
    Ok(strings.into_iter().map(|path| place.root.join(path)).collect())
}

fn explained(name: &str, error: &places::ConfigError) -> Problem {
    const KNOWN: [&str; 12] = [
        ":paths",
        ":primary",
        ":backup",
        ":sync",
        ":backup-schedule",
        ":retention",
        ":tx-log",
        ":snapshots",
        ":strategy",
        ":sync-interval",
        ":immediate",
        ":offline-storage",
    ];
    let path: Vec<String> = error.path.iter().map(Value::to_string).collect();
    let problem = Problem::new(format!("{name}: {}: {}", path.join(" "), error.problem));
    let hint = match &path[..] {
        [key] if !KNOWN.contains(&key.as_str()) => did_you_mean(&similar(key, KNOWN)),
        _ => None,
    };
    problem.help(hint.unwrap_or_else(|| "`defbase help tiers` has an example".to_owned()))
}
