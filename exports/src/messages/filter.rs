//! The messages that a query asks for: a search for messages, or a list of CDRs, which is a search for charged ones.

use tollgate_api::answer::Answer;
use tollgate_api::cdrs::{CdrState, CdrsQuery};
use tollgate_api::dispatches::octets_of;
use tollgate_api::messages::{ListedMessage, MessageOutcome, MessageState as ApiState, MessagesQuery};
use tollgate_api::problem::Problem;
use tollgate_api::user_sms_id::UserSmsId;
use tollgate_engine::network::{Mnc, NetworkCode};
use tollgate_engine::number::Number;
use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::receipt_id::canonical_id;
use tollgate_engine::refusal::Refusal;
use tollgate_engine::time::UnixMicros;
use tollgate_storage::cdr::Cdr;
use tollgate_storage::message_filter::FilterKey;
use tollgate_storage::rows::{MessageState, REFUSALS_KEPT_MICROS, RefusedMessage, StateRow};
use tollgate_storage::store::Unavailable;
use tollgate_storage::store::search::{Pick, States};

use super::view::{charged_view, refused_view, storage_state};
use crate::cdr::Names;
use crate::sides::Viewer;

/// A query, read once. It holds nothing of others, so that it can go along with a file that is written.
#[derive(Clone, Debug)]
pub struct Criteria {
    query: MessagesQuery,
    sees_all: bool,
    destination: Option<Number>,
    mcc: Option<u16>,
    mnc: Option<Mnc>,
    country: Option<String>,
    operator: Option<OperatorNumber>,
    operator_message_id: Option<Vec<u8>>,
    state: Option<MessageState>,
    reason: Option<Refusal>,
    dispatch: Option<Vec<u8>>,
    kept_from: UnixMicros,
    /// True where nothing can be found, as an operator of another name than any.
    is_void: bool,
}

impl Criteria {
    /// Reads a query at a time; a field that cannot be meant is named. The country has been checked. `sees_all` is true for
    /// who sees operators and what they charge, and may ask for them.
    pub fn read(
        query: MessagesQuery,
        names: &Names,
        country: Option<String>,
        sees_all: bool,
        now: UnixMicros,
    ) -> Answer<Self> {
        let of_operators =
            [("operator", &query.operator), ("operator_message_id", &query.operator_message_id)];
        if let Some((field, _)) = of_operators.iter().find(|(_, asked)| asked.is_some() && !sees_all) {
            return Err(Problem::field(field, "is for callers that see all accounts"));
        }
        let destination = query.destination.as_deref().map(number).transpose()?;
        if let Some(prefix) = &query.destination_prefix
            && (prefix.is_empty() || !prefix.bytes().all(|octet| octet.is_ascii_digit()))
        {
            return Err(Problem::field("destination_prefix", "must be digits"));
        }
        let reason = query.reason.as_deref().map(reason).transpose()?;
        let operator = query.operator.as_deref().map(|code| names.operator_number(code));
        Ok(Self {
            sees_all,
            destination,
            mcc: query.mcc.as_deref().map(mcc).transpose()?,
            mnc: query.mnc.as_deref().map(mnc).transpose()?,
            country,
            operator: operator.flatten(),
            operator_message_id: query.operator_message_id.as_deref().map(|id| canonical_id(id.as_bytes())),
            state: query.state.and_then(storage_state),
            reason,
            dispatch: query.dispatch_id.as_deref().map(dispatch).transpose()?,
            kept_from: UnixMicros(now.0.saturating_sub(REFUSALS_KEPT_MICROS)),
            is_void: operator == Some(None),
            query,
        })
    }

    /// True if charged messages are sought; and true if refused ones are.
    pub fn kinds(&self) -> (bool, bool) {
        let MessagesQuery { outcome, state, operator, operator_message_id, .. } = &self.query;
        let only_refused = *state == Some(ApiState::Refused) || self.reason.is_some();
        let only_charged = self.state.is_some() || operator.is_some() || operator_message_id.is_some();
        let charged = *outcome != Some(MessageOutcome::Refused) && !only_refused;
        let refused = *outcome != Some(MessageOutcome::Charged) && !only_charged;
        (charged && !self.is_void, refused && !self.is_void)
    }

