//! What this machine does: import by phase, queries, memory. `cargo xtask bench [FOLDER…]`.
//!
//! Without folders a project is made up: the same one each time, of two sizes, so that growth shows. Figures are the
//! best of several runs, one `name: value` a line, and are for comparing within one run on one machine.
#![allow(clippy::print_stdout)]

mod import;
mod made_up;
mod people;

use std::path::PathBuf;

/// The one that the program uses.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let folders: Vec<PathBuf> = std::env::args().skip(1).map(PathBuf::from).collect();
    people::measure()?;
    if folders.is_empty() {
        for namespaces in [100, 1000] {
            let folder = tempfile::tempdir()?;
            made_up::write(folder.path(), namespaces)?;
            import::measure(&format!("made-up-{namespaces}"), folder.path())?;
        }
    }
    for folder in folders {
        let name =
            folder.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
        import::measure(&name, &folder)?;
    }
    Ok(())
}

/// The shortest of several runs, in milliseconds, and what the last one gave.
fn best<T>(runs: usize, mut run: impl FnMut() -> Result<T, Failure>) -> Result<(f64, T), Failure> {
    let mut shortest = f64::INFINITY;
    let mut last = None;
    for _ in 0..runs.max(1) {
        let start = std::time::Instant::now();
        let result = run()?;
        shortest = shortest.min(start.elapsed().as_secs_f64() * 1e3);
        last = Some(result);
    }
    last.map(|last| (shortest, last)).ok_or_else(|| "nothing was run".into())
}

/// The process's memory now and at its highest, in megabytes, where the system tells.
fn memory() -> (f64, f64) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let field = |name: &str| {
        let line = status.lines().find(|l| l.starts_with(name));
        let kilobytes = line.and_then(|l| l.split_whitespace().nth(1)?.parse::<f64>().ok());
        kilobytes.unwrap_or(0.0) / 1024.0
    };
    (field("VmRSS:"), field("VmHWM:"))
}
