//! `defbase watch` as its user meets it: the real program follows a project, a file of it is saved, and the clock stops when the
//! program says that the transaction is on disk.

use crate::Failure;
use code::project;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// How many files are saved, about.
const SAVES: usize = 40;

/// Between two saves, so that one is not collected with the next.
const PAUSE: Duration = Duration::from_millis(100);

/// How long the program may be silent.
const PATIENCE: Duration = Duration::from_secs(60);

/// What is added to a file, and the end of the name that it gets.
const ADDITION: &str = "\n(defn added-here [x] (inc x))\n";
const NAME: &str = "/added-here";

pub(crate) fn measure(name: &str, folder: &Path) -> Result<(), Failure> {
    let scratch = tempfile::tempdir()?;
    let files = copied(folder, scratch.path())?;
    println!("{name}/files: {}", files.len());
    let start = Instant::now();
    let mut program = Program::start(scratch.path())?;
    program.until(|line| line.starts_with("watching "))?;
    println!("{name}/watch-ready-ms: {:.0}", ms(start));
    let is_code = |path: &&PathBuf| path.extension().is_some_and(|e| e == "clj" || e == "cljs");
    let code: Vec<&PathBuf> = files.iter().filter(is_code).collect();
    let (mut whole, mut own) = (Vec::new(), Vec::new());
    for file in code.iter().step_by((code.len() / SAVES).max(1)) {
        let text = fs::read_to_string(file)? + ADDITION;
        std::thread::sleep(PAUSE);
        let start = Instant::now();
        fs::write(file, text)?;
        let line = program.until(|line| line.contains(NAME))?;
        whole.push(ms(start));
        own.push(told(&line)?);
    }
    print(name, "saved-until-on-disk", whole);
    print(name, "of-that-the-look", own);
    print(name, "of-that-a-flush", flushes(scratch.path())?);
    Ok(())
}

fn ms(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e3
}

fn print(name: &str, what: &str, mut times: Vec<f64>) {
    times.sort_by(f64::total_cmp);
    if let (Some(least), Some(most)) = (times.first(), times.last()) {
        let (n, median) = (times.len(), times[times.len() / 2]);
        println!("{name}/{what}-ms: {median:.2} (median of {n}, {least:.2} to {most:.2})");
    }
}

/// Copies a project's sources and has all of them watched, whatever build files say; gives where they are now.
fn copied(folder: &Path, to: &Path) -> Result<Vec<PathBuf>, Failure> {
    let listing = project::list(folder, &[folder.to_owned()])?;
    let mut files = Vec::with_capacity(listing.files.len());
    for (path, from) in listing.files {
        let place = to.join(path);
        fs::create_dir_all(place.parent().unwrap_or(to))?;
        fs::copy(from, &place)?;
        files.push(place);
    }
    fs::create_dir_all(to.join(".defbase"))?;
    fs::write(to.join(".defbase/defbase.edn"), "{:paths [\".\"]}\n")?;
    Ok(files)
}

/// The time that a line says a change took, at its end: `12.3 ms`.
fn told(line: &str) -> Result<f64, Failure> {
    let time = line.trim_end().strip_suffix(" ms").and_then(|rest| rest.rsplit(' ').next());
    Ok(time.ok_or("the program tells no time")?.parse()?)
}

/// How long it takes to flush some lines at the end of a file.
fn flushes(folder: &Path) -> Result<Vec<f64>, Failure> {
    let mut file = File::create(folder.join("flushed.tmp"))?;
    let mut times = Vec::new();
    for _ in 0..SAVES {
        std::thread::sleep(PAUSE);
        file.write_all(&[b'\n'; 2048])?;
        let start = Instant::now();
        file.sync_data()?;
        times.push(ms(start));
    }
    Ok(times)
}

/// The program, which ends with this.
struct Program {
    child: Child,
    lines: Receiver<io::Result<String>>,
}

impl Program {
    fn start(folder: &Path) -> Result<Program, Failure> {
        let program = std::env::current_exe()?.with_file_name("defbase");
        let told = |e| format!("{}: {e}; `cargo xtask bench watch` builds it", program.display());
        let mut child = Command::new(&program)
            .arg("watch")
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(told)?;
        let output = child.stdout.take().ok_or("the program has no output")?;
        let (send, lines) = channel();
        // It ends with the program's output, or when nobody reads any more.
        std::thread::spawn(move || BufReader::new(output).lines().try_for_each(|l| send.send(l)));
        Ok(Program { child, lines })
    }

    /// Reads up to a line that is waited for.
    fn until(&mut self, is_it: impl Fn(&str) -> bool) -> Result<String, Failure> {
        loop {
            let silent = |e| format!("the program does not say what is waited for: {e}");
            let line = self.lines.recv_timeout(PATIENCE).map_err(silent)??;
            if is_it(&line) {
                return Ok(line);
            }
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // One that has ended already is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