    /// Values that a charged message has, for filters to be asked.
    pub fn keys(&self) -> Vec<FilterKey> {
        let MessagesQuery { idempotency_key, user_sms_id, sender, .. } = &self.query;
        let network = self.mcc.zip(self.mnc).map(|(mcc, mnc)| NetworkCode { mcc, mnc: Some(mnc) });
        let keys = [
            self.destination.as_ref().map(FilterKey::destination),
            sender.as_deref().map(|sender| FilterKey::source(sender.as_bytes())),
            self.dispatch.as_deref().map(FilterKey::dispatch),
            idempotency_key.as_deref().map(|key| FilterKey::idempotency_key(key.as_bytes())),
            // Octets that are no text are shown with backslashes, and are not what is asked for.
            user_sms_id
                .as_deref()
                .filter(|id| !id.contains('\\'))
                .map(|id| FilterKey::user_sms_id(id.as_bytes())),
            network.map(FilterKey::network),
            self.mcc.map(FilterKey::mcc),
        ];
        keys.into_iter().flatten().collect()
    }
}

/// A query as it is compared with messages, by a viewer who finds no others than it may see.
#[derive(Clone, Copy)]
pub struct Filter<'a> {
    asked: &'a Criteria,
    names: &'a Names,
    viewer: &'a Viewer,
}

impl<'a> Filter<'a> {
    /// A viewer's filter.
    pub fn new(asked: &'a Criteria, names: &'a Names, viewer: &'a Viewer) -> Self {
        Self { asked, names, viewer }
    }

    /// True if the query asks for a charged message that is in this state; its time is not looked at.
    pub fn has(&self, cdr: &Cdr<'_>, state: Option<&StateRow>) -> bool {
        self.is_asked(cdr) && self.is_in(cdr, state)
    }

    /// True if the CDR by itself is asked for.
    fn is_asked(&self, cdr: &Cdr<'_>) -> bool {
        let fields = &cdr.fields;
        self.is_to(fields.destination.as_bytes(), Some(fields.network), Some(&fields.destination))
            && self.is_of(
                fields.source.address,
                fields.dispatch_id,
                fields.idempotency_key,
                self.user_id(fields.user_sms_id, fields.user_message_reference),
            )
    }

    /// True if the state of a message is asked for.
    fn is_in(&self, cdr: &Cdr<'_>, state: Option<&StateRow>) -> bool {
        let is_in = |wanted| state.map_or(MessageState::Enroute, |row| row.state) == wanted;
        let has_id = |id: &Vec<u8>| state.is_some_and(|row| row.upstream_id == *id);
        self.asked.state.is_none_or(is_in)
            && self.asked.operator.is_none_or(|operator| Names::sent_to(cdr, state) == Some(operator))
            && self.asked.operator_message_id.as_ref().is_none_or(has_id)
    }

    fn is_to(&self, destination: &[u8], network: Option<NetworkCode>, number: Option<&Number>) -> bool {
        let country = || {
            let (network, number) = (network?, number?);
            self.names.network_of_number(network, number).1.map(|country| &*country.iso2)
        };
        self.asked.destination.as_ref().is_none_or(|wanted| wanted.as_bytes() == destination)
            && self
                .asked
                .query
                .destination_prefix
                .as_ref()
                .is_none_or(|it| destination.starts_with(it.as_bytes()))
            && self.asked.mcc.is_none_or(|mcc| network.is_some_and(|network| network.mcc == mcc))
            && self.asked.mnc.is_none_or(|mnc| network.is_some_and(|network| network.mnc == Some(mnc)))
            && self.asked.country.as_deref().is_none_or(|wanted| country() == Some(wanted))
    }

    /// The client's own id of a message, where it is asked for.
    fn user_id(&self, text: Option<&[u8]>, number: Option<u16>) -> Option<UserSmsId> {
        self.asked.query.user_sms_id.as_ref().and_then(|_| UserSmsId::of(text, number))
    }

    fn is_of(
        &self,
        source: &[u8],
        dispatch: Option<&[u8]>,
        key: Option<&[u8]>,
        user_id: Option<UserSmsId>,
    ) -> bool {
        let MessagesQuery { sender, idempotency_key, user_sms_id, .. } = &self.asked.query;
        sender.as_ref().is_none_or(|sender| sender.as_bytes() == source)
            && self.asked.dispatch.as_deref().is_none_or(|wanted| dispatch == Some(wanted))
            && idempotency_key.as_ref().is_none_or(|wanted| key == Some(wanted.as_bytes()))
            && user_sms_id.as_ref().is_none_or(|wanted| user_id.is_some_and(|id| id.is_named(wanted)))
    }
}

