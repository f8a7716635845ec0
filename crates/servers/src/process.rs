//! Processes, ports and folders.

use std::fmt;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// How long a server may take to answer once it was started.
const PATIENCE: Duration = Duration::from_secs(60);

/// Why there is no server.
#[derive(Debug)]
pub struct ServerError(pub(crate) String);

impl fmt::Display for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ServerError {}

/// An error about something.
pub(crate) fn about(what: &str, error: impl fmt::Display) -> ServerError {
    ServerError(format!("{what}: {error}"))
}

/// A port that nobody listens on now.
pub(crate) fn free_port() -> Result<u16, ServerError> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).map_err(|e| about("a port", e))?;
    Ok(listener.local_addr().map_err(|e| about("a port", e))?.port())
}

/// Waits until `is_up` says so; ends early where `has_ended` does.
pub(crate) fn wait_until(
    what: &str,
    mut is_up: impl FnMut() -> bool,
    mut has_ended: impl FnMut() -> bool,
) -> Result<(), ServerError> {
    let begun = Instant::now();
    while !is_up() {
        if has_ended() {
            return Err(about(what, "it ended as soon as it was started"));
        }
        if begun.elapsed() > PATIENCE {
            return Err(about(what, format!("it does not answer within {PATIENCE:?}")));
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}

/// Whether somebody listens on a port.
pub(crate) fn listens(port: u16) -> bool {
    TcpStream::connect(("127.0.0.1", port)).is_ok()
}

/// Sends a signal to a process.
pub(crate) fn signal(pid: u32, name: &str) {
    let mut kill = Command::new("kill");
    kill.arg(format!("-{name}")).arg(pid.to_string());
    // It may have ended by itself.
    let _ = kill.stdout(Stdio::null()).stderr(Stdio::null()).status();
}

/// What a program prints; an error with what it says where it fails.
pub(crate) fn output(command: &mut Command) -> Result<String, ServerError> {
    let what = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|e| about(&what, e))?;
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned()),
        false => Err(about(&what, String::from_utf8_lossy(&output.stderr).trim())),
    }
}

/// A folder of one's own, removed with all that is in it.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(kind: &str) -> Result<Folder, ServerError> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("defbase-{kind}-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).map_err(|e| about(&path.display().to_string(), e))?;
        Ok(Folder(path))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
