//! Takes fields off the front of a body. Running out of octets is ESME_RINVCMDLEN: the length does not fit
//! the fields.

use rusmpp::CommandStatus;

use super::Address;

/// The octets not yet taken.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) fn new(body: &'a [u8]) -> Self {
        Self { rest: body }
    }

    /// All that was not taken.
    pub(super) fn rest(self) -> &'a [u8] {
        self.rest
    }

    pub(super) fn octet(&mut self) -> Result<u8, CommandStatus> {
        let (&octet, rest) = self.rest.split_first().ok_or(CommandStatus::EsmeRinvcmdlen)?;
        self.rest = rest;
        Ok(octet)
    }

    /// The next `length` octets, or `too_short` where there are fewer.
    pub(super) fn octets(
        &mut self,
        length: usize,
        too_short: CommandStatus,
    ) -> Result<&'a [u8], CommandStatus> {
        let (octets, rest) = self.rest.split_at_checked(length).ok_or(too_short)?;
        self.rest = rest;
        Ok(octets)
    }

    /// A C-Octet String of at most `length_max` characters, without its NUL; `too_long` where it has more.
    pub(super) fn c_octets(
        &mut self,
        length_max: usize,
        too_long: CommandStatus,
    ) -> Result<&'a [u8], CommandStatus> {
        let Some(length) = self.rest.iter().take(length_max + 1).position(|&octet| octet == 0) else {
            let truncated = self.rest.len() <= length_max;
            return Err(if truncated { CommandStatus::EsmeRinvcmdlen } else { too_long });
        };
        let (octets, rest) = self.rest.split_at_checked(length).ok_or(too_long)?;
        self.rest = rest.get(1..).unwrap_or_default();
        Ok(octets)
    }

    /// Type of number, numbering plan and digits; `too_long` where there are more than fit an address.
    pub(super) fn address(&mut self, too_long: CommandStatus) -> Result<Address<'a>, CommandStatus> {
        Ok(Address {
            ton: self.octet()?,
            npi: self.octet()?,
            digits: self.c_octets(super::ADDRESS_LENGTH_MAX, too_long)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_c_octet_string_ends_at_its_nul() {
        let mut reader = Reader::new(b"abc\0\0rest");
        assert_eq!(reader.c_octets(3, CommandStatus::EsmeRinvsrcadr), Ok(&b"abc"[..]));
        assert_eq!(reader.c_octets(3, CommandStatus::EsmeRinvsrcadr), Ok(&b""[..]));
        assert_eq!(reader.rest(), b"rest");
    }

    #[test]
    fn too_long_and_truncated_are_told_apart() {
        let too_long = CommandStatus::EsmeRinvsrcadr;
        assert_eq!(Reader::new(b"abcd\0").c_octets(3, too_long), Err(too_long));
        assert_eq!(Reader::new(b"abcd").c_octets(3, too_long), Err(too_long));
        assert_eq!(Reader::new(b"abc").c_octets(3, too_long), Err(CommandStatus::EsmeRinvcmdlen));
        assert_eq!(Reader::new(b"").c_octets(3, too_long), Err(CommandStatus::EsmeRinvcmdlen));
    }
}
