//! Bytes as text.

use crate::error::NotationError;

/// The text of bytes; the error says where they are none.
pub fn utf8(bytes: &[u8]) -> Result<&str, NotationError> {
    std::str::from_utf8(bytes).map_err(|error| {
        let before = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
        let (line, column) = edn::line_column(&before, before.len());
        NotationError::Read { line, column, message: "not UTF-8".to_owned() }
    })
}
