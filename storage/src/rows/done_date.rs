//! The time at which a message reached its final state, as its operator's receipt has it.

use tollgate_engine::time::UnixMicros;

use crate::codec::{Reader, put_bytes, put_micros, put_option};

/// The `done date` of a receipt (SMPP 3.4 Appendix B).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct DoneDate {
    /// The date as `YYMMDDhhmm`, by the operator's clock.
    pub digits: Vec<u8>,
    /// The instant that it is, where the operator's time zone is known.
    pub at: Option<UnixMicros>,
}

impl DoneDate {
    pub(super) fn write_to(&self, out: &mut Vec<u8>) {
        put_bytes(out, &self.digits);
        put_option(out, self.at, put_micros);
    }

    pub(super) fn take(reader: &mut Reader<'_>) -> Option<Self> {
        let digits = reader.bytes()?.to_vec();
        Some(Self { digits, at: reader.option(Reader::micros)? })
    }
}
