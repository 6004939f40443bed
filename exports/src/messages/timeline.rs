//! Timelines: all that is known to have happened to a message, in order: from its CDR, its state, the ledger, and the receipts that wait.

use tollgate_api::dispatches::text_of as text;
use tollgate_api::messages::{MessageTimeline, TimelineEvent, TimelineEventKind as Kind};
use tollgate_api::money::Money;
use tollgate_api::time::Time;
use tollgate_engine::account::AccountNumber;
use tollgate_engine::beside::{Beside, LevelCharge};
use tollgate_engine::command_status::status_text;
use tollgate_engine::time::UnixMicros;
use tollgate_storage::cdr::Cdr;
use tollgate_storage::id_times::IdRanges;
use tollgate_storage::rows::{EntryKind, LedgerEntry, MessageState, ReceiptAnswer, RefusedMessage, StateRow};
use tollgate_storage::store::{Store, Unavailable};

use super::view::{account_of, charged_view, refused_view};
use crate::cdr::Names;
use crate::sides::Sides;

/// The bits of registered_delivery that ask for a receipt at the end, in every case or only on failure or success (SMPP 3.4 §5.2.17).
const RECEIPT_BITS: u8 = 0b11;
const ALWAYS: u8 = 1;
const ON_FAILURE: u8 = 2;
/// Ledger entries and receipts that are looked through for those of the message.
const LOOKED_THROUGH: usize = 10_000;

/// The timeline of a message that was refused.
pub fn timeline_of_refused(names: &Names, id: u64, message: &RefusedMessage) -> MessageTimeline {
    let listed = refused_view(names, id, message);
    let from = if listed.source.is_empty() { String::new() } else { format!(" from {}", listed.source) };
    let submitted = format!("Submitted by {}{from} to {}", listed.account, listed.destination);
    let mut refused = event(Kind::Refused, Some(message.at), format!("Refused: {}", message.reason));
    refused.command_status = Some(message.status);
    refused.status_text = status_text(message.status).map(ToOwned::to_owned);
    MessageTimeline {
        message: listed,
        events: vec![event(Kind::Submitted, Some(message.at), submitted), refused],
        remedy: Some(message.reason.remedy().to_owned()),
    }
}

/// A message that is followed, for a caller.
#[derive(Clone, Copy)]
pub struct FollowedMessage<'a> {
    /// The account that paid for it.
    pub account: AccountNumber,
    /// The id of it.
    pub message_id: u64,
    /// The names of everything.
    pub names: &'a Names,
    /// True if the caller sees operators and what they charge.
    pub sees_all: bool,
    /// The accounts whose money of it the caller is told.
    pub sides: &'a Sides,
}

/// The timeline of a message that was charged; `None` where it has no CDR.
pub fn timeline_of_charged(
    store: &Store,
    followed: &FollowedMessage<'_>,
) -> Result<Option<MessageTimeline>, Unavailable> {
    let FollowedMessage { account, message_id, names, sees_all, sides } = *followed;
    let state = store.messages().state(account, message_id)?;
    let charged_at = store.commits().time_of(message_id)?;
    let read = |cdr: &Cdr<'_>| {
        let message = charged_view(names, cdr, state.as_ref(), (sees_all, sides));
        let mut telling = Telling { names, cdr, state: state.as_ref(), sees_all, sides, events: Vec::new() };
        telling.submitted(charged_at);
        telling.delivery(charged_at);
        let returned = telling.returned();
        let submitted_at = telling.has_receipt().then_some(cdr.header.submitted_at);
        (MessageTimeline { message, events: telling.events, remedy: None }, returned, submitted_at)
    };
    let Some((mut timeline, returned, has_receipt)) = store.messages().cdr(account, message_id, read)? else {
        return Ok(None);
    };
    for account in returned {
        let refund = refund(store, names, account, message_id, state.as_ref())?;
        timeline.events.extend(refund.map(|event| told(sides, account, event)));
    }
    if let Some((submitted_at, state)) = has_receipt.zip(state.as_ref()) {
        let told = match state.receipt_answer {
            Some(answer) => answered(answer),
            None => unanswered(store, account, (message_id, submitted_at), state.at)?,
        };
        timeline.events.push(told);
    }
    Ok(Some(timeline))
}

