//! The columns of an exported CDR.

use tollgate_api::user_sms_id;
use tollgate_engine::money::Amount;
use tollgate_storage::cdr::Cdr;
use tollgate_storage::rows::{MessageState, StateRow};

use super::names::{Names, text};
use super::own_side::OwnSide;
use crate::sides::Sides;
use crate::{Cell, Kind, Table};

/// The columns, in order.
pub const COLUMNS: [&str; 42] = [
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
    "operator_done_date",
    "operator_done_at",
    "user_sms_id",
    "message_text",
    "covered_by_bundles",
    "bought",
    "bought_currency",
    "sold",
    "sold_currency",
    "commission",
];

/// The table of CDRs in a workbook.
pub const TABLE: Table = Table { name: "CDRs", columns: &COLUMNS };

/// The kind of each column, in order.
pub const KINDS: [Kind; COLUMNS.len()] = {
    use Kind::{Flag, Money, Number, Text, Time};
    [
        Text, Text, Time, Text, Text, Text, Text, Text, Text, Text, Number, Money, Text, Money, Text, Text,
        Number, Number, Text, Text, Number, Text, Time, Time, Money, Text, Money, Number, Flag, Number, Text,
        Text, Text, Time, Text, Text, Number, Money, Text, Money, Text, Money,
    ]
};

/// The places of `cost`, `cost_currency` and `margin`, which not every caller may see.
const COSTS: std::ops::Range<usize> = 24..27;

/// The number of columns about the delivery of the message.
const COLUMNS_OF_DELIVERY: usize = 13;

/// The number of columns of the client's own.
const COLUMNS_OF_CLIENT: usize = 2;

/// The number of columns of the viewer's own side, which come last.
const COLUMNS_OF_SIDE: usize = 6;

/// The number of columns before those of the delivery.
const COLUMNS_OF_MESSAGE: usize = COLUMNS.len() - COLUMNS_OF_DELIVERY - COLUMNS_OF_CLIENT - COLUMNS_OF_SIDE;

/// The place of `message_text`.
const MESSAGE_TEXT: usize = COLUMNS.len() - COLUMNS_OF_SIDE - 1;

/// The values of one message, in the order of [`COLUMNS`].
pub type Cells = [Cell; COLUMNS.len()];

/// The values without those about costs.
pub fn without_costs(mut cells: Cells) -> Cells {
    cells[COSTS].fill(Cell::Empty);
    cells
}

/// The values with the text of the message.
pub fn with_text(mut cells: Cells, text: Option<String>) -> Cells {
    cells[MESSAGE_TEXT] = text.into();
    cells
}

impl Names {
    /// The row of a message as text.
    pub fn row(&self, cdr: &Cdr<'_>, state: Option<&StateRow>) -> [String; COLUMNS.len()] {
        self.cells(cdr, state, &Sides::all()).each_ref().map(Cell::text)
    }

    /// The row of a message, without its text, and with the money that its viewer is told.
    pub fn cells(&self, cdr: &Cdr<'_>, state: Option<&StateRow>, sides: &Sides) -> Cells {
        let (fields, header) = (&cdr.fields, &cdr.header);
        let account = self.accounts.get(&cdr.account);
        let told = |amount: Amount| sides.shows(cdr.account).then_some(amount).into();
        let (operator, country) = self.network_of_number(fields.network, &fields.destination);
        let of_message: [Cell; COLUMNS_OF_MESSAGE] = [
            cdr.message_id.to_string().into(),
            account.map_or_else(|| cdr.account.0.to_string(), |row| row.id.clone()).into(),
            header.submitted_at.into(),
            state.map_or(MessageState::Enroute, |row| row.state).name().into(),
            text(fields.source.address).into(),
            fields.destination.as_str().into(),
            format!("{:03}", fields.network.mcc).into(),
            fields.network.mnc.map(|mnc| mnc.to_string()).into(),
            country.map(|country| &*country.name).into(),
            operator.into(),
            Cell::number(fields.segments),
            told(fields.amount),
            account.map(|row| row.currency.to_string()).into(),
            told(state.map(|row| row.refunded).unwrap_or_default()),
            header.plan.into(),
            (*self.tariff(header.tariff)).into(),
            Cell::number(fields.counted_before),
            Cell::number(fields.data_coding),
            fields.dispatch_id.map(text).into(),
            fields.idempotency_key.map(text).into(),
            fields.user_message_reference.map_or(Cell::Empty, Cell::number),
        ];
        let user_sms_id = fields.user_sms_id.map(user_sms_id::text_of).into();
        let of_client: [Cell; COLUMNS_OF_CLIENT] = [user_sms_id, Cell::Empty];
        let before_side = of_message.into_iter().chain(self.delivery(cdr, state)).chain(of_client);
        let mut cells = before_side.chain(self.side(cdr, sides));
        std::array::from_fn(|_| cells.next().unwrap_or_default())
    }

    /// The columns of the viewer's own side. The commission is in the currency of `bought_currency`.
    fn side(&self, cdr: &Cdr<'_>, sides: &Sides) -> [Cell; COLUMNS_OF_SIDE] {
        let OwnSide { covered, bought, sold, commission } = OwnSide::of(cdr, cdr.beside().as_ref(), sides);
        let currency = |account| self.accounts.get(&account).map(|row| row.currency.to_string());
        let own = bought.or(commission).map(|(_, account)| account);
        [
            covered.map_or(Cell::Empty, Cell::number),
            bought.map(|(amount, _)| amount).into(),
            own.and_then(currency).into(),
            sold.map(|(amount, _)| amount).into(),
            sold.and_then(|(_, account)| currency(account)).into(),
            commission.map(|(amount, _)| amount).into(),
        ]
    }

