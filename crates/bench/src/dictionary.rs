//! The dictionary that short texts are squeezed with: made of real code, and measured on code that it was not made of.

use crate::{Failure, forms};
use code::project::{self, Project};
use places::{Form, Notation, Saved, Squeeze};
use std::path::{Path, PathBuf};
use std::process::Command;

const PACKAGES: [&str; 7] = [
    "libclojure-java",
    "leiningen",
    "libcore-async-clojure",
    "libring-core-clojure",
    "libinstaparse-clojure",
    "libprismatic-schema-clojure",
    "libtools-reader-clojure",
];

/// A dictionary is in every program; twice as much gains some hundredths.
const SIZE: usize = 64 << 10;

/// What stands late in a long text is met too seldom to teach much.
const SAMPLE: usize = 16 << 10;

pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    match arguments {
        [train, file] if train == "--train" => self::train(Path::new(file)),
        [] => Err("it needs folders with Clojure code".into()),
        folders => measure(folders),
    }
}

fn train(file: &Path) -> Result<(), Failure> {
    let mut samples = Vec::new();
    for package in PACKAGES {
        let project = project::read(Path::new("/"), &jars_of(package)?)?;
        println!("{package}: {} files", project.sources.len());
        for part in parts(&project, 1) {
            let (state, log) = forms::imported(part)?;
            samples.push(log);
            for notation in [Notation::Edn, Notation::Json] {
                samples.push(Saved::of(&state.db, Form::Data, notation)?.text);
            }
            samples.push(Saved::of_log(&state, Form::Snapshot, Notation::Edn)?.text);
        }
    }
    samples.iter_mut().for_each(|sample| sample.truncate(SAMPLE));
    let dictionary = Squeeze::train(&samples, SIZE)?;
    std::fs::write(file, &dictionary)?;
    println!("{}: {} bytes of {} samples", file.display(), dictionary.len(), samples.len());
    Ok(())
}

/// The jars that a package brings.
fn jars_of(package: &str) -> Result<Vec<PathBuf>, Failure> {
    let listed = Command::new("dpkg").args(["-L", package]).output()?;
    if !listed.status.success() {
        return Err(format!("{package} is not installed: cargo xtask setup").into());
    }
    let listed = String::from_utf8(listed.stdout)?;
    let jars = listed.lines().filter(|path| path.ends_with(".jar"));
    let mut jars: Vec<PathBuf> =
        jars.filter_map(|jar| Path::new(jar).canonicalize().ok()).collect();
    jars.sort();
    jars.dedup();
    Ok(jars)
}

/// Projects of so many files each, of one.
fn parts(project: &Project, files: usize) -> impl Iterator<Item = Project> + '_ {
    let chunks = project.sources.chunks(files);
    chunks.map(|sources| Project { sources: sources.to_vec(), ..Project::default() })
}

/// Of each folder the first file, the first ten and all: what the text takes, and what is left of it.
fn measure(folders: &[String]) -> Result<(), Failure> {
    println!(
        "| project | files | text | bytes | gzip, % | zstd, % | zstd with the dictionary, % |"
    );
    println!("|---|--:|---|--:|--:|--:|--:|");
    for folder in folders.iter().map(Path::new) {
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let project = project::read(folder, &[folder.to_owned()])?;
        for files in [1, 10, project.sources.len()] {
            let Some(part) = parts(&project, files).next() else { continue };
            let (state, log) = forms::imported(part)?;
            let data = Saved::of(&state.db, Form::Data, Notation::Edn)?.text;
            for (text, bytes) in [("data", &data), ("log", &log)] {
                let left = |small: usize| small as f64 / bytes.len() as f64 * 100.0;
                let plain = left(zstd::bulk::compress(bytes, 19)?.len());
                let gzip = left(Squeeze::Gzip.pack(bytes)?.len());
                let with = left(Squeeze::Zstd.pack(bytes)?.len());
                let size = bytes.len();
                println!(
                    "| {name} | {files} | {text} | {size} | {gzip:.1} | {plain:.1} | {with:.1} |"
                );
            }
        }
    }
    Ok(())
}
