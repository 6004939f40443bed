//! Operators, and the messages that they are known to have.

use super::Count;
use super::fault::{Fault, damaged, off, scan};
use crate::rows::{Row, UpstreamRow};
use crate::schema::{Family, awaiting_key, id_of_place, parse_awaiting_key, parse_upstream_key};
use crate::store::Store;

impl Count {
    pub(super) fn read_operators(&mut self, store: &Store) -> Result<(), Fault> {
        let mut codes = std::collections::HashSet::new();
        for (number, row) in store.provisioned().operators()? {
            if number.0 == 0 || !codes.insert(row.code.clone()) {
                return off(format!("operator {} cannot be `{}`", number.0, row.code));
            }
            self.operators.insert(number);
        }
        Ok(())
    }

    /// Each message whose receipt is awaited was found by its operator's id already. Where there are as many
    /// ids as such messages there is none that leads nowhere; else one is looked for.
    pub(super) fn compare_upstream(&mut self, store: &Store) -> Result<(), Fault> {
        let mut awaited = 0;
        scan(store, Family::Upstream, |key, value| {
            let (operator, id) = parse_upstream_key(key).ok_or_else(|| damaged(Family::Upstream, key))?;
            let row = UpstreamRow::read(value).ok_or_else(|| damaged(Family::Upstream, key))?;
            self.check_operator(operator, || format!("message {}", row.message_id))?;
            if row.settled && row.is_awaited() {
                return off(format!("message {}: it is settled, but its receipt awaited", row.message_id));
            }
            if !row.is_awaited() {
                return Ok(());
            }
            awaited += 1;
            let awaiting = store.get(Family::Awaiting, &awaiting_key(row.accepted_at, operator, id))?;
            match awaiting {
                Some(_) => Ok(()),
                None => off(format!("message {}: its receipt is not awaited", row.message_id)),
            }
        })?;
        if awaited == self.report.awaited { Ok(()) } else { find_stray_upstream(store) }
    }

    pub(super) fn compare_awaiting(&mut self, store: &Store) -> Result<(), Fault> {
        let mut awaiting = 0;
        scan(store, Family::Awaiting, |key, value| {
            parse_awaiting_key(key)
                .filter(|_| value.is_empty())
                .ok_or_else(|| damaged(Family::Awaiting, key))?;
            awaiting += 1;
            Ok(())
        })?;
        if awaiting == self.report.awaited { Ok(()) } else { find_stray_awaiting(store) }
    }
}

fn find_stray_upstream(store: &Store) -> Result<(), Fault> {
    scan(store, Family::Upstream, |key, value| {
        let (operator, place) = parse_upstream_key(key).ok_or_else(|| damaged(Family::Upstream, key))?;
        let row = UpstreamRow::read(value).ok_or_else(|| damaged(Family::Upstream, key))?;
        let id = row.message_id;
        let ticket = row.ticket().ok_or_else(|| damaged(Family::Upstream, key))?;
        let state = store.messages().state(ticket.account, id)?;
        let is_its = state.is_some_and(|state| {
            !state.state.is_final() && state.operator == operator && state.upstream_id == id_of_place(place)
        });
        if !row.is_awaited() || is_its {
            return Ok(());
        }
        off(format!("message {id}: operator {} is to settle it, but does not have it", operator.0))
    })?;
    off("upstream: there are other messages in it than are awaited".to_owned())
}

fn find_stray_awaiting(store: &Store) -> Result<(), Fault> {
    scan(store, Family::Awaiting, |key, _| {
        let (accepted_at, operator, id) =
            parse_awaiting_key(key).ok_or_else(|| damaged(Family::Awaiting, key))?;
        match store.upstream().get(operator, id)? {
            Some(row) if row.is_awaited() && row.accepted_at == accepted_at => Ok(()),
            _ => off(format!("operator {}: a receipt is awaited that settles nothing", operator.0)),
        }
    })?;
    off("awaiting: there are other messages in it than are awaited".to_owned())
}
