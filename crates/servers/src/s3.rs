//! An S3 server: moto, which keeps its objects in memory and honours `If-Match` and `If-None-Match`.

use crate::process::{ServerError, about, free_port, listens, wait_until};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// An S3 server on a port of its own.
pub struct S3 {
    port: u16,
    server: Child,
}

impl S3 {
    /// Starts the moto that pip has put into a folder; any user and password will do.
    pub fn start(moto: &Path) -> Result<S3, ServerError> {
        if !moto.join("moto").exists() {
            return Err(ServerError("moto is not installed: `cargo xtask setup`".to_owned()));
        }
        let port = free_port()?;
        let mut command = Command::new("python3");
        command.args(["-m", "moto.server", "-H", "127.0.0.1", "-p", &port.to_string()]);
        command.env("PYTHONPATH", moto).env("PYTHONDONTWRITEBYTECODE", "1");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let server = command.spawn().map_err(|e| about("python3", e))?;
        let mut s3 = S3 { port, server };
        let server = &mut s3.server;
        let has_ended = || !matches!(server.try_wait(), Ok(None));
        wait_until("moto", || listens(port), has_ended)?;
        Ok(s3)
    }

    /// How it is reached.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

impl Drop for S3 {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
