//! Compact bytes for stored values: varints, zigzag for signed numbers, length before text.
//!
//! Invariant: reading never panics and never allocates more than the input holds; what is short or
//! odd is [`Short`].

/// The bytes end too early or make no sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("stored bytes are cut short or malformed")]
pub(crate) struct Short;

/// Appends values to a buffer.
#[derive(Debug, Default)]
pub(crate) struct Put(pub(crate) Vec<u8>);

impl Put {
    pub(crate) fn u8(&mut self, value: u8) {
        self.0.push(value);
    }

    pub(crate) fn u64(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push((value as u8 & 0x7F) | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    pub(crate) fn i64(&mut self, value: i64) {
        self.u64(((value << 1) ^ (value >> 63)) as u64);
    }

    pub(crate) fn text(&mut self, value: &str) {
        self.u64(value.len() as u64);
        self.0.extend_from_slice(value.as_bytes());
    }

    /// An optional number: 0 if there is none, else 1 and the number.
    pub(crate) fn option_i64(&mut self, value: Option<i64>) {
        match value {
            None => self.u8(0),
            Some(value) => {
                self.u8(1);
                self.i64(value);
            }
        }
    }
}

/// Reads values from bytes, in the order in which they were put.
#[derive(Debug)]
pub(crate) struct Take<'a>(pub(crate) &'a [u8]);

impl<'a> Take<'a> {
    pub(crate) fn u8(&mut self) -> Result<u8, Short> {
        let (first, rest) = self.0.split_first().ok_or(Short)?;
        self.0 = rest;
        Ok(*first)
    }

    pub(crate) fn u64(&mut self) -> Result<u64, Short> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.u8()?;
            value |= u64::from(byte & 0x7F) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(Short)
    }

    pub(crate) fn i64(&mut self) -> Result<i64, Short> {
        let value = self.u64()?;
        Ok((value >> 1) as i64 ^ -((value & 1) as i64))
    }

    /// A count of elements that take at least one byte each.
    pub(crate) fn count(&mut self) -> Result<usize, Short> {
        let count = usize::try_from(self.u64()?).map_err(|_| Short)?;
        if count <= self.0.len() { Ok(count) } else { Err(Short) }
    }

    pub(crate) fn text(&mut self) -> Result<&'a str, Short> {
        let length = self.count()?;
        let (text, rest) = self.0.split_at(length);
        self.0 = rest;
        std::str::from_utf8(text).map_err(|_| Short)
    }

    pub(crate) fn option_i64(&mut self) -> Result<Option<i64>, Short> {
        match self.u8()? {
            0 => Ok(None),
            1 => self.i64().map(Some),
            _ => Err(Short),
        }
    }

    pub(crate) fn end(&self) -> Result<(), Short> {
        if self.0.is_empty() { Ok(()) } else { Err(Short) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn numbers_and_text_read_back(a: i64, b: u64, text: String, c: Option<i64>) {
            let mut put = Put::default();
            put.i64(a);
            put.u64(b);
            put.text(&text);
            put.option_i64(c);
            let mut take = Take(&put.0);
            prop_assert_eq!(take.i64(), Ok(a));
            prop_assert_eq!(take.u64(), Ok(b));
            prop_assert_eq!(take.text(), Ok(text.as_str()));
            prop_assert_eq!(take.option_i64(), Ok(c));
            prop_assert_eq!(take.end(), Ok(()));
            for cut in 0..put.0.len() {
                let mut take = Take(&put.0[..cut]);
                let numbers = take.i64().and(take.u64());
                let all = numbers.and(take.text().map(|_| ())).and(take.option_i64());
                prop_assert!(all.is_err());
            }
        }
    }
}
