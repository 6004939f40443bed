//! Usage as rows of tables. The columns are the fields of the JSON, those of the account and its period first.

use tollgate_api::usage::{AccountUsage, Usage, UsageCounts, UsageTable};

use tollgate_exports::{Cell, Table};

const PERIOD: [&str; 6] = ["account", "currency", "whose", "time_zone", "from", "to"];
const COUNTS: [&str; 10] = [
    "messages_sent",
    "messages_delivered",
    "messages_failed",
    "messages_cancelled",
    "messages_unconfirmed",
    "messages_pending",
    "segments",
    "success_rate",
    "cost",
    "average_cost_per_message",
];

const COLUMNS_OF_ACCOUNTS: [&str; 16] = joined(&[&PERIOD, &COUNTS]);
const COLUMNS_OF_COUNTRIES: [&str; 18] = joined(&[&PERIOD, &["country_code", "country_name"], &COUNTS]);
const COLUMNS_OF_NETWORKS: [&str; 20] =
    joined(&[&PERIOD, &["mcc", "mnc", "network", "country_code"], &COUNTS]);
const COLUMNS_OF_OPERATORS: [&str; 17] = joined(&[&PERIOD, &["operator"], &COUNTS]);
const COLUMNS_OF_COSTS: [&str; 19] = joined(&[&PERIOD, &["operator"], &COUNTS, &["operator_cost", "margin"]]);
const COLUMNS_OF_DAYS: [&str; 17] = joined(&[&PERIOD, &["date"], &COUNTS]);

/// The table of all accounts.
pub const ACCOUNTS: Table = Table { name: "Usage", columns: &COLUMNS_OF_ACCOUNTS };
const COUNTRIES: Table = Table { name: "Usage by country", columns: &COLUMNS_OF_COUNTRIES };
const NETWORKS: Table = Table { name: "Usage by network", columns: &COLUMNS_OF_NETWORKS };
const OPERATORS: Table = Table { name: "Usage by operator", columns: &COLUMNS_OF_OPERATORS };
const OPERATORS_WITH_COSTS: Table = Table { name: "Usage by operator", columns: &COLUMNS_OF_COSTS };
const DAYS: Table = Table { name: "Usage by day", columns: &COLUMNS_OF_DAYS };

/// The name of a table's file, which is the name of its field.
pub fn file_name(table: UsageTable) -> &'static str {
    match table {
        UsageTable::CountryUsage => "country_usage",
        UsageTable::NetworkUsage => "network_usage",
        UsageTable::OperatorUsage => "operator_usage",
        UsageTable::DailyUsage => "daily_usage",
    }
}

/// A table of an account's usage with its rows. Only who sees costs has columns for them.
pub fn of_account(usage: &Usage, table: UsageTable, with_costs: bool) -> (Table, Vec<Vec<Cell>>) {
    match table {
        UsageTable::CountryUsage => {
            let names = usage.country_usage.iter().map(|row| {
                let names = vec![row.country_code.as_deref().into(), row.country_name.as_deref().into()];
                (names, &row.counts)
            });
            (COUNTRIES, rows(usage, names))
        }
        UsageTable::NetworkUsage => {
            let names = usage.network_usage.iter().map(|row| {
                let optional = [&row.mnc, &row.network, &row.country_code];
                let optional = optional.map(|text| Cell::from(text.as_deref()));
                let names = std::iter::once(row.mcc.as_str().into()).chain(optional).collect();
                (names, &row.counts)
            });
            (NETWORKS, rows(usage, names))
        }
        UsageTable::OperatorUsage => {
            let names = usage.operator_usage.iter();
            let names = names.map(|row| (vec![row.operator.as_str().into()], &row.counts));
            let mut rows = rows(usage, names);
            if !with_costs {
                return (OPERATORS, rows);
            }
            for (cells, row) in rows.iter_mut().zip(&usage.operator_usage) {
                cells.extend([row.operator_cost.into(), row.margin.into()]);
            }
            (OPERATORS_WITH_COSTS, rows)
        }
        UsageTable::DailyUsage => {
            let days = usage.daily_usage.iter().flatten();
            (DAYS, rows(usage, days.map(|row| (vec![row.date.as_str().into()], &row.counts))))
        }
    }
}

/// The row of one of many accounts.
pub fn of_accounts(usage: &AccountUsage) -> Vec<Cell> {
    let AccountUsage { account, currency, whose, time_zone, from, to, counts } = usage;
    let period = [
        account.as_str().into(),
        (*currency).into(),
        Cell::named(whose),
        time_zone.as_str().into(),
        (*from).into(),
        (*to).into(),
    ];
    period.into_iter().chain(cells(counts)).collect()
}

fn rows<'u>(usage: &Usage, named: impl Iterator<Item = (Vec<Cell>, &'u UsageCounts)>) -> Vec<Vec<Cell>> {
    let Usage { account, currency, whose, time_zone, from, to, .. } = usage;
    let period: [Cell; PERIOD.len()] = [
        account.as_str().into(),
        (*currency).into(),
        Cell::named(whose),
        time_zone.as_str().into(),
        (*from).into(),
        (*to).into(),
    ];
    named.map(|(names, counts)| period.iter().cloned().chain(names).chain(cells(counts)).collect()).collect()
}

