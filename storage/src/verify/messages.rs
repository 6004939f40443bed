//! CDR by CDR: what each charges and counts, and where its message is.

use tollgate_engine::beside::Beside;
use tollgate_engine::posting::Posting;

use super::Count;
use super::fault::{Fault, damaged, off};
use crate::cdr::{BlockReader, Cdr};
use crate::database::{Unavailable, rows};
use crate::message::{Message, Ticket};
use crate::schema::{Family, parse_account_id_key};
use crate::states::States;
use crate::store::Store;

impl Count {
    pub(super) fn read_messages(&mut self, store: &Store) -> Result<(), Fault> {
        let mut end = None;
        store.database().with(|db| {
            let mut states = States::new(rows(db, Family::States, &[])?);
            for row in rows(db, Family::Cdrs, &[])? {
                let (key, value) = row.map_err(Unavailable::from)?;
                let (account, first) =
                    parse_account_id_key(&key).ok_or_else(|| damaged(Family::Cdrs, &key))?;
                let block = BlockReader::new(account, first, &value);
                let block = block.ok_or_else(|| damaged(Family::Cdrs, &key))?;
                if end.is_some_and(|(of, end)| of == account && first < end) {
                    return off(format!("account {}: message {first} has two CDRs", account.0));
                }
                if !self.tariffs.contains(&block.header().tariff) {
                    return off(format!("message {first}: tariff {} is not archived", block.header().tariff));
                }
                let count = block.left();
                self.usage.go_on_to(store, account);
                end = Some((account, first + u64::from(count)));
                self.read_block(store, &key, block, &mut states)?;
                self.note_charged(first)?;
                if self.blocks.insert(first, (account, count)).is_some() {
                    return off(format!("message {first} has CDRs of two accounts"));
                }
            }
            match states.unclaimed()? {
                Some((_, id)) => off(format!("message {id} has a state but no CDR")),
                None => Ok(()),
            }
        })
    }

    fn read_block(
        &mut self,
        store: &Store,
        key: &[u8],
        mut block: BlockReader<'_>,
        states: &mut States<'_>,
    ) -> Result<(), Fault> {
        for cdr in block.by_ref() {
            let beside = cdr.beside();
            self.count_charge(&cdr, beside.as_ref())?;
            let state = states.of(cdr.account, cdr.message_id)?;
            self.usage.count(&cdr, state);
            if let Some(series) = &mut self.series {
                series.count(store, &cdr, state)?;
            }
            match state {
                Some(state) => self.count_outcome(store, (&cdr, beside.as_ref()), state)?,
                None => self.find_waiting(store, &cdr)?,
            }
        }
        if block.is_sound() { Ok(()) } else { Err(damaged(Family::Cdrs, key)) }
    }

    fn count_charge(&mut self, cdr: &Cdr<'_>, beside: Option<&Beside>) -> Result<(), Fault> {
        match beside {
            None => self.count_posting(cdr.message_id, &cdr.posting())?,
            Some(beside) => self.count_levels(cdr, beside)?,
        }
        if let Some(dispatch) = cdr.fields.dispatch_id {
            let counters = self.dispatches.entry((cdr.account, dispatch.to_vec())).or_default();
            counters.messages += 1;
            counters.segments += u64::from(cdr.fields.segments);
            counters.cost += cdr.fields.amount;
        }
        self.report.cdrs += 1;
        self.report.segments += u64::from(cdr.fields.segments);
        Ok(())
    }

    /// Counts a posting on a wallet.
    pub(super) fn count_posting(&mut self, message_id: u64, posting: &Posting) -> Result<(), Fault> {
        let Posting { account, amount, month, segments, .. } = *posting;
        let of_account = self.account(account, message_id)?;
        of_account.charged += i128::from(amount.micros());
        *of_account.volumes.entry(month).or_default() += i128::from(segments);
        *self.charged_in_block.entry(account).or_default() += i128::from(amount.micros());
        Ok(())
    }

    /// A message that was handed over and has no state waits in one place, and its row there says what its
    /// CDR says.
    fn find_waiting(&mut self, store: &Store, cdr: &Cdr<'_>) -> Result<(), Fault> {
        let Some(route) = cdr.fields.route else { return Ok(()) };
        let id = cdr.message_id;
        self.check_operator(route.first_choice, || format!("message {id}"))?;
        let queued = store.queue().row(route.queue_key(id))?;
        let scheduled = match route.scheduled_at {
            Some(due) => store.queue().scheduled_row(due, id)?,
            None => None,
        };
        let bytes = match (queued, scheduled) {
            (Some(bytes), None) => {
                self.report.queued += 1;
                bytes
            }
            (None, Some(row)) if (row.first_choice, row.class) == (route.first_choice, route.class) => {
                self.report.scheduled += 1;
                row.bytes
            }
            (None, Some(_)) => {
                return off(format!("message {id} is scheduled for another queue than its own"));
            }
            (Some(_), Some(_)) => return off(format!("message {id} is queued, and still scheduled")),
            (None, None) => return off(format!("message {id} is lost: it has no state and is in no queue")),
        };
        match Message::read(id, &bytes) {
            Some(message) => agree(cdr, &message.ticket, "its row in the queue"),
            None => off(format!("message {id}: its row in the queue cannot be read")),
        }
    }
}

/// A ticket settles a message by what its CDR says, and by nothing else.
pub(super) fn agree(cdr: &Cdr<'_>, ticket: &Ticket<'_>, whose: &str) -> Result<(), Fault> {
    let fields = &cdr.fields;
    let other = [
        (ticket.account != cdr.account, "account"),
        (ticket.amount != fields.amount, "amount"),
        (ticket.segments != fields.segments, "number of segments"),
        (ticket.month != cdr.header.month, "month"),
        (ticket.network != fields.network, "network"),
        (ticket.dispatch_id != fields.dispatch_id, "dispatch"),
        (ticket.submitted_at != cdr.header.submitted_at, "time"),
        (ticket.has_postings != fields.beside.is_some(), "set of postings"),
    ];
    match other.into_iter().find(|(is_other, _)| *is_other) {
        Some((_, what)) => {
            off(format!("message {}: {whose} names another {what} than its CDR", cdr.message_id))
        }
        None => Ok(()),
    }
}
