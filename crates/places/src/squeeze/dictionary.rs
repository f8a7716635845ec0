//! What code databases have in common, so that small ones get small too: Zstandard dictionaries trained on Clojure code.
//!
//! A dictionary has a number, which a text squeezed with it carries. Dictionaries are never changed and none is ever taken away: a
//! better one is added with the next number, and what was squeezed with an older one is read with that.
//!
//! `cargo xtask bench dictionary --train FILE` makes one from the sources of Debian's Clojure packages; without arguments it says
//! what the newest one comes to. `zstd -D crates/places/src/squeeze/code-1.dict` reads files by hand.

use std::sync::LazyLock;
use zstd::dict::{DecoderDictionary, EncoderDictionary};
use zstd::zstd_safe::get_dict_id_from_frame;

/// Numbers of dictionaries begin behind those that Zstandard keeps for itself.
const FIRST: u32 = 0x8001;

/// The dictionaries, the newest last; the place of each is its number behind the first.
const ALL: [&[u8]; 1] = [include_bytes!("code-1.dict")];

const LEVEL: i32 = 19;

/// A longer text says itself what it repeats: it is squeezed without, and can be read without.
pub(super) const LONGEST: usize = 1 << 20;

/// The newest dictionary.
pub(super) fn newest() -> &'static EncoderDictionary<'static> {
    static NEWEST: LazyLock<EncoderDictionary<'static>> =
        LazyLock::new(|| EncoderDictionary::copy(ALL[ALL.len() - 1], LEVEL));
    &NEWEST
}

/// The dictionary that a text was squeezed with; none where it was squeezed without. The error says what is missing.
pub(super) fn of(small: &[u8]) -> Result<Option<&'static DecoderDictionary<'static>>, String> {
    static KNOWN: LazyLock<Vec<DecoderDictionary<'static>>> =
        LazyLock::new(|| ALL.iter().map(|bytes| DecoderDictionary::copy(bytes)).collect());
    let Some(number) = get_dict_id_from_frame(small) else { return Ok(None) };
    let place = number.get().checked_sub(FIRST).and_then(|place| usize::try_from(place).ok());
    match place.and_then(|place| KNOWN.get(place)) {
        Some(dictionary) => Ok(Some(dictionary)),
        None => Err(format!(
            "it is squeezed with dictionary {number}, which this version of the program does not have"
        )),
    }
}

/// A dictionary of samples, under the number of the next one.
pub(super) fn train(samples: &[Vec<u8>], size: usize) -> std::io::Result<Vec<u8>> {
    let mut dictionary = zstd::dict::from_samples(samples, size)?;
    let number = FIRST + ALL.len() as u32;
    // Behind the four bytes that say what the file is.
    if let Some(place) = dictionary.get_mut(4..8) {
        place.copy_from_slice(&number.to_le_bytes());
    }
    Ok(dictionary)
}

#[cfg(test)]
mod tests {
    use super::*;
    use zstd::zstd_safe::get_dict_id_from_dict;

    #[test]
    fn each_dictionary_carries_its_number() {
        for (number, bytes) in (FIRST..).zip(ALL) {
            assert_eq!(get_dict_id_from_dict(bytes).map(|id| id.get()), Some(number));
        }
    }

    #[test]
    fn a_dictionary_that_is_not_there_is_told() {
        let mut later = ALL[0].to_vec();
        later[4..8].copy_from_slice(&(FIRST + 1000).to_le_bytes());
        let mut squeezer = zstd::bulk::Compressor::with_dictionary(3, &later).unwrap();
        let small = squeezer.compress(b"(defn greet [name] (str name))").unwrap();
        let error = of(&small).err().unwrap();
        assert!(error.contains("dictionary 33769"), "{error}");
        assert!(of(b"").unwrap().is_none() && of(b"no frame").unwrap().is_none());
    }
}
