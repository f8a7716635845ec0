//! Where a PostgreSQL is, and how far it is trusted.
//!
//! A URL as `libpq` and JDBC take it: `postgresql://user:password@host:port/database?sslmode=require`.
//!
//! | `sslmode` | TLS |
//! |---|---|
//! | `disable` | never |
//! | `allow`, `prefer` (when nothing is said) | where the server has it; whose certificate it is does not matter |
//! | `require` | always; whose certificate it is does not matter |
//! | `verify-ca`, `verify-full` | always, with a certificate for this host that the system, or the file `sslrootcert`, trusts |
//!
//! `currentSchema`, which is JDBC's, is the schema that the tables are in, so that one server keeps many databases.

use crate::error::PlaceError;
use crate::tls;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use rustls_platform_verifier::ConfigVerifierExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres_rustls::MakeRustlsConnect;

/// How long making a connection may take, where the URL does not say.
const CONNECT: Duration = Duration::from_secs(10);

/// A server, and what is needed to speak to it.
pub(crate) struct Address {
    pub(crate) config: Config,
    pub(crate) tls: MakeRustlsConnect,
    /// The schema that the tables are in, where it is not the usual one.
    pub(crate) schema: Option<String>,
    /// For messages: host, port and database, without user and password.
    pub(crate) name: String,
}

impl Address {
    /// Reads a URL. Errors never repeat it: it has a password.
    pub(crate) fn read(url: &str) -> Result<Address, PlaceError> {
        let url = url.strip_prefix("jdbc:").unwrap_or(url);
        if !url.starts_with("postgresql://") && !url.starts_with("postgres://") {
            return Err(refused("its URL does not begin with `postgresql://`"));
        }
        let Url { rest, trust, schema } = Url::take(url)?;
        let mut config: Config = rest.parse().map_err(|error: tokio_postgres::Error| {
            let why = std::error::Error::source(&error).map_or(String::new(), |e| format!(": {e}"));
            refused(&format!("its URL cannot be read{why}"))
        })?;
        config.ssl_mode(trust.mode());
        config.application_name("defbase");
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT);
        }
        let tls = MakeRustlsConnect::new(trust.tls()?);
        let mut name = described(&config);
        if let Some(schema) = &schema {
            name = format!("{name} {schema}");
        }
        Ok(Address { config, tls, schema, name })
    }
}

fn described(config: &Config) -> String {
    let ports = config.get_ports();
    let hosts = config.get_hosts().iter().enumerate().map(|(n, host)| {
        let port = ports.get(n).or(ports.first()).copied().unwrap_or(5432);
        match host {
            Host::Tcp(host) => format!("{host}:{port}"),
            Host::Unix(folder) => format!("{}:{port}", folder.display()),
        }
    });
    let hosts = hosts.collect::<Vec<_>>().join(",");
    format!("postgres {hosts}/{}", config.get_dbname().or(config.get_user()).unwrap_or(""))
}

/// Whom a connection is made with.
#[derive(PartialEq, Eq, Debug)]
enum Trust {
    Plain,
    Prefer,
    Anybody,
    Verified { roots: Option<PathBuf> },
}

/// A URL with what the library does not know, or knows differently, taken out.
struct Url {
    rest: String,
    trust: Trust,
    schema: Option<String>,
}

impl Url {
    fn take(url: &str) -> Result<Url, PlaceError> {
        let (base, parameters) = url.split_once('?').unwrap_or((url, ""));
        let (mut mode, mut roots, mut schema, mut rest) = ("prefer", None, None, Vec::new());
        for parameter in parameters.split('&').filter(|p| !p.is_empty()) {
            match parameter.split_once('=') {
                Some(("sslmode", value)) => mode = value,
                Some(("sslrootcert", "system")) => {}
                Some(("sslrootcert", value)) => roots = Some(PathBuf::from(value)),
                Some(("currentSchema", value)) => schema = Some(identifier(value)?),
                _ => rest.push(parameter),
            }
        }
        let trust = match mode {
            "disable" => Trust::Plain,
            "allow" | "prefer" => Trust::Prefer,
            "require" => Trust::Anybody,
            "verify-ca" | "verify-full" => Trust::Verified { roots },
            _ => {
                return Err(refused(
                    "`sslmode` is none of disable, prefer, require and verify-full",
                ));
            }
        };
        let rest = match rest.is_empty() {
            true => base.to_owned(),
            false => format!("{base}?{}", rest.join("&")),
        };
        Ok(Url { rest, trust, schema })
    }
}