/// The events of a message as they are told.
struct Telling<'a> {
    names: &'a Names,
    cdr: &'a Cdr<'a>,
    state: Option<&'a StateRow>,
    sees_all: bool,
    sides: &'a Sides,
    events: Vec<TimelineEvent>,
}

impl Telling<'_> {
    fn submitted(&mut self, charged_at: UnixMicros) {
        let (fields, at) = (&self.cdr.fields, self.cdr.header.submitted_at);
        let (account, currency) = account_of(self.names, self.cdr.account);
        let beside = self.cdr.beside();
        let source = text(fields.source.address);
        let from = if source.is_empty() { String::new() } else { format!(" from {source}") };
        let submitted = format!("Submitted by {account}{from} to {}", fields.destination);
        self.events.push(event(Kind::Submitted, Some(at), submitted));
        let (operator, country) = self.names.network_of_number(fields.network, &fields.destination);
        let place = [operator, country.map_or("", |country| &country.name)];
        let place: Vec<&str> = place.into_iter().filter(|name| !name.is_empty()).collect();
        let network = format!("{} {}", fields.network, place.join(", "));
        let rated = format!(
            "Priced as {} to network {}",
            counted(u32::from(fields.segments), "segment"),
            network.trim_end()
        );
        let link = format!("/v1/cdrs/{}/explain", self.cdr.message_id);
        let (amount, link) = (Some(Money(fields.amount)), Some(link));
        let rated = event(Kind::Rated, Some(at), rated);
        let sender = self.cdr.account;
        let rated = TimelineEvent { account: Some(account.clone()), amount, currency, link, ..rated };
        self.events.push(told(self.sides, sender, rated));
        let covered = beside.as_ref().map_or(0, |beside| beside.own.covered);
        let by_bundles = match covered {
            0 => String::new(),
            covered => format!(", {} of it from bundles", counted(covered, "segment")),
        };
        let taken = event(Kind::Charged, Some(charged_at), format!("Charged to {account}{by_bundles}"));
        let taken = TimelineEvent { account: Some(account), amount, currency, ..taken };
        self.events.push(told(self.sides, sender, taken));
        for level in beside.iter().flat_map(|beside| &beside.above) {
            self.charged_above(level, charged_at);
        }
    }

    fn charged_above(&mut self, level: &LevelCharge, at: UnixMicros) {
        if !self.sides.shows(level.postings.posting.account) {
            return;
        }
        let (account, currency) = account_of(self.names, level.postings.posting.account);
        let (price, commission) = (level.postings.posting.amount, level.postings.commission);
        let told = [
            (!level.is_agent).then(|| (format!("Charged to {account}, which is above the sender"), price)),
            (commission.micros() != 0).then(|| (format!("{account} earned a commission"), commission)),
        ];
        for (text, amount) in told.into_iter().flatten() {
            let charged = event(Kind::Charged, Some(at), text);
            let (account, amount) = (Some(account.clone()), Some(Money(amount)));
            self.events.push(TimelineEvent { account, amount, currency, ..charged });
        }
    }

    fn delivery(&mut self, charged_at: UnixMicros) {
        let at = Some(charged_at);
        let Some(route) = &self.cdr.fields.route else {
            let text = "Charged only: the gateway delivers it by itself";
            self.events.push(event(Kind::Queued, at, text.to_owned()));
            return self.ended();
        };
        if let Some(due) = route.scheduled_at {
            let text = format!("Scheduled: it leaves at {} or later", due.to_rfc3339());
            self.events.push(event(Kind::Scheduled, at, text));
        }
        let operator_code = self.sees_all.then(|| self.names.operator(route.first_choice));
        let queued = event(Kind::Queued, at, "Queued for delivery".to_owned());
        self.events.push(TimelineEvent { operator_code, ..queued });
        self.attempts();
        self.ended();
    }

    /// The operators that were asked: the one that took it is the last of them.
    fn attempts(&mut self) {
        let Some(state) = self.state else { return };
        let is_taken = state.accepted_at.is_some();
        let refused = state.tried.len().saturating_sub(usize::from(is_taken));
        for asked in state.tried.iter().take(refused) {
            let (at, status) = (Some(asked.at).filter(|at| at.0 > 0), Some(asked.status));
            let status = status.filter(|status| *status != 0 && self.sees_all);
            let tried = event(Kind::Attempt, at, "An operator did not take it".to_owned());
            self.events.push(TimelineEvent {
                operator_code: self.sees_all.then(|| self.names.operator(asked.operator)),
                command_status: status,
                status_text: status.and_then(status_text).map(ToOwned::to_owned),
                ..tried
            });
        }
        let Some(at) = state.accepted_at else { return };
        let again = if state.possible_duplicate {
            "; it was sent again after an unknown outcome, so that its recipient may have it twice"
        } else {
            ""
        };
        let accepted = event(Kind::Accepted, Some(at), format!("An operator took it{again}"));
        let cost = state.cost_currency.filter(|_| self.sees_all);
        self.events.push(TimelineEvent {
            operator_code: self.sees_all.then(|| self.names.operator(state.operator)),
            operator_message_id: self.sees_all.then(|| text(&state.upstream_id)),
            amount: cost.map(|_| Money(state.cost)),
            currency: cost.map(tollgate_api::money::CurrencyCode),
            ..accepted
        });
    }

    /// The end of the message, where it has come to one.
    fn ended(&mut self) {
        let Some(state) = self.state.filter(|state| state.state != MessageState::Enroute) else { return };
        let is_reported = state.accepted_at.is_some() || self.cdr.fields.route.is_none();
        let (kind, text) = match state.state {
            MessageState::Enroute => return,
            MessageState::Accepted if self.cdr.fields.route.is_none() => {
                (Kind::Receipt, "The gateway's route took it")
            }
            MessageState::Accepted => {
                (Kind::Ended, "Its operator sends no receipts: nothing more will be heard")
            }
            MessageState::Delivered => (Kind::Receipt, "Delivered"),
            MessageState::Undeliverable => (Kind::Receipt, "Not delivered"),
            MessageState::Expired if is_reported => (Kind::Receipt, "Its validity ended on the way"),
            MessageState::Expired => (Kind::Ended, "Its validity ended before an operator took it"),
            MessageState::Deleted if is_reported => (Kind::Receipt, "Cancelled on the way"),
            MessageState::Deleted => (Kind::Ended, "Cancelled before it was sent"),
            MessageState::Rejected if is_reported => (Kind::Receipt, "Rejected after it was taken"),
            MessageState::Rejected => (Kind::Ended, "Rejected: no operator took it"),
            MessageState::Unknown => (Kind::Ended, "What became of it is not known"),
        };
        let error = Some(state.error).filter(|error| *error != 0);
        // The error of a receipt is the operator's own; that of an answer is a command_status.
        let meaning = error.filter(|_| !is_reported).and_then(status_text);
        let operator = state.operator;
        self.events.push(TimelineEvent {
            operator_code: (self.sees_all && operator.0 != 0).then(|| self.names.operator(operator)),
            command_status: error,
            status_text: meaning.map(ToOwned::to_owned),
            ..event(kind, Some(state.at), text.to_owned())
        });
    }

    /// True if there is, or was, a receipt of the message's end for its gateway.
    fn has_receipt(&self) -> bool {
        let Some(state) = self.state.filter(|_| self.cdr.fields.route.is_some()) else { return false };
        let wanted = match self.cdr.fields.registered_delivery & RECEIPT_BITS {
            0 => false,
            ALWAYS => true,
            ON_FAILURE => state.state != MessageState::Delivered,
            _ => state.state == MessageState::Delivered,
        };
        wanted
            && match state.state {
                // Of what ends without a word of an operator there is none.
                MessageState::Enroute | MessageState::Accepted => false,
                MessageState::Deleted => state.accepted_at.is_some(),
                _ => true,
            }
    }

    /// The accounts that got back what they had paid, as far as they are shown.
    fn returned(&self) -> Vec<AccountNumber> {
        if !self.state.is_some_and(|state| state.is_refunded) {
            return Vec::new();
        }
        let beside: Option<Beside> = self.cdr.beside();
        let above = beside.iter().flat_map(|beside| &beside.above);
        let above = above.map(|level| level.postings.posting.account);
        let above = above.filter(|account| self.sides.shows(*account));
        std::iter::once(self.cdr.account).chain(above).collect()
    }
}

