//! The facts by which a message is settled, and the outcome of an event.

use tollgate_engine::account::AccountNumber;
use tollgate_engine::money::Amount;
use tollgate_engine::network::NetworkCode;
use tollgate_engine::settlement::{Outcome, SettlementTerms, Stage, Transition};
use tollgate_engine::time::{Month, UnixMicros};

use crate::countries::NumberCountries;
use crate::delivery::EventOutcome;
use crate::message::Ticket;
use crate::rows::{MessageState, StateRow};
use crate::usage::{ChargeFacts, LevelFacts};

/// The charge of a message, as far as its settlement needs it.
#[derive(Clone, Copy, Debug)]
pub struct Price<'a> {
    pub account: AccountNumber,
    pub message_id: u64,
    /// The digits of the destination in international form.
    pub number: &'a [u8],
    pub amount: Amount,
    pub segments: u32,
    pub month: Month,
    pub network: NetworkCode,
    pub submitted_at: UnixMicros,
    pub dispatch_id: Option<&'a [u8]>,
    pub terms: SettlementTerms,
    /// True if the message moved more than its account's wallet. Its CDR says what.
    pub has_postings: bool,
}

impl<'a> Price<'a> {
    /// The charge in the ticket of the message with this id.
    pub fn of(message_id: u64, ticket: &Ticket<'a>) -> Self {
        let Ticket { account, amount, month, network, submitted_at, dispatch_id, terms, .. } = *ticket;
        let (segments, number) = (u32::from(ticket.segments), ticket.destination.digits);
        Self {
            account,
            message_id,
            number,
            amount,
            segments,
            month,
            network,
            submitted_at,
            dispatch_id,
            terms,
            has_postings: ticket.has_postings,
        }
    }

    /// The facts that the usage of the message depends on, with the charges of accounts above.
    pub fn facts(&self, countries: &NumberCountries, above: Vec<LevelFacts>) -> ChargeFacts {
        let Self { account, submitted_at, network, segments, amount, .. } = *self;
        let country = countries.country(self.message_id, self.number);
        ChargeFacts { account, submitted_at, network, country, segments, amount, above }
    }
}

/// The stage of a message with this state. One that was accepted by an operator without receipts has ended,
/// with an unknown outcome.
pub fn stage_of(state: &StateRow) -> Stage {
    Stage::Final(match state.state {
        MessageState::Enroute => return Stage::Accepted,
        MessageState::Delivered => Outcome::Delivered,
        MessageState::Deleted if state.accepted_at.is_none() => Outcome::Cancelled,
        MessageState::Expired if state.accepted_at.is_none() => Outcome::Expired,
        MessageState::Rejected if state.accepted_at.is_none() => Outcome::Rejected,
        MessageState::Expired
        | MessageState::Deleted
        | MessageState::Undeliverable
        | MessageState::Rejected => Outcome::Undelivered,
        MessageState::Accepted | MessageState::Unknown => Outcome::Unknown,
    })
}

/// The outcome of an event: `Settled` if the message has come to its end by this transition.
pub fn settled(
    message_id: u64,
    ticket: &Ticket<'_>,
    state: &StateRow,
    transition: &Transition,
) -> EventOutcome {
    match transition.stage {
        Stage::Final(outcome) if transition.finished_now => EventOutcome::Settled {
            account: ticket.account,
            message_id,
            operator: state.operator,
            outcome,
            submitted_at: ticket.submitted_at,
            accepted_at: state.accepted_at,
            network: ticket.network,
            destination: ticket.destination.into(),
            refunded: transition.refund,
        },
        _ if transition.accepted_now => EventOutcome::Done,
        _ => EventOutcome::Noted,
    }
}
