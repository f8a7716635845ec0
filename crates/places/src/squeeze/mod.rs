//! Texts made small.
//!
//! What a text was squeezed by shows in its first bytes, and both ways carry a checksum of the text, so damage is found.
//! Short texts are squeezed with a dictionary (`dictionary`): their own few kilobytes repeat little, but what they are made of
//! stands in any code database.

mod dictionary;

use crate::error::PlaceError;
use std::io::{Read, Write};

/// How texts are made small.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Squeeze {
    /// They are left as they are.
    #[default]
    None,
    /// gzip, which every Clojure reads.
    Gzip,
    /// Zstandard: smaller, and many times faster; short texts with a dictionary of Clojure code.
    Zstd,
}

/// The largest text that is unpacked: a small file cannot fill the memory.
const LARGEST: u64 = 8 << 30;

const ZSTD_LEVEL: i32 = 12;

impl Squeeze {
    /// What names of files squeezed like this end in.
    pub fn ending(self) -> &'static str {
        match self {
            Squeeze::None => "",
            Squeeze::Gzip => ".gz",
            Squeeze::Zstd => ".zst",
        }
    }

    /// What a name's ending says, and the name without it.
    pub fn of_name(name: &str) -> (Squeeze, &str) {
        for squeeze in [Squeeze::Gzip, Squeeze::Zstd] {
            if let Some(name) = name.strip_suffix(squeeze.ending()) {
                return (squeeze, name);
            }
        }
        (Squeeze::None, name)
    }

    /// The text made small.
    pub fn pack(self, text: &[u8]) -> std::io::Result<Vec<u8>> {
        match self {
            Squeeze::None => Ok(text.to_vec()),
            Squeeze::Gzip => {
                let small = Vec::with_capacity(text.len() / 4);
                let mut encoder = flate2::write::GzEncoder::new(small, flate2::Compression::best());
                encoder.write_all(text)?;
                encoder.finish()
            }
            Squeeze::Zstd => {
                let small = Vec::with_capacity(text.len() / 8);
                let mut encoder = match text.len() > dictionary::LONGEST {
                    true => zstd::Encoder::new(small, ZSTD_LEVEL)?,
                    false => zstd::Encoder::with_prepared_dictionary(small, dictionary::newest())?,
                };
                encoder.include_checksum(true)?;
                encoder.set_pledged_src_size(Some(text.len() as u64))?;
                encoder.write_all(text)?;
                encoder.finish()
            }
        }
    }

    /// A dictionary for short texts like the samples, of so many bytes: what a later version of this crate may carry.
    pub fn train(samples: &[Vec<u8>], size: usize) -> std::io::Result<Vec<u8>> {
        dictionary::train(samples, size)
    }

    /// The text itself. `place` and `what` are for the error.
    pub fn unpack(self, small: &[u8], place: &str, what: &str) -> Result<Vec<u8>, PlaceError> {
        let damaged = |problem: String| PlaceError::Damaged {
            place: place.to_owned(),
            what: what.to_owned(),
            problem,
        };
        let mut text = Vec::new();
        let read = match self {
            Squeeze::None => return Ok(small.to_vec()),
            Squeeze::Gzip => {
                flate2::read::MultiGzDecoder::new(small).take(LARGEST + 1).read_to_end(&mut text)
            }
            Squeeze::Zstd => {
                let decoder = match dictionary::of(small).map_err(damaged)? {
                    None => zstd::Decoder::with_buffer(small),
                    Some(known) => zstd::Decoder::with_prepared_dictionary(small, known),
                };
                decoder.and_then(|decoder| decoder.take(LARGEST + 1).read_to_end(&mut text))
            }
        };
        match read {
            Ok(_) if text.len() as u64 > LARGEST => {
                Err(damaged(format!("it unpacks to more than {LARGEST} bytes")))
            }
            Ok(_) => Ok(text),
            Err(error) => Err(damaged(error.to_string())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_come_back_and_damage_is_found() {
        let text = "(defn greet [name] (str \"Hello, \" name))\n".repeat(500);
        for squeeze in [Squeeze::Gzip, Squeeze::Zstd] {
            let small = squeeze.pack(text.as_bytes()).unwrap();
            assert!(small.len() < text.len() / 20);
            assert_eq!(squeeze.unpack(&small, "", "").unwrap(), text.as_bytes());
            assert!(squeeze.unpack(&small[..small.len() - 1], "", "").is_err());
            let unlike = (0..small.len()).filter(|at| {
                let mut other = small.clone();
                other[*at] ^= 0x10;
                squeeze.unpack(&other, "", "").is_ok_and(|read| read != text.as_bytes())
            });
            assert_eq!(unlike.count(), 0);
        }
    }

    #[test]
    fn endings_say_how() {
        assert_eq!(Squeeze::of_name("a.edn.gz"), (Squeeze::Gzip, "a.edn"));
        assert_eq!(Squeeze::of_name("a.edn.zst"), (Squeeze::Zstd, "a.edn"));
        assert_eq!(Squeeze::of_name("a.edn"), (Squeeze::None, "a.edn"));
    }
}
