//! query_sm, cancel_sm and replace_sm: requests of a gateway about a message that it has submitted.
//!
//! A message can be cancelled and replaced until an operator was offered it; one that is charged only, until it is
//! cancelled. These reads go to RocksDB on the session's own task; they touch one or two blocks.

use tollgate_engine::account::DefaultCoding;
use tollgate_engine::segments::{self, Body};
use tollgate_engine::time::UnixMicros;
use tollgate_smpp::pdu::time::format_time;
use tollgate_smpp::pdu::{SmppTime, SubmitKind};
use tollgate_smpp::{Answer, MessageRef, Replacement, Reply, RequestOutcome};
use tollgate_storage::cdr::{Cdr, CdrRoute};
use tollgate_storage::clock::now;
use tollgate_storage::committer::Cancellation;
use tollgate_storage::message::{Message, QueueKey};
use tollgate_storage::rows::{MessageState, StateRow};
use tollgate_storage::store::Unavailable;

use super::answers::{CANCEL_FAILED, REPLACE_FAILED};
use super::context::ClientContext;
use super::parameters::UDHI;
use super::session::EsmeSession;
use super::token::Token;

/// ESME_RSYSERR: the books cannot be read, or the committer's queue is full.
const SYSTEM_ERROR: u32 = 0x0000_0008;
/// ESME_RINVSCHED: the message would expire before it is due.
const INVALID_SCHEDULE: u32 = 0x0000_0061;
/// Schedules that are closer than this are the same; relative ones count from when they come.
const SAME_SCHEDULE_MICROS: u64 = 2_000_000;
/// ESME_RQUERYFAIL: the message is not known.
const QUERY_FAILED: u32 = 0x0000_0067;

/// A message of this account, by its full id.
struct Found {
    id: u64,
    segments: u8,
    data_coding: u8,
    esm_class: u8,
    /// The queue that it was put into; `None` where it is charged only.
    route: Option<CdrRoute>,
}

impl EsmeSession {
    pub(crate) fn answer_query(&mut self, sequence: u32, message: &MessageRef<'_>) -> RequestOutcome {
        let found = match self.found_or(message, QUERY_FAILED) {
            Ok(found) => found,
            Err(verdict) => return verdict,
        };
        let Ok(state) = self.context.books.store.messages().state(self.wallet_number(), found.id) else {
            return RequestOutcome::Refused(SYSTEM_ERROR);
        };
        let message_state = state.as_ref().map_or(MessageState::Enroute, |row| row.state) as u8;
        let finished = state.filter(|row| row.state.is_final());
        let ended_at = |row: &StateRow| row.done_date.as_ref().and_then(|date| date.at).unwrap_or(row.at);
        let final_date = finished.map(|row| format_time(ended_at(&row).0)).unwrap_or_default();
        let message_id = message.message_id.unwrap_or(found.id);
        let reply = Reply::Queried { message_id, final_date, message_state, error_code: 0 };
        self.ready.push(Answer { sequence, reply });
        RequestOutcome::Pending
    }

    pub(crate) fn start_cancel(&mut self, sequence: u32, message: &MessageRef<'_>) -> RequestOutcome {
        let found = match self.found_or(message, CANCEL_FAILED) {
            Ok(found) => found,
            Err(verdict) => return verdict,
        };
        let cancellation = Cancellation {
            account: self.wallet_number(),
            message_id: found.id,
            token: Token::new(sequence, SubmitKind::SubmitSm).0,
            reply: self.commit_outcomes.0.clone(),
        };
        match self.context.books.committer.cancel(cancellation) {
            Ok(()) => RequestOutcome::Pending,
            Err(_) => RequestOutcome::Refused(SYSTEM_ERROR),
        }
    }

    /// Replaces a text. The new one has to cost the same and has to be one that the account may send. No text is kept of
    /// a message that is charged only, so that nothing is replaced there.
    pub(crate) fn answer_replace(
        &mut self,
        sequence: u32,
        message: &MessageRef<'_>,
        replacement: &Replacement<'_>,
    ) -> RequestOutcome {
        let found = match self.found_or(message, REPLACE_FAILED) {
            Ok(found) => found,
            Err(verdict) => return verdict,
        };
        match self.context.books.store.messages().state(self.wallet_number(), found.id) {
            Ok(None) => {}
            Ok(Some(_)) => return RequestOutcome::Refused(REPLACE_FAILED),
            Err(_) => return RequestOutcome::Refused(SYSTEM_ERROR),
        }
        let body = Body {
            data_coding: found.data_coding,
            udhi: found.esm_class & UDHI != 0,
            sar: None,
            octets: replacement.body,
            in_payload: false,
        };
        let coding =
            self.account.as_ref().map_or(DefaultCoding::Gsm7, |account| account.terms.account.default_coding);
        if !segments::count(&body, coding).is_ok_and(|count| count.segments == found.segments) {
            return RequestOutcome::Refused(REPLACE_FAILED);
        }
        if self.account.as_ref().is_some_and(|account| !account.terms.account.allows_text(&body)) {
            return RequestOutcome::Refused(REPLACE_FAILED);
        }
        if let Err(status) = check_schedule(&self.context, &found, replacement) {
            return RequestOutcome::Refused(status);
        }
        if let Some(route) = found.route {
            return self.start_replacement(sequence, found.id, &route, replacement);
        }
        self.ready.push(Answer { sequence, reply: Reply::Replaced });
        RequestOutcome::Pending
    }