/// An event about the money of an account, without the amount where the viewer is not told it.
fn told(sides: &Sides, account: AccountNumber, event: TimelineEvent) -> TimelineEvent {
    if sides.shows(account) { event } else { TimelineEvent { amount: None, currency: None, ..event } }
}

/// The money that an account got back for a message, as its ledger has it.
fn refund(
    store: &Store,
    names: &Names,
    number: AccountNumber,
    message_id: u64,
    state: Option<&StateRow>,
) -> Result<Option<TimelineEvent>, Unavailable> {
    let (reference, mut entry, mut looked) = (message_id.to_string(), None, 0);
    let visit = |_, row: LedgerEntry| {
        looked += 1;
        if row.kind == EntryKind::Refund && row.reference == reference {
            entry = Some(row);
        }
        let goes_on = entry.is_none() && looked < LOOKED_THROUGH;
        if goes_on { std::ops::ControlFlow::Continue(()) } else { std::ops::ControlFlow::Break(()) }
    };
    store.history().entries_up(number, &IdRanges::from(message_id..u64::MAX), visit)?;
    let (account, currency) = account_of(names, number);
    let by_hand = state.is_some_and(|state| state.refunded_by_hand);
    let text = format!("{} {account}", if by_hand { "Given back by hand to" } else { "Given back to" });
    let at = entry.as_ref().map(|entry| entry.at).or_else(|| state.map(|state| state.at));
    // An account that paid nothing has no entry.
    let Some(amount) = entry.map(|entry| entry.amount) else { return Ok(None) };
    let refunded = event(Kind::Refunded, at, text);
    Ok(Some(TimelineEvent { account: Some(account), amount: Some(Money(amount)), currency, ..refunded }))
}

