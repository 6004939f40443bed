//! The columns of an exported CDR, with names for what is numbered in the books.

use std::collections::HashMap;

use tollgate_engine::account::AccountNumber;
use tollgate_engine::network::{NetworkCode, Networks};
use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::time::UnixMicros;
use tollgate_storage::cdr::Cdr;
use tollgate_storage::rows::{AccountRow, MessageState, StateRow};
use tollgate_storage::store::{Store, Unavailable};

/// The columns, in order.
pub const COLUMNS: [&str; 32] = [
    "message_id",
    "account",
    "submitted_at",
    "state",
    "source",
    "destination",
    "mcc",
    "mnc",
    "country",
    "operator",
    "segments",
    "price",
    "currency",
    "refunded",
    "plan",
    "tariff_version",
    "tier_before",
    "data_coding",
    "dispatch_id",
    "idempotency_key",
    "user_message_reference",
    "operator_code",
    "state_at",
    "accepted_at",
    "cost",
    "cost_currency",
    "margin",
    "attempts",
    "possible_duplicate",
    "error",
    "upstream_id",
    "tried",
];

/// How many of them say where the message was sent and what became of it. They come last.
const COLUMNS_OF_DELIVERY: usize = 11;

/// What turns numbers into names.
pub struct Names {
    networks: Networks,
    accounts: HashMap<AccountNumber, AccountRow>,
    tariffs: HashMap<u32, String>,
    operators: HashMap<OperatorNumber, String>,
}

impl Names {
    /// Those of a data directory's accounts, tariffs and operators; of the networks as they are configured now.
    pub fn read(store: &Store, networks: Networks) -> Result<Self, Unavailable> {
        Ok(Self {
            networks,
            accounts: store.accounts()?.into_iter().collect(),
            tariffs: store.tariffs()?.into_iter().map(|(number, row)| (number, row.version)).collect(),
            operators: store.operators()?.into_iter().map(|(number, row)| (number, row.code)).collect(),
        })
    }

    /// The number of the account with this name.
    pub fn account(&self, id: &str) -> Option<AccountNumber> {
        self.accounts.iter().find(|(_, row)| row.id == *id).map(|(number, _)| *number)
    }

    /// The row of a message.
    pub fn row(&self, cdr: &Cdr<'_>, state: Option<&StateRow>) -> [String; COLUMNS.len()] {
        let (fields, header) = (&cdr.fields, &cdr.header);
        let account = self.accounts.get(&cdr.account);
        let (country, operator) = self.network(fields.network);
        let [
            sent_to,
            state_at,
            accepted_at,
            cost,
            cost_currency,
            margin,
            attempts,
            again,
            error,
            upstream_id,
            tried,
        ] = self.delivery(cdr, state);
        [
            cdr.message_id.to_string(),
            account.map_or_else(|| cdr.account.0.to_string(), |row| row.id.clone()),
            header.submitted_at.to_rfc3339(),
            state.map_or(MessageState::Enroute, |row| row.state).name().to_owned(),
            text(fields.source.address),
            fields.destination.to_string(),
            format!("{:03}", fields.network.mcc),
            fields.network.mnc.map(|mnc| mnc.to_string()).unwrap_or_default(),
            country,
            operator,
            fields.segments.to_string(),
            fields.amount.to_string(),
            account.map(|row| row.currency.clone()).unwrap_or_default(),
            state.map(|row| row.refunded).unwrap_or_default().to_string(),
            header.plan.to_owned(),
            self.tariffs.get(&header.tariff).cloned().unwrap_or_default(),
            fields.counted_before.to_string(),
            fields.data_coding.to_string(),
            fields.dispatch_id.map(text).unwrap_or_default(),
            fields.idempotency_key.map(text).unwrap_or_default(),
            fields.user_message_reference.map(|reference| reference.to_string()).unwrap_or_default(),
            sent_to,
            state_at,
            accepted_at,
            cost,
            cost_currency,
            margin,
            attempts,
            again,
            error,
            upstream_id,
            tried,
        ]
    }

    /// What a message that was handed over has in the last columns. One that waits still has the operator in whose queue
    /// it does; what is charged only has nothing.
    fn delivery(&self, cdr: &Cdr<'_>, state: Option<&StateRow>) -> [String; COLUMNS_OF_DELIVERY] {
        let Some(route) = &cdr.fields.route else { return Default::default() };
        let operator = state.map(|row| row.operator).filter(|operator| operator.0 != 0).unwrap_or(route.home);
        let code_of = |operator: OperatorNumber| {
            self.operators.get(&operator).cloned().unwrap_or_else(|| operator.0.to_string())
        };
        let code = code_of(operator);
        let Some(row) = state else {
            let mut columns: [String; COLUMNS_OF_DELIVERY] = Default::default();
            columns[0] = code;
            return columns;
        };
        let cost = row.cost_currency.map(|currency| (row.cost.to_string(), currency.to_string()));
        let (cost, cost_currency) = cost.unwrap_or_default();
        [
            code,
            row.at.to_rfc3339(),
            row.accepted_at.map(UnixMicros::to_rfc3339).unwrap_or_default(),
            cost,
            cost_currency,
            row.margin(cdr.fields.amount).map(|margin| margin.to_string()).unwrap_or_default(),
            row.attempts.to_string(),
            row.possible_duplicate.to_string(),
            row.error.to_string(),
            text(&row.upstream_id),
            row.tried.iter().map(|operator| code_of(*operator)).collect::<Vec<_>>().join(" "),
        ]
    }

