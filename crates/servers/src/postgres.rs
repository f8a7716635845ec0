//! A PostgreSQL.

use crate::process::{Folder, ServerError, about, free_port, listens, output, signal, wait_until};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A PostgreSQL with its own data on a port of its own.
pub struct Postgres {
    programs: PathBuf,
    owner: Option<(u32, u32)>,
    folder: Folder,
    port: u16,
    server: Option<Child>,
}

/// The folder of PostgreSQL's programs: where `initdb` is that is called by its name, or the newest that Debian has.
#[must_use]
pub fn postgres_programs() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let called = std::env::split_paths(&path).find(|folder| folder.join("initdb").exists());
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut debians: Vec<PathBuf> = versions.map(|version| version.path().join("bin")).collect();
    debians.retain(|folder| folder.join("initdb").exists());
    debians.sort();
    debians.pop().or(called)
}

impl Postgres {
    /// Makes one and starts it. It keeps what it acknowledges through a crash, as one that is in use does. As root it runs
    /// as the user `postgres`: it refuses to be root.
    pub fn start() -> Result<Postgres, ServerError> {
        let programs = postgres_programs().ok_or_else(|| {
            ServerError("PostgreSQL is not installed: `cargo xtask setup`".to_owned())
        })?;
        let owner = owner()?;
        let folder = Folder::new("postgres")?;
        if let Some((user, group)) = owner {
            std::os::unix::fs::chown(folder.path(), Some(user), Some(group))
                .map_err(|e| about("chown", e))?;
        }
        let mut postgres = Postgres { programs, owner, folder, port: free_port()?, server: None };
        let data = postgres.data();
        let mut initdb = postgres.command("initdb");
        initdb.args(["--username=defbase", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8"]);
        output(initdb.args(["--no-sync", "--pgdata"]).arg(data))?;
        postgres.restart()?;
        Ok(postgres)
    }

    /// How it is reached.
    #[must_use]
    pub fn url(&self) -> String {
        format!("postgresql://defbase@127.0.0.1:{}/postgres?sslmode=disable", self.port)
    }

    /// The port it listens on.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Starts it again after it was killed.
    pub fn restart(&mut self) -> Result<(), ServerError> {
        self.kill();
        let (data, port) = (self.data(), self.port);
        let said = File::create(self.folder.path().join("said")).map_err(|e| about("a file", e))?;
        let mut command = self.command("postgres");
        command.arg("-D").arg(&data).args(["-p", &port.to_string()]);
        for setting in
            ["listen_addresses=127.0.0.1", "unix_socket_directories=", "max_connections=50"]
        {
            command.args(["-c", setting]);
        }
        let server = command.stdout(Stdio::null()).stderr(said).spawn();
        self.server = Some(server.map_err(|e| about("postgres", e))?);
        let ready = data.join("postmaster.pid");
        let is_ready = || {
            let pid_file = std::fs::read_to_string(&ready).unwrap_or_default();
            listens(port) && pid_file.lines().any(|line| line.trim() == "ready")
        };
        let server = &mut self.server;
        let has_ended = || server.as_mut().is_some_and(|s| !matches!(s.try_wait(), Ok(None)));
        wait_until("postgres", is_ready, has_ended)
    }

    /// Ends it at once, with nothing put in order: what it acknowledged must be on the disk.
    pub fn kill(&mut self) {
        if let Some(mut server) = self.server.take() {
            self.resume_processes(server.id());
            // An immediate shutdown: all processes are made to quit.
            signal(server.id(), "QUIT");
            let _ = server.wait();
        }
    }

    /// Stops it in its tracks, and all that serve connections.
    pub fn freeze(&self) {
        self.signal_all("STOP");
    }

    /// Lets it go on.
    pub fn resume(&self) {
        self.signal_all("CONT");
    }

    fn resume_processes(&self, server: u32) {
        for process in family(server) {
            signal(process, "CONT");
        }
    }

    fn signal_all(&self, name: &str) {
        let Some(server) = &self.server else { return };
        for process in family(server.id()) {
            signal(process, name);
        }
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.programs.join(program));
        command.current_dir(self.folder.path()).stdin(Stdio::null());
        if let Some((user, group)) = self.owner {
            use std::os::unix::process::CommandExt;
            command.uid(user).gid(group);
        }
        command
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Whom it runs as, where that is somebody else.
fn owner() -> Result<Option<(u32, u32)>, ServerError> {
    let id = |arguments: &[&str]| -> Result<u32, ServerError> {
        let id = output(Command::new("id").args(arguments))?;
        id.parse().map_err(|e| about("id", e))
    };
    match id(&["-u"])? {
        0 => Ok(Some((id(&["-u", "postgres"])?, id(&["-g", "postgres"])?))),
        _ => Ok(None),
    }
}

/// A process and its children.
fn family(process: u32) -> Vec<u32> {
    let children = Path::new("/proc").join(format!("{process}/task/{process}/children"));
    let children = std::fs::read_to_string(children).unwrap_or_default();
    let children = children.split_whitespace().filter_map(|child| child.parse().ok());
    std::iter::once(process).chain(children).collect()
}
