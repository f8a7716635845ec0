//! Numbers as bytes: seven bits a byte, the low ones first, the high bit where more follow.
//!
//! ```
//! use db::bytes::{Reader, Writer};
//! let mut out = Writer::default();
//! out.number(300);
//! out.text("three hundred");
//! let mut input = Reader::new(&out.0);
//! assert_eq!((input.number(), input.text(), input.byte()), (Some(300), Some("three hundred"), None));
//! ```

/// Bytes that are being written.
#[derive(Default)]
pub struct Writer(pub Vec<u8>);

impl Writer {
    /// One byte as it is.
    pub fn byte(&mut self, byte: u8) {
        self.0.push(byte);
    }

    /// A number; the smaller, the fewer bytes.
    pub fn number(&mut self, mut n: u64) {
        while n >= 0x80 {
            self.0.push(n as u8 | 0x80);
            n >>= 7;
        }
        self.0.push(n as u8);
    }

    /// Each number as its difference to the one before; small either way.
    pub(crate) fn differences(&mut self, numbers: &[u32]) {
        let mut before = 0;
        for n in numbers {
            let difference = n.wrapping_sub(before) as i32;
            self.number(((difference << 1) ^ (difference >> 31)) as u32 as u64);
            before = *n;
        }
    }

    /// A text and how long it is.
    pub fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    /// Bytes and how many they are.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
    }
}

/// Bytes that are being read; everything is `None` where they end too soon.
pub struct Reader<'b> {
    bytes: &'b [u8],
}

impl<'b> Reader<'b> {
    /// From the first of these on.
    pub fn new(bytes: &'b [u8]) -> Reader<'b> {
        Reader { bytes }
    }

    /// Whether nothing is left.
    pub fn is_at_end(&self) -> bool {
        self.bytes.is_empty()
    }

    /// How many bytes are left.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// One byte as it is.
    pub fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.bytes.split_first()?;
        self.bytes = rest;
        Some(*first)
    }

    /// A number.
    pub fn number(&mut self) -> Option<u64> {
        let mut n = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            n |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(n);
            }
        }
        None
    }

    pub(crate) fn differences(&mut self, numbers: &mut [u32]) -> Option<()> {
        let mut before = 0u32;
        for n in numbers {
            let zigzag = u32::try_from(self.number()?).ok()?;
            before = before.wrapping_add((zigzag >> 1) ^ (zigzag & 1).wrapping_neg());
            *n = before;
        }
        Some(())
    }

    /// So many numbers as [`Reader::differences`]; memory is taken for those that are there only.
    pub(crate) fn differences_into(&mut self, numbers: &mut Vec<u32>, count: usize) -> Option<()> {
        let mut one = [0];
        let mut before = 0u32;
        for _ in 0..count {
            self.differences(&mut one)?;
            before = before.wrapping_add(one[0]);
            numbers.push(before);
        }
        Some(())
    }

    /// A text.
    pub fn text(&mut self) -> Option<&'b str> {
        std::str::from_utf8(self.bytes()?).ok()
    }

    /// Bytes that stand behind how many they are.
    pub fn bytes(&mut self) -> Option<&'b [u8]> {
        let len = usize::try_from(self.number()?).ok()?;
        let (bytes, rest) = self.bytes.split_at_checked(len)?;
        self.bytes = rest;
        Some(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_written_is_read(
            ns in prop::collection::vec(any::<u64>(), 0..20),
            us in prop::collection::vec(any::<u32>(), 0..20),
            text in ".{0,20}",
        ) {
            let mut out = Writer::default();
            ns.iter().for_each(|n| out.number(*n));
            out.differences(&us);
            out.text(&text);
            let mut input = Reader::new(&out.0);
            for n in &ns {
                prop_assert_eq!(input.number(), Some(*n));
            }
            let mut read = vec![0; us.len()];
            prop_assert_eq!(input.differences(&mut read), Some(()));
            prop_assert_eq!(&read, &us);
            prop_assert_eq!(input.text(), Some(text.as_str()));
            prop_assert!(input.is_at_end());
            prop_assert_eq!(input.byte(), None);
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            let mut input = Reader::new(&bytes);
            let _ = (input.number(), input.differences(&mut [0; 3]), input.text());
        }
    }
}
