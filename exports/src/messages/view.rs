//! Messages of a search as the API shows them.

use tollgate_api::dispatches::text_of;
use tollgate_api::messages::{ListedMessage, MessageOutcome, MessageState as ApiState};
use tollgate_api::money::{CurrencyCode, Money};
use tollgate_api::time::Time;
use tollgate_api::user_sms_id::UserSmsId;
use tollgate_engine::account::AccountNumber;
use tollgate_engine::number::Number;
use tollgate_storage::cdr::Cdr;
use tollgate_storage::rows::{MessageState, RefusedMessage, StateRow};

use crate::cdr::{Names, network_of};
use crate::sides::Sides;

/// A charged message, with money as its viewer is told it. What operators are called and charge is shown to callers that see
/// all accounts.
pub fn charged_view(
    names: &Names,
    cdr: &Cdr<'_>,
    state: Option<&StateRow>,
    (sees_all, sides): (bool, &Sides),
) -> ListedMessage {
    let fields = &cdr.fields;
    let (account, currency) = account_of(names, cdr.account);
    let (row, of_operators) = (state.cloned().unwrap_or_default(), state.filter(|_| sees_all));
    let told = |amount| sides.shows(cdr.account).then_some(Money(amount));
    let sent_to = Names::sent_to(cdr, state).filter(|_| sees_all);
    ListedMessage {
        id: cdr.message_id.to_string(),
        outcome: MessageOutcome::Charged,
        account,
        submitted_at: Time(cdr.header.submitted_at),
        state: api_state(row.state),
        state_at: state.map(|row| Time(row.at)),
        source: text_of(fields.source.address),
        destination: fields.destination.to_string(),
        network: Some(network_of(names, fields.network, &fields.destination)),
        segments: Some(fields.segments),
        price: told(fields.amount),
        currency,
        refunded: told(row.refunded),
        charge_only: fields.route.is_none(),
        dispatch_id: fields.dispatch_id.map(text_of),
        idempotency_key: fields.idempotency_key.map(text_of),
        user_sms_id: UserSmsId::of(fields.user_sms_id, fields.user_message_reference),
        error: row.error,
        reason: None,
        command_status: None,
        operator_code: sent_to.map(|operator| names.operator(operator)),
        operator_message_id: of_operators.and_then(|row| named(&row.upstream_id)),
        cost: of_operators.and_then(|row| row.cost_currency.map(|_| Money(row.cost))),
        cost_currency: of_operators.and_then(|row| row.cost_currency).map(CurrencyCode),
        attempts: row.attempts,
    }
}

/// A refused message.
pub fn refused_view(names: &Names, id: u64, message: &RefusedMessage) -> ListedMessage {
    let (account, currency) = account_of(names, message.account);
    let number = Number::from_digits(&message.destination);
    ListedMessage {
        id: id.to_string(),
        outcome: MessageOutcome::Refused,
        account,
        submitted_at: Time(message.at),
        state: ApiState::Refused,
        state_at: Some(Time(message.at)),
        source: text_of(&message.source),
        destination: text_of(&message.destination),
        network: message.network.zip(number).map(|(network, number)| network_of(names, network, &number)),
        segments: (message.segments > 0).then_some(message.segments),
        price: None,
        currency,
        refunded: None,
        charge_only: false,
        dispatch_id: message.dispatch_id.as_deref().map(text_of),
        idempotency_key: message.idempotency_key.as_deref().map(text_of),
        user_sms_id: UserSmsId::of(None, message.user_message_reference),
        error: 0,
        reason: Some(message.reason.name().to_owned()),
        command_status: Some(message.status),
        operator_code: None,
        operator_message_id: None,
        cost: None,
        cost_currency: None,
        attempts: 0,
    }
}

/// The name of an account, its number where it has none, and its currency.
pub fn account_of(names: &Names, number: AccountNumber) -> (String, Option<CurrencyCode>) {
    let named = names.named_account(number);
    let id = named.map_or_else(|| number.0.to_string(), |named| named.id.clone());
    (id, named.map(|named| CurrencyCode(named.currency)))
}

fn named(octets: &[u8]) -> Option<String> {
    (!octets.is_empty()).then(|| text_of(octets))
}

/// The API's name of a state.
pub fn api_state(state: MessageState) -> ApiState {
    match state {
        MessageState::Enroute => ApiState::Enroute,
        MessageState::Delivered => ApiState::Delivered,
        MessageState::Expired => ApiState::Expired,
        MessageState::Deleted => ApiState::Deleted,
        MessageState::Undeliverable => ApiState::Undeliverable,
        MessageState::Accepted => ApiState::Accepted,
        MessageState::Unknown => ApiState::Unknown,
        MessageState::Rejected => ApiState::Rejected,
    }
}

/// The state of such a name; `None` for refused messages, which have none.
pub fn storage_state(state: ApiState) -> Option<MessageState> {
    MessageState::ALL.into_iter().find(|one| api_state(*one) == state)
}
