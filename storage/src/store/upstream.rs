//! Messages by the id that an operator gave them.

use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::receipt_id::canonical_id;
use tollgate_engine::time::UnixMicros;

use super::provisioned::ProvisionedRows;
use crate::database::{Database, Unavailable, damaged};
use crate::rows::{Row, UpstreamRow};
use crate::schema::{
    Family, awaiting_key, id_of_place, parse_awaiting_key, parse_upstream_key, shared_place, upstream_key,
};

/// Reads the messages that operators have, by the ids that operators gave them.
#[derive(Clone, Copy, Debug)]
pub struct UpstreamRows<'a> {
    pub(super) database: &'a Database,
}

impl UpstreamRows<'_> {
    /// The message at a place among those that an operator took: mostly the id that the operator gave it, in
    /// canonical form.
    pub fn get(&self, operator: OperatorNumber, place: &[u8]) -> Result<Option<UpstreamRow>, Unavailable> {
        self.database.row(Family::Upstream, &upstream_key(operator, place))
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

    /// A message by the id that an operator gave it, which other messages may have too.
    pub fn of_message(
        &self,
        operator: OperatorNumber,
        id: &[u8],
        destination: &[u8],
        message_id: u64,
    ) -> Result<Option<UpstreamRow>, Unavailable> {
        let is_its = |row: &UpstreamRow| row.message_id == message_id;
        match self.get(operator, id)? {
            Some(row) if row.leads && !is_its(&row) => {
                self.get(operator, &shared_place(id, destination, message_id))
            }
            row => Ok(row.filter(is_its)),
        }
    }

    /// The messages at places that begin so, at most so many, with their places.
    pub fn beginning_with(
        &self,
        operator: OperatorNumber,
        beginning: &[u8],
        at_most: usize,
    ) -> Result<Vec<(Vec<u8>, UpstreamRow)>, Unavailable> {
        let mut found = Vec::new();
        let start = upstream_key(operator, beginning);
        let end = [&start[..], &[u8::MAX; 1]].concat();
        self.database.range(Family::Upstream, &start[..]..&end, |key, value| {
            let read = parse_upstream_key(key).zip(UpstreamRow::read(value));
            let ((_, place), row) = read.ok_or_else(|| damaged(Family::Upstream))?;
            found.push((place.to_vec(), row));
            Ok(found.len() < at_most)
        })?;
        Ok(found)
    }

    /// The messages that any operator gave this id, in canonical form or not, at most so many.
    pub fn messages_of(&self, id: &[u8], at_most: usize) -> Result<Vec<u64>, Unavailable> {
        let (id, mut found) = (canonical_id(id), Vec::new());
        if id.is_empty() {
            return Ok(found);
        }
        for (operator, _) in (ProvisionedRows { database: self.database }).operators()? {
            // The places of one id come before those of longer ones.
            let places = self.beginning_with(operator, &id, at_most)?;
            let its = places.into_iter().take_while(|(place, _)| id_of_place(place) == id);
            found.extend(its.map(|(_, row)| row.message_id));
        }
        found.truncate(at_most);
        Ok(found)
    }

    /// The places of messages that operators took before then and have sent no final receipt for, the oldest first.
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
            let (_, operator, place) = parse_awaiting_key(key).ok_or_else(|| damaged(Family::Awaiting))?;
            overdue.push((operator, place.to_vec()));
            Ok(overdue.len() < at_most)
        })?;
        Ok(overdue)
    }
}