impl Pick for Filter<'_> {
    type Item = ListedMessage;

    fn takes_every_message(&self) -> bool {
        let MessagesQuery { destination_prefix, sender, idempotency_key, user_sms_id, .. } =
            &self.asked.query;
        let of_query = [destination_prefix.is_some(), sender.is_some(), idempotency_key.is_some()];
        let read = [self.asked.destination.is_some(), self.asked.mcc.is_some(), self.asked.mnc.is_some()];
        let more = [self.asked.country.is_some(), self.asked.operator.is_some(), self.asked.state.is_some()];
        let names =
            [self.asked.dispatch.is_some(), self.asked.operator_message_id.is_some(), user_sms_id.is_some()];
        // Which messages of an account a reseller may see depends on the levels of each.
        let sees_all_of_accounts = !matches!(self.viewer, Viewer::Reseller(..));
        sees_all_of_accounts
            && !of_query.into_iter().chain(read).chain(more).chain(names).any(|is_asked| is_asked)
    }

    fn takes(&self, cdr: &Cdr<'_>, states: &States<'_, '_>) -> Result<bool, Unavailable> {
        let is_asked = self.is_asked(cdr) && self.viewer.sides(cdr).is_some();
        let asks_state = self.asked.state.is_some()
            || self.asked.operator.is_some()
            || self.asked.operator_message_id.is_some();
        if !is_asked || !asks_state {
            return Ok(is_asked);
        }
        Ok(self.is_in(cdr, states.of(cdr.message_id)?))
    }

    fn charged(&self, cdr: &Cdr<'_>, states: &States<'_, '_>) -> Result<ListedMessage, Unavailable> {
        let sides = self.viewer.sides(cdr).unwrap_or_default();
        Ok(charged_view(self.names, cdr, states.of(cdr.message_id)?, (self.asked.sees_all, &sides)))
    }

    fn takes_refused(&self, message: &RefusedMessage) -> bool {
        let number = Number::from_digits(&message.destination);
        message.at >= self.asked.kept_from
            && self.viewer.sees(message.account)
            && self.asked.reason.is_none_or(|reason| message.reason == reason)
            && self.is_to(&message.destination, message.network, number.as_ref())
            && self.is_of(
                &message.source,
                message.dispatch_id.as_deref(),
                message.idempotency_key.as_deref(),
                self.user_id(None, message.user_message_reference),
            )
    }

    fn refused(&self, id: u64, message: &RefusedMessage) -> ListedMessage {
        refused_view(self.names, id, message)
    }
}

/// The search for the messages that a list of CDRs has.
pub fn search_of(query: &CdrsQuery) -> MessagesQuery {
    let CdrsQuery { account, dispatch_id, state, mcc, mnc, country, .. } = query;
    MessagesQuery {
        account: account.clone(),
        outcome: Some(MessageOutcome::Charged),
        dispatch_id: dispatch_id.clone(),
        state: state.map(searched_state),
        mcc: mcc.clone(),
        mnc: mnc.clone(),
        country: country.clone(),
        operator: query.operator.clone(),
        destination: query.destination.clone(),
        user_sms_id: query.user_sms_id.clone(),
        from: query.from,
        to: query.to,
        ..MessagesQuery::default()
    }
}

fn searched_state(state: CdrState) -> ApiState {
    match state {
        CdrState::Enroute => ApiState::Enroute,
        CdrState::Delivered => ApiState::Delivered,
        CdrState::Expired => ApiState::Expired,
        CdrState::Deleted => ApiState::Deleted,
        CdrState::Undeliverable => ApiState::Undeliverable,
        CdrState::Accepted => ApiState::Accepted,
        CdrState::Unknown => ApiState::Unknown,
        CdrState::Rejected => ApiState::Rejected,
    }
}

/// The refusal of a name.
pub fn reason(name: &str) -> Answer<Refusal> {
    Refusal::from_name(name).ok_or_else(|| {
        let names: Vec<&str> = Refusal::ALL.iter().map(|refusal| refusal.name()).collect();
        Problem::field("reason", format!("must be one of {}", names.join(", ")))
    })
}

/// A number in international form. A `+` in a URL that was not escaped arrives as a space.
fn number(text: &str) -> Answer<Number> {
    let digits = text.trim_start_matches([' ', '+']);
    let digits = digits.strip_prefix("00").unwrap_or(digits);
    Number::from_digits(digits.as_bytes())
        .ok_or_else(|| Problem::field("destination", "must be a number in international form"))
}

fn dispatch(id: &str) -> Answer<Vec<u8>> {
    octets_of(id).ok_or_else(|| Problem::field("dispatch_id", "must be an id of 1 to 64 octets"))
}

fn mcc(text: &str) -> Answer<u16> {
    let code = NetworkCode::new(text, "");
    code.map(|code| code.mcc).ok_or_else(|| Problem::field("mcc", "must have three digits"))
}

fn mnc(text: &str) -> Answer<Mnc> {
    Mnc::new(text).ok_or_else(|| Problem::field("mnc", "must have two or three digits"))
}
