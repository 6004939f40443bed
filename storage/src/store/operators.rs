//! Reads of operators: who they are, what they took, how they were.

use tollgate_engine::health::HealthSample;
use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::time::UnixMicros;

use super::{Store, Unavailable, damaged};
use crate::rows::{OperatorRow, Row, UpstreamRow};
use crate::schema::{
    Family, awaiting_key, health_key, parse_awaiting_key, parse_operator_number_key, upstream_key,
};

impl Store {
    /// Every operator that was ever provisioned.
    pub fn operators(&self) -> Result<Vec<(OperatorNumber, OperatorRow)>, Unavailable> {
        let mut operators = Vec::new();
        self.range(Family::Operators, &[]..&[u8::MAX; 3], |key, value| {
            let number = key.try_into().map(u16::from_be_bytes).ok();
            let read = number.zip(OperatorRow::read(value)).ok_or_else(|| damaged(Family::Operators))?;
            operators.push((OperatorNumber(read.0), read.1));
            Ok(true)
        })?;
        Ok(operators)
    }

    /// The message that an operator took under this id, in canonical form.
    pub fn upstream(&self, operator: OperatorNumber, id: &[u8]) -> Result<Option<UpstreamRow>, Unavailable> {
        self.row(Family::Upstream, &upstream_key(operator, id))
    }

    /// Messages that operators took before then and have sent no final receipt for, the oldest first.
    pub fn overdue_upstream(
        &self,
        before: UnixMicros,
        at_most: usize,
    ) -> Result<Vec<(OperatorNumber, Vec<u8>)>, Unavailable> {
        let mut overdue = Vec::new();
        if at_most == 0 {
            return Ok(overdue);
        }
        let end = awaiting_key(before, OperatorNumber(0), &[]);
        self.range(Family::Awaiting, &[]..&end, |key, _| {
            let (_, operator, id) = parse_awaiting_key(key).ok_or_else(|| damaged(Family::Awaiting))?;
            overdue.push((operator, id.to_vec()));
            Ok(overdue.len() < at_most)
        })?;
        Ok(overdue)
    }

    /// How an operator was from one instant to before another.
    pub fn health(
        &self,
        operator: OperatorNumber,
        from: UnixMicros,
        to: UnixMicros,
    ) -> Result<Vec<(UnixMicros, HealthSample)>, Unavailable> {
        let mut samples = Vec::new();
        let keys = &health_key(operator, from)..&health_key(operator, to);
        self.range(Family::Health, &keys.start[..]..&keys.end[..], |key, value| {
            let read = parse_operator_number_key(key).zip(HealthSample::read(value));
            let ((_, at), sample) = read.ok_or_else(|| damaged(Family::Health))?;
            samples.push((UnixMicros(at), sample));
            Ok(true)
        })?;
        Ok(samples)
    }
}
