//! The health of an operator, as a time series.

use tollgate_engine::health::HealthSample;

use super::Row;
use crate::codec::{Reader, put_varint};

/// `health`: one sample. The key has the operator and the instant.
impl Row for HealthSample {
    fn write_to(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&[u8::from(self.bound), self.fill_percent, self.score]);
        for micros in [self.p50_micros, self.p95_micros, self.p99_micros, self.receipt_delay_micros] {
            put_varint(out, micros);
        }
        for count in [
            self.responses,
            self.accepted,
            self.temporary,
            self.permanent,
            self.throttled,
            self.lost,
            self.receipts,
            self.delivered,
            self.per_second,
        ] {
            put_varint(out, u64::from(count));
        }
    }

    fn take(reader: &mut Reader<'_>) -> Option<Self> {
        // Fields are read in the order in which they stand here.
        Some(Self {
            bound: reader.bool()?,
            fill_percent: reader.u8()?,
            score: reader.u8()?,
            p50_micros: reader.varint()?,
            p95_micros: reader.varint()?,
            p99_micros: reader.varint()?,
            receipt_delay_micros: reader.varint()?,
            responses: reader.varint_u32()?,
            accepted: reader.varint_u32()?,
            temporary: reader.varint_u32()?,
            permanent: reader.varint_u32()?,
            throttled: reader.varint_u32()?,
            lost: reader.varint_u32()?,
            receipts: reader.varint_u32()?,
            delivered: reader.varint_u32()?,
            per_second: reader.varint_u32()?,
        })
    }
}
