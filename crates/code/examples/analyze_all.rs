//! Analyses the sources of a project, or of some of its folders, and says how long it took; with `--facts` also prints each statement as
//! a line of EDN, for comparison with what other analysers find.

use code::analysis::{Rules, analyze};
use code::facts::FileFacts;
use code::project;
use std::error::Error;
use std::io::{BufWriter, Write, stdout};
use std::path::{Path, PathBuf};
use std::time::Instant;

fn main() -> Result<(), Box<dyn Error>> {
    let (flags, folders): (Vec<String>, Vec<String>) =
        std::env::args().skip(1).partition(|argument| argument.starts_with("--"));
    let (base, roots) = folders.split_first().ok_or("usage: analyze_all [--facts] BASE [ROOT…]")?;
    let mut roots: Vec<PathBuf> = roots.iter().map(PathBuf::from).collect();
    if roots.is_empty() {
        roots.push(PathBuf::from("."));
    }
    let project = project::read(Path::new(base), &roots)?;
    let mut files = Vec::new();
    for source in project.sources {
        if let Ok(text) = String::from_utf8(source.bytes) {
            files.push((source.path, text));
        }
    }
    let mut rules = Rules::default();
    if let Ok(config) = std::fs::read_to_string(Path::new(base).join(".clj-kondo/config.edn")) {
        rules.add_kondo_config(&config)?;
    }
    let start = Instant::now();
    let facts = analyze(&files, &rules);
    let elapsed = start.elapsed();
    let mut out = BufWriter::new(stdout().lock());
    if flags.iter().any(|flag| flag == "--facts") {
        facts.iter().try_for_each(|file| print_facts(&mut out, file))?;
        return Ok(());
    }
    let bytes: usize = files.iter().map(|(_, text)| text.len()).sum();
    let lines: usize = files.iter().map(|(_, text)| text.lines().count()).sum();
    let statements = facts.iter().flat_map(|file| &file.statements);
    let (mut total, mut pure, mut impure, mut dependencies, mut unresolved) = (0, 0, 0, 0, 0);
    for statement in statements {
        total += 1;
        pure += usize::from(statement.pure == Some(true));
        impure += usize::from(statement.pure == Some(false));
        dependencies += statement.dependencies.len();
        unresolved += statement.unresolved.len();
    }
    writeln!(out, "{} files, {lines} lines, {bytes} bytes, {elapsed:?}", files.len())?;
    writeln!(out, "{:.0} lines a second", lines as f64 / elapsed.as_secs_f64())?;
    writeln!(out, "{total} statements: {pure} pure, {impure} impure")?;
    writeln!(out, "{dependencies} dependencies, {unresolved} unresolved names")?;
    Ok(())
}

fn print_facts(out: &mut impl Write, file: &FileFacts) -> std::io::Result<()> {
    let newlines = |text: &str| text.matches('\n').count();
    let mut line = 1;
    for s in &file.statements {
        line += newlines(&s.before);
        write!(out, "[{:?} {line} {:?} {}", file.path, &*s.fqn, s.kind)?;
        line += newlines(&s.source);
        write!(out, " {line} :defines [")?;
        if s.definitions.is_empty() {
            let flags = (s.private, s.is_macro, s.kind.to_string());
            write!(out, "[{:?} {} {} {}]", &*s.fqn, flags.0, flags.1, flags.2)?;
        }
        for d in &s.definitions {
            write!(out, "[{:?} {} {} {}]", &*d.fqn, d.private, d.is_macro, d.kind)?;
        }
        write!(out, "] :uses [")?;
        for (name, kind) in &s.dependencies {
            write!(out, "[{:?} {kind}]", &**name)?;
        }
        writeln!(
            out,
            "] :unresolved {:?} :pure {:?} :via {:?}]",
            s.unresolved, s.pure, s.impure_via
        )?;
    }
    Ok(())
}
