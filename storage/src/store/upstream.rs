//! Messages by the id that an operator gave them.

use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::time::UnixMicros;

use crate::database::{Database, Unavailable, damaged};
use crate::rows::UpstreamRow;
use crate::schema::{Family, awaiting_key, parse_awaiting_key, upstream_key};

/// Reads the messages that operators have, by the ids that operators gave them.
#[derive(Clone, Copy, Debug)]
pub struct UpstreamRows<'a> {
    pub(super) database: &'a Database,
}

impl UpstreamRows<'_> {
    /// The message that an operator took under this id, in canonical form.
    pub fn get(&self, operator: OperatorNumber, id: &[u8]) -> Result<Option<UpstreamRow>, Unavailable> {
        self.database.row(Family::Upstream, &upstream_key(operator, id))
    }

    /// True if an operator has messages that it may still report on.
    pub fn has_any(&self, operator: OperatorNumber) -> Result<bool, Unavailable> {
        let (prefix, mut found) = (upstream_key(operator, &[]), false);
        self.database.scan(Family::Upstream, &prefix, |key, _| {
            found = key.starts_with(&prefix);
            false
        })?;
        Ok(found)
    }

    /// Messages that operators took before then and have sent no final receipt for, the oldest first.
    pub fn overdue(
        &self,
        before: UnixMicros,
        at_most: usize,
    ) -> Result<Vec<(OperatorNumber, Vec<u8>)>, Unavailable> {
        let mut overdue = Vec::new();
        if at_most == 0 {
            return Ok(overdue);
        }
        let end = awaiting_key(before, OperatorNumber(0), &[]);
        self.database.range(Family::Awaiting, &[]..&end, |key, _| {
            let (_, operator, id) = parse_awaiting_key(key).ok_or_else(|| damaged(Family::Awaiting))?;
            overdue.push((operator, id.to_vec()));
            Ok(overdue.len() < at_most)
        })?;
        Ok(overdue)
    }
}
