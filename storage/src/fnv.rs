//! A hash that is kept on disk, and so must be the same for every build: FNV-1a.

use std::hash::Hasher;

/// Octets in, 64 bits out.
#[derive(Clone, Copy, Debug)]
pub struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xCBF2_9CE4_8422_2325)
    }
}

impl Hasher for Fnv {
    fn write(&mut self, octets: &[u8]) {
        for octet in octets {
            self.0 = (self.0 ^ u64::from(*octet)).wrapping_mul(0x0000_0100_0000_01B3);
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_vectors_hold() {
        let hash = |text: &str| {
            let mut hasher = Fnv::default();
            hasher.write(text.as_bytes());
            hasher.finish()
        };
        assert_eq!(hash(""), 0xCBF2_9CE4_8422_2325);
        assert_eq!(hash("a"), 0xAF63_DC4C_8601_EC8C);
        assert_eq!(hash("foobar"), 0x8594_4171_F739_67E8);
    }

    #[test]
    fn the_hash_of_the_parts_of_a_message_is_what_keys_on_disk_have() {
        // Source, data_coding, text and destination, each ended by 0xFF. The value is that of the published algorithm;
        // idempotency keys on disk hold such values, so that a change here would make every resent message a new one.
        const STORED: u64 = 0xEC55_CF84_FF33_F92F;
        let mut hasher = Fnv::default();
        for part in [&b"ACME"[..], &[8], b"Your code is 4711", b"254722000001"] {
            hasher.write(part);
            hasher.write(&[0xFF]);
        }
        assert_eq!(hasher.finish(), STORED);
    }
}