    fn network(&self, code: NetworkCode) -> (String, String) {
        let Some(id) = self.networks.id(code) else { return Default::default() };
        let country =
            self.networks.country_of(id).map(|country| country.name.to_string()).unwrap_or_default();
        (country, self.networks.get(id).operator.to_string())
    }
}

/// What a customer sent as text; octets that are not UTF-8 become U+FFFD.
fn text(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).into_owned()
}

#[cfg(test)]
mod tests {
    use tollgate_engine::money::{Amount, Currency};
    use tollgate_engine::number::Number;
    use tollgate_engine::tables::NetworkSource;
    use tollgate_engine::time::Month;
    use tollgate_storage::cdr::{BlockHeader, CdrFields, CdrRoute, Source};

    use super::*;

    fn cdr(route: Option<CdrRoute>) -> Cdr<'static> {
        let header =
            BlockHeader { submitted_at: UnixMicros(1), tariff: 1, month: Month(24_322), plan: "starter" };
        let fields = CdrFields {
            destination: Number::from_digits(b"254722000001").unwrap(),
            network: NetworkCode::new("639", "02").unwrap(),
            network_source: NetworkSource::Prefix(6),
            segments: 1,
            data_coding: 0,
            esm_class: 0,
            registered_delivery: 1,
            amount: Amount::from_micros(50_000),
            counted_before: 0,
            source: Source { ton: 5, npi: 0, address: b"TOLLGATE" },
            dispatch_id: None,
            idempotency_key: None,
            user_message_reference: None,
            route,
        };
        Cdr { message_id: 7, account: AccountNumber(1), header, fields }
    }

    /// The last columns of a message.
    fn delivery(route: Option<CdrRoute>, state: Option<&StateRow>) -> Vec<String> {
        let names = Names {
            networks: Networks::default(),
            accounts: HashMap::new(),
            tariffs: HashMap::new(),
            operators: HashMap::from([(OperatorNumber(1), "one".into()), (OperatorNumber(2), "two".into())]),
        };
        names.row(&cdr(route), state)[COLUMNS.len() - COLUMNS_OF_DELIVERY..].to_vec()
    }

    const ROUTE: CdrRoute = CdrRoute { home: OperatorNumber(1), class: 3, scheduled_at: None };

    #[test]
    fn a_message_that_is_charged_only_says_nothing_of_its_delivery() {
        assert!(delivery(None, None).iter().all(String::is_empty));
        let cancelled = StateRow::cancelled(UnixMicros(5), Amount::from_micros(50_000));
        assert!(delivery(None, Some(&cancelled)).iter().all(String::is_empty));
    }

    #[test]
    fn a_message_that_waits_says_in_whose_queue() {
        let columns = delivery(Some(ROUTE), None);
        assert_eq!((columns[0].as_str(), columns[1..].concat()), ("one", String::new()));
    }

    #[test]
    fn a_message_that_was_sent_says_who_has_it_and_what_is_left() {
        let state = StateRow {
            state: MessageState::Delivered,
            at: UnixMicros(3_000_000),
            operator: OperatorNumber(2),
            attempts: 2,
            possible_duplicate: true,
            cost: Amount::from_micros(20_000),
            cost_currency: Currency::new("EUR"),
            cost_in_account_currency: Some(Amount::from_micros(21_600)),
            upstream_id: b"1f".to_vec(),
            accepted_at: Some(UnixMicros(2_000_000)),
            tried: vec![OperatorNumber(1), OperatorNumber(2)],
            ..StateRow::default()
        };
        let accepted_at = "1970-01-01T00:00:02Z";
        let expected = [
            "two",
            "1970-01-01T00:00:03Z",
            accepted_at,
            "0.02",
            "EUR",
            "0.0284",
            "2",
            "true",
            "0",
            "1f",
            "one two",
        ];
        assert_eq!(delivery(Some(ROUTE), Some(&state)), expected);
        let unknown_rate = StateRow { cost_in_account_currency: None, ..state };
        assert_eq!(delivery(Some(ROUTE), Some(&unknown_rate))[5], "");
    }

    #[test]
    fn a_message_that_nobody_took_says_who_refused_it_last() {
        let state = StateRow {
            state: MessageState::Rejected,
            refunded: Amount::from_micros(50_000),
            is_refunded: true,
            operator: OperatorNumber(2),
            attempts: 1,
            error: 11,
            ..StateRow::default()
        };
        let columns = delivery(Some(ROUTE), Some(&state));
        assert_eq!((columns[0].as_str(), columns[5].as_str(), columns[8].as_str()), ("two", "0.00", "11"));
    }
}
