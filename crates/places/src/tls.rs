//! One implementation of TLS for all that speaks over a network.

use std::sync::Arc;

/// The cryptography that everything here uses.
pub(crate) fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// Makes it that of libraries that take the one of the process. A program that has chosen another keeps it.
pub(crate) fn choose() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}