/// The receipt for the gateway, which the gateway has answered.
fn answered(ReceiptAnswer { at, status }: ReceiptAnswer) -> TimelineEvent {
    if status == 0 {
        let text = "Its receipt was handed to the gateway, which acknowledged it".to_owned();
        return event(Kind::ReceiptHandedOver, Some(at), text);
    }
    let text = "Its receipt was handed to the gateway, which refused it for good".to_owned();
    TimelineEvent {
        command_status: Some(status),
        status_text: status_text(status).map(ToOwned::to_owned),
        ..event(Kind::ReceiptHandedOver, Some(at), text)
    }
}

/// The receipt for the gateway, where no answer is noted: it waits, or it was answered before answers were noted.
fn unanswered(
    store: &Store,
    account: AccountNumber,
    (message_id, submitted_at): (u64, UnixMicros),
    ended_at: UnixMicros,
) -> Result<TimelineEvent, Unavailable> {
    // The id of a receipt comes after that of its message.
    let waiting = store.receipts().after(account, message_id, LOOKED_THROUGH)?;
    for (_, receipt) in waiting.iter().filter(|(_, receipt)| receipt.submitted_at == submitted_at) {
        let id = match u32::try_from(receipt.message_id) {
            // The client knows its message by an id of 32 bits.
            Ok(short_id) => store.messages().of_short_id(account, short_id)?.unwrap_or(receipt.message_id),
            Err(_) => receipt.message_id,
        };
        if id == message_id && !receipt.intermediate {
            let text = "Its receipt waits for a bind of the gateway".to_owned();
            return Ok(event(Kind::ReceiptWaiting, Some(ended_at), text));
        }
    }
    // The commit that removes a receipt notes its answer, so that one which is gone since the state was read has it there now.
    let state = store.messages().state(account, message_id)?;
    if let Some(answer) = state.and_then(|state| state.receipt_answer) {
        return Ok(answered(answer));
    }
    Ok(if waiting.len() < LOOKED_THROUGH {
        event(Kind::ReceiptHandedOver, None, "Its receipt was handed to the gateway".to_owned())
    } else {
        event(
            Kind::ReceiptWaiting,
            None,
            "Its receipt waits for a bind of the gateway, behind many others".to_owned(),
        )
    })
}

fn event(kind: Kind, at: Option<UnixMicros>, text: String) -> TimelineEvent {
    TimelineEvent {
        event: kind,
        at: at.map(Time),
        text,
        account: None,
        amount: None,
        currency: None,
        operator_code: None,
        operator_message_id: None,
        command_status: None,
        status_text: None,
        link: None,
    }
}

/// So many of a thing, in words.
fn counted(count: u32, thing: &str) -> String {
    format!("{count} {thing}{}", if count == 1 { "" } else { "s" })
}
