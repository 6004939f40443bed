//! Bytes of rows: LEB128 varints, zigzag for signed numbers, length-prefixed strings. Readers never panic on
//! bytes that something else wrote; they answer `None`.

use tollgate_engine::money::{Amount, Currency, Total};
use tollgate_engine::time::UnixMicros;

/// The largest sum that a row may hold, far above any real one: sums of such sums can still be held.
const TOTAL_MICROS_MAX: u128 = 1 << 100;

/// Appends an unsigned LEB128 varint.
pub fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value & 0x7F) as u8 | 0x80);
        value >>= 7;
    }
    out.push((value & 0x7F) as u8);
}

/// The octets of an unsigned LEB128 varint.
pub fn varint_octets(value: u64) -> usize {
    (value | 1).ilog2() as usize / 7 + 1
}

/// Appends a signed number, small for small magnitudes.
pub fn put_signed(out: &mut Vec<u8>, value: i64) {
    put_varint(out, ((value << 1) ^ (value >> 63)).cast_unsigned());
}

/// Appends an amount of money.
pub fn put_amount(out: &mut Vec<u8>, amount: Amount) {
    put_signed(out, amount.micros());
}

/// Appends a sum of amounts. One that an amount can hold has the bytes of that amount.
pub fn put_total(out: &mut Vec<u8>, total: Total) {
    let micros = total.micros();
    let mut value = ((micros << 1) ^ (micros >> 127)).cast_unsigned();
    while value >= 0x80 {
        out.push((value & 0x7F) as u8 | 0x80);
        value >>= 7;
    }
    out.push((value & 0x7F) as u8);
}

/// Appends an instant.
pub fn put_micros(out: &mut Vec<u8>, at: UnixMicros) {
    put_varint(out, at.0);
}

/// Appends a string with its length in front.
pub fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Appends a currency's three letters.
pub fn put_currency(out: &mut Vec<u8>, currency: Currency) {
    out.extend_from_slice(currency.as_str().as_bytes());
}

/// Appends what may not be there: a mark, and then the value.
pub fn put_option<T>(out: &mut Vec<u8>, value: Option<T>, put: impl FnOnce(&mut Vec<u8>, T)) {
    out.push(u8::from(value.is_some()));
    if let Some(value) = value {
        put(out, value);
    }
}

/// Takes values off the front of a row.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a>(pub &'a [u8]);

impl<'a> Reader<'a> {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn u8(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    pub fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    pub fn varint(&mut self) -> Option<u64> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.u8()?;
            value |= u64::from(byte & 0x7F) << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }

    pub fn varint_u32(&mut self) -> Option<u32> {
        u32::try_from(self.varint()?).ok()
    }

    pub fn signed(&mut self) -> Option<i64> {
        let value = self.varint()?;
        Some((value >> 1).cast_signed() ^ -(value & 1).cast_signed())
    }

    pub fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.varint()?).ok()?;
        self.take(length)
    }

    pub fn text(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.bytes()?).ok()
    }

    pub fn currency(&mut self) -> Option<Currency> {
        Currency::new(std::str::from_utf8(self.take(3)?).ok()?)
    }

    pub fn amount(&mut self) -> Option<Amount> {
        Some(Amount::from_micros(self.signed()?))
    }

    pub fn total(&mut self) -> Option<Total> {
        let mut value = 0_u128;
        for shift in (0..128).step_by(7) {
            let byte = self.u8()?;
            value |= u128::from(byte & 0x7F) << shift;
            if byte < 0x80 {
                let micros = (value >> 1).cast_signed() ^ -(value & 1).cast_signed();
                return Some(Total::from_micros(micros))
                    .filter(|_| micros.unsigned_abs() <= TOTAL_MICROS_MAX);
            }
        }
        None
    }

    pub fn micros(&mut self) -> Option<UnixMicros> {
        Some(UnixMicros(self.varint()?))
    }

    /// The outer `None` is for bytes that are no such value.
    #[expect(clippy::option_option, reason = "what was read, if anything could be, may be nothing")]
    pub fn option<T>(&mut self, take: impl FnOnce(&mut Self) -> Option<T>) -> Option<Option<T>> {
        match self.u8()? {
            0 => Some(None),
            1 => take(self).map(Some),
            _ => None,
        }
    }

    pub fn bool(&mut self) -> Option<bool> {
        match self.u8()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }

    pub fn be_u64(&mut self) -> Option<u64> {
        Some(u64::from_be_bytes(self.take(8)?.try_into().ok()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_octets_of_a_varint_are_known_before_it_is_written() {
        for value in [0, 1, 0x7F, 0x80, 0x3FFF, 0x4000, 1 << 20, 1 << 21, u64::MAX >> 1, u64::MAX] {
            let mut out = Vec::new();
            put_varint(&mut out, value);
            assert_eq!(varint_octets(value), out.len(), "{value}");
        }
    }

    #[test]
    fn numbers_come_back() {
        let mut out = Vec::new();
        let unsigned = [0, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX];
        let signed = [0, -1, 1, i64::MIN, i64::MAX, -64, 64];
        for value in unsigned {
            put_varint(&mut out, value);
        }
        for value in signed {
            put_signed(&mut out, value);
        }
        put_bytes(&mut out, b"abc");
        let mut reader = Reader(&out);
        assert!(unsigned.iter().all(|value| reader.varint() == Some(*value)));
        assert!(signed.iter().all(|value| reader.signed() == Some(*value)));
        assert_eq!(reader.bytes(), Some(&b"abc"[..]));
        assert!(reader.is_empty() && reader.varint().is_none());
    }

    #[test]
    fn totals_have_the_bytes_of_amounts_and_hold_more() {
        for micros in [0, 1, -1, 63, -64, 64, 1_000_000, i64::MAX, i64::MIN] {
            let (mut total, mut amount) = (Vec::new(), Vec::new());
            put_total(&mut total, Amount::from_micros(micros).into());
            put_amount(&mut amount, Amount::from_micros(micros));
            assert_eq!(total, amount, "{micros}");
            assert_eq!(Reader(&total).total(), Some(Amount::from_micros(micros).into()));
        }
        for micros in [i128::from(i64::MAX) * 3, i128::from(i64::MIN) * 3, 1 << 100, -1 << 100] {
            let mut bytes = Vec::new();
            put_total(&mut bytes, Total::from_micros(micros));
            assert_eq!(Reader(&bytes).total(), Some(Total::from_micros(micros)));
        }
        let mut beyond = Vec::new();
        put_total(&mut beyond, Total::from_micros((1 << 100) + 1));
        assert_eq!(Reader(&beyond).total(), None, "no books have such a sum");
        assert_eq!(Reader(&[0xFF; 20]).total(), None);
    }

    #[test]
    fn cut_rows_are_none() {
        assert_eq!(Reader(&[0x80]).varint(), None);
        assert_eq!(Reader(&[5, b'a']).bytes(), None);
        assert_eq!(Reader(&[0xFF; 11]).varint(), None);
    }
}
