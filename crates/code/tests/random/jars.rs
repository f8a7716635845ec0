//! The sources of Debian's Clojure libraries.

use code::project;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Where Debian has them.
pub const JARS: &str = "/usr/share/java";

/// The sources in some jars, as if they were unpacked; `None` where one of them is not there.
pub fn unpacked(jars: &[&str]) -> Option<Vec<(String, String)>> {
    let folder = Path::new(JARS);
    let jars: Vec<PathBuf> = jars.iter().map(|jar| folder.join(format!("{jar}.jar"))).collect();
    if !jars.iter().all(|jar| jar.exists()) {
        assert!(std::env::var_os("CI").is_none(), "{jars:?} are not all there: cargo xtask setup");
        return None;
    }
    let project = project::read(folder, &jars).unwrap();
    let inside = |path: &str| path.split_once("!/").unwrap().1.to_string();
    let files =
        project.sources.into_iter().map(|f| (inside(&f.path), String::from_utf8(f.bytes).unwrap()));
    let is_code = |(path, _): &(String, String)| !path.starts_with("META-INF/");
    Some(files.filter(is_code).collect::<BTreeMap<_, _>>().into_iter().collect())
}
