//! A CDR as the API shows it.

use tollgate_api::cdrs::{Cdr, CdrLevel, CdrState};
use tollgate_api::dispatches::text_of;
use tollgate_api::money::{CurrencyCode, Money};
use tollgate_api::time::Time;
use tollgate_api::user_sms_id::UserSmsId;
use tollgate_engine::beside::{Beside, LevelCharge};
use tollgate_storage::cdr;
use tollgate_storage::rows::{MessageState, StateRow};

use tollgate_exports::cdr::{NamedAccount, Names, network_of};
use tollgate_exports::sides::Sides;

/// The parts of a CDR that a caller may see.
#[derive(Clone)]
pub struct Seen<'a> {
    /// True if it may see what operators charge.
    pub with_costs: bool,
    /// The accounts whose money of the message it is told.
    pub sides: &'a Sides,
    /// The text of the message, where it is kept.
    pub text: Option<String>,
}

/// A CDR with every column of an export.
pub fn cdr_view(
    names: &Names,
    account: &NamedAccount,
    cdr: &cdr::Cdr<'_>,
    state: Option<&StateRow>,
    seen: Seen<'_>,
) -> Cdr {
    let with_costs = seen.with_costs;
    let told = |amount| seen.sides.shows(cdr.account).then_some(Money(amount));
    let beside = cdr.beside();
    let (fields, header) = (&cdr.fields, &cdr.header);
    let row = state.cloned().unwrap_or_default();
    let costs = row.cost_currency.filter(|_| with_costs);
    let is_routed = fields.route.is_some() && state.is_some();
    let margin = if is_routed && with_costs { row.margin(fields.amount) } else { None };
    Cdr {
        message_id: cdr.message_id.to_string(),
        account: account.id.clone(),
        submitted_at: Time(header.submitted_at),
        state: state_of(row.state),
        state_at: state.map(|row| Time(row.at)),
        source: text(fields.source.address),
        destination: fields.destination.to_string(),
        network: network_of(names, fields.network, &fields.destination),
        segments: fields.segments,
        price: told(fields.amount),
        currency: CurrencyCode(account.currency),
        covered_by_bundles: beside.as_ref().map_or(0, |beside| beside.own.covered),
        levels: beside.iter().flat_map(|beside| levels(names, beside, seen.sides)).collect(),
        refunded: told(row.refunded),
        plan: header.plan.to_owned(),
        tariff_version: names.tariff(header.tariff).to_string(),
        tier_before: fields.counted_before,
        data_coding: fields.data_coding,
        dispatch_id: fields.dispatch_id.map(text_of),
        idempotency_key: fields.idempotency_key.map(text),
        user_sms_id: UserSmsId::of(fields.user_sms_id, fields.user_message_reference),
        message_text: seen.text,
        charge_only: fields.route.is_none(),
        scheduled_at: fields.route.and_then(|route| route.scheduled_at).map(Time),
        operator_code: Names::sent_to(cdr, state).map(|operator| names.operator(operator)),
        accepted_at: row.accepted_at.map(Time),
        cost: costs.map(|_| Money(row.cost)),
        cost_currency: costs.map(CurrencyCode),
        margin: margin.map(Money),
        attempts: row.attempts,
        possible_duplicate: row.possible_duplicate,
        error: row.error,
        upstream_id: (!row.upstream_id.is_empty()).then(|| text(&row.upstream_id)),
        tried: row.tried.iter().map(|asked| names.operator(asked.operator)).collect(),
        operator_done_date: row.done_date.as_ref().map(|date| text(&date.digits)),
        operator_done_at: row.done_date.as_ref().and_then(|date| date.at).map(Time),
    }
}

fn levels(names: &Names, beside: &Beside, sides: &Sides) -> Vec<CdrLevel> {
    let level = |level: &LevelCharge| {
        let postings = &level.postings;
        let account = Some(postings.posting.account).filter(|account| sides.shows(*account))?;
        let account = names.named_account(account)?;
        Some(CdrLevel {
            account: account.id.clone(),
            network: level.network.to_string(),
            segments: level.segments,
            covered_by_bundles: postings.covered,
            price: Money(postings.posting.amount),
            commission: Money(postings.commission),
            currency: CurrencyCode(account.currency),
        })
    };
    beside.above.iter().filter_map(level).collect()
}

/// The API's name of a state.
pub fn state_of(state: MessageState) -> CdrState {
    match state {
        MessageState::Enroute => CdrState::Enroute,
        MessageState::Delivered => CdrState::Delivered,
        MessageState::Expired => CdrState::Expired,
        MessageState::Deleted => CdrState::Deleted,
        MessageState::Undeliverable => CdrState::Undeliverable,
        MessageState::Accepted => CdrState::Accepted,
        MessageState::Unknown => CdrState::Unknown,
        MessageState::Rejected => CdrState::Rejected,
    }
}

fn text(octets: &[u8]) -> String {
    text_of(octets)
}