fn cells(counts: &UsageCounts) -> [Cell; COUNTS.len()] {
    [
        Cell::number(counts.messages_sent),
        Cell::number(counts.messages_delivered),
        Cell::number(counts.messages_failed),
        Cell::number(counts.messages_cancelled),
        Cell::number(counts.messages_unconfirmed),
        Cell::number(counts.messages_pending),
        Cell::number(counts.segments),
        Cell::Decimal(counts.success_rate.clone()),
        counts.cost.into(),
        counts.average_cost_per_message.into(),
    ]
}

/// Lists of columns as one, of `N` in all.
const fn joined<const N: usize>(lists: &[&[&'static str]]) -> [&'static str; N] {
    let mut all = [""; N];
    let (mut at, mut list) = (0, 0);
    while list < lists.len() {
        let mut column = 0;
        while column < lists[list].len() {
            all[at] = lists[list][column];
            at += 1;
            column += 1;
        }
        list += 1;
    }
    assert!(at == N, "a list of columns has another length");
    all
}

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use tollgate_api::money::{CurrencyCode, MoneySum};
    use tollgate_api::time::Time;
    use tollgate_api::usage::{CountryUsage, DailyUsage, NetworkUsage, OperatorUsage, UsagePeriod, Whose};
    use tollgate_engine::money::{Currency, Total};
    use tollgate_engine::time::UnixMicros;

    use super::*;
    use crate::downloads::json_rows;

    fn counts() -> UsageCounts {
        UsageCounts {
            messages_sent: 7,
            messages_delivered: 6,
            messages_failed: 5,
            messages_cancelled: 4,
            messages_unconfirmed: 3,
            messages_pending: 2,
            segments: 1,
            success_rate: "85.71".to_owned(),
            cost: Some(MoneySum(Total::from_micros(-20_000))),
            average_cost_per_message: Some(MoneySum(Total::from_micros(1))),
        }
    }

    fn account_usage() -> AccountUsage {
        AccountUsage {
            account: "acme".to_owned(),
            currency: CurrencyCode(Currency::new("USD").unwrap()),
            whose: Whose::Below,
            time_zone: "Africa/Nairobi".to_owned(),
            from: Time(UnixMicros(1_000_000)),
            to: Time(UnixMicros(2_000_000)),
            counts: counts(),
        }
    }

    fn usage() -> Usage {
        let AccountUsage { account, currency, whose, time_zone, from, to, counts } = account_usage();
        let text = |text: &str| Some(text.to_owned());
        Usage {
            account,
            currency,
            period: UsagePeriod::Range,
            whose,
            time_zone,
            from,
            to,
            total_messages_sent: 7,
            total_messages_delivered: 6,
            total_messages_failed: 5,
            total_messages_cancelled: 4,
            total_messages_unconfirmed: 3,
            total_messages_pending: 2,
            total_segments: 1,
            success_rate: counts.success_rate.clone(),
            total_cost: counts.cost,
            average_cost_per_message: counts.average_cost_per_message,
            country_usage: vec![CountryUsage {
                country_code: text("KE"),
                country_name: text("Kenya"),
                counts: counts.clone(),
            }],
            network_usage: vec![NetworkUsage {
                mcc: "639".to_owned(),
                mnc: text("02"),
                network: text("=Safaricom"),
                country_code: text("KE"),
                counts: counts.clone(),
            }],
            operator_usage: vec![OperatorUsage {
                operator: "saf".to_owned(),
                counts: counts.clone(),
                operator_cost: Some(MoneySum(Total::from_micros(5))),
                margin: Some(MoneySum(Total::from_micros(-5))),
            }],
            daily_usage: Some(vec![DailyUsage { date: "2026-11-21".to_owned(), counts }]),
        }
    }

    /// The first row of a table in JSON, with the account and the period before it.
    fn expected(usage: &Usage, table: UsageTable) -> Value {
        let (whole, account) = (serde_json::to_value(usage).unwrap(), account_usage());
        let mut row = serde_json::to_value(account).unwrap();
        let fields = whole[file_name(table)][0].as_object().unwrap().clone();
        row.as_object_mut().unwrap().extend(fields);
        row
    }

    #[test]
    fn the_columns_are_the_fields_of_the_json() {
        let mut usage = usage();
        for table in [
            UsageTable::CountryUsage,
            UsageTable::NetworkUsage,
            UsageTable::OperatorUsage,
            UsageTable::DailyUsage,
        ] {
            let (shown, rows) = of_account(&usage, table, true);
            assert_eq!(json_rows(shown, &rows), [expected(&usage, table)]);
        }
        let operator = &mut usage.operator_usage[0];
        (operator.operator_cost, operator.margin) = (None, None);
        let (shown, rows) = of_account(&usage, UsageTable::OperatorUsage, false);
        assert_eq!(json_rows(shown, &rows), [expected(&usage, UsageTable::OperatorUsage)]);
        let of_many = serde_json::to_value(account_usage()).unwrap();
        assert_eq!(json_rows(ACCOUNTS, &[of_accounts(&account_usage())]), [of_many]);
    }
}