    fn start_replacement(
        &self,
        sequence: u32,
        id: u64,
        route: &CdrRoute,
        replacement: &Replacement<'_>,
    ) -> RequestOutcome {
        let row = match self.waiting_row(route, id) {
            Ok(Some(row)) => row,
            Ok(None) => return RequestOutcome::Refused(REPLACE_FAILED),
            Err(_) => return RequestOutcome::Refused(SYSTEM_ERROR),
        };
        let Some(mut message) = Message::read(id, &row) else { return RequestOutcome::Refused(SYSTEM_ERROR) };
        message.content.payload = replacement.body;
        message.content.in_payload = false;
        message.ticket.registered_delivery = replacement.registered_delivery;
        let mut body = Vec::new();
        message.write_body(&mut body);
        let token = Token::new(sequence, SubmitKind::SubmitSm).0;
        let (account, reply) = (self.wallet_number(), self.commit_outcomes.0.clone());
        let command = tollgate_storage::committer::Replacement {
            account,
            message_id: id,
            body: body.into(),
            token,
            reply,
        };
        match self.context.books.committer.replace(command) {
            Ok(()) => RequestOutcome::Pending,
            Err(_) => RequestOutcome::Refused(SYSTEM_ERROR),
        }
    }

    /// The bytes of a message that waits in its queue, or for the time that it is scheduled for.
    fn waiting_row(&self, route: &CdrRoute, message_id: u64) -> Result<Option<Box<[u8]>>, Unavailable> {
        let CdrRoute { first_choice, class, scheduled_at } = *route;
        if let Some(due) = scheduled_at
            && let Some(row) = self.context.books.store.queue().scheduled_row(due, message_id)?
        {
            return Ok(Some(row.bytes));
        }
        self.context.books.store.queue().row(QueueKey { first_choice, class, message_id })
    }

    /// The message that a request means, or the refusal of a request that means none.
    fn found_or(&self, message: &MessageRef<'_>, unknown_outcome: u32) -> Result<Found, RequestOutcome> {
        match self.find(message) {
            Ok(Some(found)) => Ok(found),
            Ok(None) => Err(RequestOutcome::Refused(unknown_outcome)),
            Err(_) => Err(RequestOutcome::Refused(SYSTEM_ERROR)),
        }
    }

    /// The message that a request means, if it is this account's and the source address is the message's own.
    fn find(&self, message: &MessageRef<'_>) -> Result<Option<Found>, Unavailable> {
        let Some(visible_id) = message.message_id else { return Ok(None) };
        let account = self.wallet_number();
        let id = match u32::try_from(visible_id) {
            Ok(short_id) => {
                self.context.books.store.messages().of_short_id(account, short_id)?.unwrap_or(visible_id)
            }
            Err(_) => visible_id,
        };
        let source = message.source.digits;
        let read = |cdr: &Cdr<'_>| {
            let fields = &cdr.fields;
            let same_source = source.is_empty() || source == fields.source.address;
            same_source.then_some(Found {
                id,
                segments: fields.segments,
                data_coding: fields.data_coding,
                esm_class: fields.esm_class,
                route: fields.route,
            })
        };
        Ok(self.context.books.store.messages().cdr(account, id, read)?.flatten())
    }
}

/// Refuses a schedule that is later than a message may wait, and any that is not the message's own: a replacement
/// does not move it.
fn check_schedule(context: &ClientContext, found: &Found, replacement: &Replacement<'_>) -> Result<(), u32> {
    let Some(route) = found.route else { return Ok(()) };
    let Some(schedule) = SmppTime::parse(replacement.schedule).ok().flatten() else { return Ok(()) };
    let now = now();
    let due = UnixMicros(schedule.due_micros(now.0));
    if context.is_too_late(due, now) {
        return Err(INVALID_SCHEDULE);
    }
    let present = route.scheduled_at.unwrap_or(now).max(now);
    let is_same = due.0.max(now.0).abs_diff(present.0) < SAME_SCHEDULE_MICROS;
    if is_same { Ok(()) } else { Err(REPLACE_FAILED) }
}