    /// The columns about delivery. A message that still waits has only the operator in whose queue it is, and one that is
    /// charged only has none of them.
    fn delivery(&self, cdr: &Cdr<'_>, state: Option<&StateRow>) -> [Cell; COLUMNS_OF_DELIVERY] {
        let Some(operator) = Self::sent_to(cdr, state) else { return Default::default() };
        let code = self.operator(operator);
        let Some(row) = state else {
            let mut columns: [Cell; COLUMNS_OF_DELIVERY] = Default::default();
            columns[0] = code.into();
            return columns;
        };
        [
            code.into(),
            row.at.into(),
            row.accepted_at.into(),
            row.cost_currency.map(|_| row.cost).into(),
            row.cost_currency.map(|currency| currency.to_string()).into(),
            row.margin(cdr.fields.amount).into(),
            Cell::number(row.attempts),
            Cell::Flag(row.possible_duplicate),
            Cell::number(row.error),
            text(&row.upstream_id).into(),
            row.tried.iter().map(|asked| self.operator(asked.operator)).collect::<Vec<_>>().join(" ").into(),
            row.done_date.as_ref().map(|date| text(&date.digits)).into(),
            row.done_date.as_ref().and_then(|date| date.at).into(),
        ]
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use tollgate_engine::account::AccountNumber;
    use tollgate_engine::money::Currency;
    use tollgate_engine::network::NetworkCode;
    use tollgate_engine::number::Number;
    use tollgate_engine::operator::OperatorNumber;
    use tollgate_engine::tables::NetworkSource;
    use tollgate_engine::time::{Month, UnixMicros};
    use tollgate_storage::cdr::{BlockHeader, CdrFields, CdrRoute, Source};
    use tollgate_storage::rows::DoneDate;

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
            user_sms_id: None,
            route,
            beside: None,
        };
        Cdr { message_id: 7, account: AccountNumber(1), header, fields }
    }

    /// The columns of a message about its delivery.
    fn delivery(route: Option<CdrRoute>, state: Option<&StateRow>) -> Vec<String> {
        let names = Names {
            operators: HashMap::from([(OperatorNumber(1), "one".into()), (OperatorNumber(2), "two".into())]),
            ..Names::default()
        };
        let row = names.row(&cdr(route), state);
        let end = row.len() - COLUMNS_OF_CLIENT - COLUMNS_OF_SIDE;
        row[end - COLUMNS_OF_DELIVERY..end].to_vec()
    }

    const ROUTE: CdrRoute = CdrRoute { first_choice: OperatorNumber(1), class: 3, scheduled_at: None };

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
            tried: vec![OperatorNumber(1).into(), OperatorNumber(2).into()],
            done_date: Some(DoneDate { digits: b"2611210001".to_vec(), at: Some(UnixMicros(1_000_000)) }),
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
            "2611210001",
            "1970-01-01T00:00:01Z",
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

    /// A message of which everything is known.
    fn sent() -> Cells {
        let names = Names {
            operators: HashMap::from([(OperatorNumber(1), "one".into())]),
            accounts: HashMap::from([(AccountNumber(1), named("biz"))]),
            ..Names::default()
        };
        let state = StateRow {
            operator: OperatorNumber(1),
            cost_currency: Currency::new("EUR"),
            cost_in_account_currency: Some(Amount::from_micros(21_600)),
            accepted_at: Some(UnixMicros(2_000_000)),
            ..StateRow::default()
        };
        let mut cdr = cdr(Some(ROUTE));
        cdr.fields.user_message_reference = Some(7);
        cdr.fields.user_sms_id = Some(b"order 5");
        with_text(names.cells(&cdr, Some(&state), &Sides::all()), Some("Hello".to_owned()))
    }

    fn named(id: &str) -> crate::cdr::NamedAccount {
        crate::cdr::NamedAccount { id: id.to_owned(), currency: Currency::new("USD").unwrap() }
    }

    #[test]
    fn every_column_holds_what_it_says() {
        for ((cell, kind), name) in sent().iter().zip(KINDS).zip(COLUMNS) {
            let found = match cell {
                Cell::Empty => continue,
                Cell::Text(_) => Kind::Text,
                Cell::Number(_) => Kind::Number,
                Cell::Money(_) => Kind::Money,
                Cell::Time(_) => Kind::Time,
                Cell::Flag(_) => Kind::Flag,
                Cell::Sum(_) | Cell::Decimal(_) => panic!("{name} has no type of its own in Parquet"),
            };
            assert_eq!(found, kind, "{name}");
        }
        let numbers = COLUMNS.iter().position(|name| *name == "user_message_reference").unwrap();
        assert_eq!(sent()[numbers], Cell::Number(7));
        let last = &sent()[COLUMNS.len() - COLUMNS_OF_CLIENT - COLUMNS_OF_SIDE..];
        let last: Vec<String> = last.iter().map(Cell::text).collect();
        assert_eq!(last, ["order 5", "Hello", "0", "", "", "0.05", "USD", ""]);
    }

    #[test]
    fn costs_are_left_out_and_nothing_else() {
        let (with, without) = (sent(), without_costs(sent()));
        for ((one, other), name) in with.iter().zip(&without).zip(COLUMNS) {
            let is_cost = ["cost", "cost_currency", "margin"].contains(&name);
            assert_eq!(one != other, is_cost, "{name}");
            assert!(!is_cost || *other == Cell::Empty);
        }
    }
}