/// A name that needs no quotes, in the lower case that PostgreSQL folds such names to.
pub(crate) fn identifier(name: &str) -> Result<String, PlaceError> {
    let begins_well = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    match begins_well && name.chars().all(is_plain) && name.len() <= 63 {
        true => Ok(name.to_ascii_lowercase()),
        false => Err(refused(&format!(
            "{name:?} is no name for a table or a schema: letters, digits and `_`, no more than 63, no digit first"
        ))),
    }
}

impl Trust {
    fn mode(&self) -> SslMode {
        match self {
            Trust::Plain => SslMode::Disable,
            Trust::Prefer => SslMode::Prefer,
            Trust::Anybody | Trust::Verified { .. } => SslMode::Require,
        }
    }

    fn tls(&self) -> Result<ClientConfig, PlaceError> {
        let failed = |e: rustls::Error| refused(&format!("TLS cannot be set up: {e}"));
        let provider = tls::provider();
        match self {
            Trust::Verified { roots: Some(file) } => {
                let builder = ClientConfig::builder_with_provider(provider)
                    .with_safe_default_protocol_versions()
                    .map_err(failed)?;
                Ok(builder.with_root_certificates(roots_in(file)?).with_no_client_auth())
            }
            Trust::Verified { roots: None } => {
                tls::choose();
                ClientConfig::with_platform_verifier().map_err(failed)
            }
            Trust::Plain | Trust::Prefer | Trust::Anybody => {
                let anybody = Arc::new(AnybodysCertificate(provider.clone()));
                let builder = ClientConfig::builder_with_provider(provider)
                    .with_safe_default_protocol_versions()
                    .map_err(failed)?;
                let config = builder.dangerous().with_custom_certificate_verifier(anybody);
                Ok(config.with_no_client_auth())
            }
        }
    }
}

fn roots_in(file: &Path) -> Result<RootCertStore, PlaceError> {
    let problem = |e: &dyn std::fmt::Display| refused(&format!("{}: {e}", file.display()));
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(file).map_err(|e| problem(&e))? {
        let certificate = certificate.map_err(|e| problem(&e))?;
        roots.add(certificate).map_err(|e| problem(&e))?;
    }
    Ok(roots)
}

/// `sslmode=require` keeps listeners out, not impostors; that is what it means everywhere.
#[derive(Debug)]
struct AnybodysCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnybodysCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let known = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let known = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

fn refused(problem: &str) -> PlaceError {
    PlaceError::Refused { place: "postgres".to_owned(), problem: problem.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_say_where_and_whom_to_trust() {
        for (url, name, trust) in [
            ("postgresql://localhost/codebase", "postgres localhost:5432/codebase", Trust::Prefer),
            ("postgres://ada:s3cret@db:7/x?sslmode=require", "postgres db:7/x", Trust::Anybody),
            (
                "jdbc:postgresql://h/x?user=ada&password=s3cret&sslmode=disable",
                "postgres h:5432/x",
                Trust::Plain,
            ),
            (
                "postgresql://h/x?sslmode=verify-full&sslrootcert=ca.pem&connect_timeout=3",
                "postgres h:5432/x",
                Trust::Verified { roots: Some(PathBuf::from("ca.pem")) },
            ),
        ] {
            let Url { rest, trust: read, .. } =
                Url::take(url.strip_prefix("jdbc:").unwrap_or(url)).unwrap();
            assert_eq!(read, trust, "{url}");
            let config: Config = rest.parse().unwrap();
            assert_eq!(described(&config), name);
        }
    }

    #[test]
    fn what_cannot_be_read_is_refused_without_its_password() {
        for url in [
            "mysql://ada:s3cret@h/x",
            "ada:s3cret@h",
            "postgresql://ada:s3cret@h:port/x",
            "postgresql://ada:s3cret@h/x?sslmode=s3cret",
            "postgresql://ada:s3cret@h/x?s3cret",
            "postgresql://ada:s3cret@h/x?colour=s3cret",
        ] {
            let Err(error) = Address::read(url) else { panic!("{url} was read") };
            assert!(!format!("{error} {error:?}").contains("s3cret"), "{error}");
        }
    }
}
