//! The servers that tests speak to: `cargo xtask servers COMMAND…`, and for `test` and `ci`.

use crate::checks::Thoroughness;
use crate::shell::{Failure, forget_this_package, root, run, say};
use servers::{BUCKETS, POSTGRES, Postgres, S3, ServerError};
use std::process::Command;

/// Where setup puts the S3 server.
pub(crate) const MOTO: &str = "target/moto";

/// Servers that run until this is dropped.
pub(crate) struct Servers {
    postgres: Option<Postgres>,
    s3: Option<S3>,
}

impl Servers {
    /// Starts what is installed; what is not is said, and is a failure where nothing may be left out.
    pub(crate) fn start(how: Thoroughness) -> Result<Servers, Failure> {
        let postgres = started("PostgreSQL", Postgres::start(), how)?;
        let s3 = started("S3", S3::start(&root().join(MOTO)), how)?;
        Ok(Servers { postgres, s3 })
    }

    /// Tells a command where they are.
    pub(crate) fn tell(&self, command: &mut Command) {
        if let Some(postgres) = &self.postgres {
            command.env(POSTGRES, postgres.url());
        }
        if let Some(s3) = &self.s3 {
            command.env(BUCKETS, s3.url());
        }
    }
}

fn started<S>(
    what: &str,
    server: Result<S, ServerError>,
    how: Thoroughness,
) -> Result<Option<S>, Failure> {
    match server {
        Ok(server) => Ok(Some(server)),
        Err(error) if how == Thoroughness::Full => Err(Failure::new(format!("{what}: {error}"))),
        Err(error) => {
            say(&format!("\n{what}: {error}; the tests that need it are skipped"));
            Ok(None)
        }
    }
}

/// `servers COMMAND…`: runs a command while they run.
pub(crate) fn with(arguments: &[String]) -> Result<(), Failure> {
    let Some((program, arguments)) = arguments.split_first() else {
        return Err(Failure::new(
            "which command? `cargo xtask servers cargo nextest run -p defbase-places`",
        ));
    };
    let servers = Servers::start(Thoroughness::Usual)?;
    let mut command = Command::new(program);
    forget_this_package(&mut command);
    servers.tell(command.args(arguments));
    run(&mut command)
}
