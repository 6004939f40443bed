//! Cuts a stream of bytes into frames, by `command_length` alone (SMPP 3.4 §3.2).
//!
//! A frame is exactly the bytes its length names, whatever its body holds, so that a bad body never puts the
//! stream out of step. The length is checked before anything is read or allocated for it. Bodies are never
//! looked at here.

use rusmpp::CommandId;

/// Octets of the header that every PDU begins with.
pub const HEADER_LENGTH: usize = 16;

/// The header of a PDU, without its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// The filters of a list of operation.
    pub command: CommandId,
    /// Meaningful in responses only.
    pub status: u32,
    /// Chosen by the requester, echoed by the responder. Any value is taken.
    pub sequence: u32,
}

/// One whole PDU, borrowed from the read buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// The first 16 octets.
    pub header: Header,
    /// The octets behind the header, up to the length that `command_length` gives.
    pub body: &'a [u8],
}

/// A `command_length` below 16 or above the limit: what follows cannot be told apart any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BrokenFrame {
    /// For the generic_nack: the header's, or 0 where the length leaves no room for one.
    pub sequence: u32,
}

/// The complete frames at the beginning of a buffer.
#[derive(Debug)]
pub struct Frames<'a> {
    rest: &'a [u8],
    consumed: usize,
    length_max: usize,
}

impl<'a> Frames<'a> {
    /// Frames of `buffer`, none longer than `length_max` octets.
    pub fn new(buffer: &'a [u8], length_max: usize) -> Self {
        Self { rest: buffer, consumed: 0, length_max }
    }

    /// Octets of the frames given out so far; what lies behind them is still to be cut.
    pub fn consumed(&self) -> usize {
        self.consumed
    }
}

impl<'a> Iterator for Frames<'a> {
    type Item = Result<Frame<'a>, BrokenFrame>;

    /// The next frame, or `None` until more bytes have come. An error is final: it repeats.
    fn next(&mut self) -> Option<Self::Item> {
        let (length, _) = self.rest.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
        if length < HEADER_LENGTH {
            return Some(Err(BrokenFrame { sequence: 0 }));
        }
        let (header, _) = self.rest.split_first_chunk::<HEADER_LENGTH>()?;
        let header = Header::read(u128::from_be_bytes(*header));
        if length > self.length_max {
            return Some(Err(BrokenFrame { sequence: header.sequence }));
        }
        let (frame, rest) = self.rest.split_at_checked(length)?;
        let body = frame.get(HEADER_LENGTH..)?;
        self.rest = rest;
        self.consumed += length;
        Some(Ok(Frame { header, body }))
    }
}

impl Header {
    /// The header's four words as one number: a single load instead of four.
    fn read(words: u128) -> Self {
        Self { command: CommandId::from(word(words, 2)), status: word(words, 1), sequence: word(words, 0) }
    }
}

/// The 32-bit word at `place`, counted from the low end.
#[expect(clippy::cast_possible_truncation, reason = "the low 32 bits are what is asked for")]
fn word(words: u128, place: u32) -> u32 {
    (words >> (32 * place)) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pdu(length: u32, command: u32, sequence: u32, body: &[u8]) -> Vec<u8> {
        let words = [length, command, 0, sequence];
        let mut bytes: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
        bytes.extend_from_slice(body);
        bytes
    }

    #[test]
    fn two_frames_and_a_half_are_two_frames() {
        let mut bytes = pdu(18, 4, 7, b"ab");
        bytes.extend(pdu(16, 0x15, 8, b""));
        bytes.extend(&pdu(20, 4, 9, b"abcd")[..19]);

        let mut frames = Frames::new(&bytes, 100);
        let first = frames.next().unwrap().unwrap();
        assert_eq!(
            (first.header.command, first.header.sequence, first.body),
            (CommandId::SubmitSm, 7, &b"ab"[..])
        );
        let second = frames.next().unwrap().unwrap();
        assert_eq!((second.header.command, second.body), (CommandId::EnquireLink, &b""[..]));
        assert_eq!(frames.next(), None);
        assert_eq!(frames.consumed(), 34);
    }

    #[test]
    fn a_length_below_a_header_is_broken_with_sequence_zero_as_soon_as_it_is_read() {
        for length in [0, 4, 15] {
            let bytes = pdu(length, 4, 7, b"");
            assert_eq!(Frames::new(&bytes, 100).next(), Some(Err(BrokenFrame { sequence: 0 })));
            assert_eq!(Frames::new(&bytes[..4], 100).next(), Some(Err(BrokenFrame { sequence: 0 })));
        }
    }

    #[test]
    fn a_length_above_the_limit_is_broken_before_its_body_arrives() {
        for length in [101, 0x7FFF_FFFF, u32::MAX] {
            let bytes = pdu(length, 4, 7, b"");
            assert_eq!(Frames::new(&bytes, 100).next(), Some(Err(BrokenFrame { sequence: 7 })));
        }
        let bytes = pdu(100, 4, 7, &[0; 84]);
        assert_eq!(Frames::new(&bytes, 100).next().unwrap().unwrap().body.len(), 84);
    }

    #[test]
    fn an_incomplete_header_waits() {
        let bytes = pdu(16, 0x15, 1, b"");
        for end in 0..16 {
            assert_eq!(Frames::new(&bytes[..end], 100).next(), None);
        }
    }
}
