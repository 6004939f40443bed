//! Messages that wait: nothing stands in a queue that is not to be sent.

use tollgate_engine::account::AccountNumber;
use tollgate_engine::time::UnixMicros;

use super::Count;
use super::fault::{Fault, damaged, off, scan};
use crate::cdr::CdrRoute;
use crate::message::{Message, QueueKey};
use crate::rows::{ExpiryRow, LeaseRow, Row, ScheduledRow};
use crate::schema::{Family, parse_instant_id_key};
use crate::store::Store;

impl Count {
    /// Each waiting message was found in its place already. Where there are as many rows as such messages
    /// there is none too many; else one is looked for.
    pub(super) fn compare_waiting(&mut self, store: &Store) -> Result<(), Fault> {
        if count_rows(store, Family::Queue)? != self.report.queued {
            return find_stray_queued(store);
        }
        if count_rows(store, Family::Scheduled)? != self.report.scheduled {
            return find_stray_scheduled(store);
        }
        Ok(())
    }

    /// Only a message that waits can expire.
    pub(super) fn compare_expiries(store: &Store) -> Result<(), Fault> {
        scan(store, Family::Expiries, |key, value| {
            let read = parse_instant_id_key(key).zip(ExpiryRow::read(value));
            let ((_, id), row) = read.ok_or_else(|| damaged(Family::Expiries, key))?;
            let is_scheduled = match row.scheduled_at {
                Some(due) => store.queue().scheduled_row(due, id)?.is_some(),
                None => false,
            };
            if is_scheduled || store.queue().row(row.queue_key(id))?.is_some() {
                return Ok(());
            }
            off(format!("message {id} is to expire, but is in no queue"))
        })
    }

    /// A lease may be left over from messages that are settled, but not name any that never were.
    pub(super) fn compare_leases(&mut self, store: &Store) -> Result<(), Fault> {
        scan(store, Family::Leases, |key, value| {
            let lease = key.try_into().map(u64::from_be_bytes).map_err(|_| damaged(Family::Leases, key))?;
            let row = LeaseRow::read(value).ok_or_else(|| damaged(Family::Leases, key))?;
            self.check_operator(row.operator, || format!("lease {lease}"))?;
            for key in &row.keys {
                self.check_operator(key.first_choice, || format!("lease {lease}"))?;
                if !store.commits().is_message(key.message_id)? {
                    return off(format!("lease {lease} names message {}, which never was", key.message_id));
                }
            }
            self.report.leases += 1;
            Ok(())
        })
    }
}

fn count_rows(store: &Store, family: Family) -> Result<u64, Fault> {
    let mut count = 0;
    scan(store, family, |_, _| {
        count += 1;
        Ok(())
    })?;
    Ok(count)
}

fn find_stray_queued(store: &Store) -> Result<(), Fault> {
    scan(store, Family::Queue, |key, value| {
        let place = QueueKey::from_bytes(key).ok_or_else(|| damaged(Family::Queue, key))?;
        let message = Message::read(place.message_id, value).ok_or_else(|| damaged(Family::Queue, key))?;
        check_waits(store, message.ticket.account, place, None)
    })?;
    off("queue: there are other messages in it than wait".to_owned())
}

fn find_stray_scheduled(store: &Store) -> Result<(), Fault> {
    scan(store, Family::Scheduled, |key, value| {
        let read = parse_instant_id_key(key).zip(ScheduledRow::read(value));
        let ((due, message_id), row) = read.ok_or_else(|| damaged(Family::Scheduled, key))?;
        let message = Message::read(message_id, &row.bytes).ok_or_else(|| damaged(Family::Scheduled, key))?;
        let place = QueueKey { first_choice: row.first_choice, class: row.class, message_id };
        check_waits(store, message.ticket.account, place, Some(due))
    })?;
    off("scheduled: there are other messages in it than wait".to_owned())
}

/// Checks that a message is to be where it is: its CDR says so, and it has no state yet.
fn check_waits(
    store: &Store,
    account: AccountNumber,
    place: QueueKey,
    due: Option<UnixMicros>,
) -> Result<(), Fault> {
    let id = place.message_id;
    let is_place =
        |route: CdrRoute| route.queue_key(id) == place && (due.is_none() || route.scheduled_at == due);
    match store.messages().cdr(account, id, |cdr| cdr.fields.route)? {
        None => off(format!("message {id} waits to be sent, but has no CDR")),
        Some(route) if !route.is_some_and(is_place) => {
            off(format!("message {id} waits in another place than its CDR says"))
        }
        Some(_) if store.messages().state(account, id)?.is_some() => {
            off(format!("message {id} waits to be sent, but has a state"))
        }
        Some(_) => Ok(()),
    }
}
