//! The open amounts of sent invoices by account, and by the days since they were due.

use std::collections::BTreeMap;

use tollgate_api::ageing::{AccountAgeing, AgeingQuery, AgeingService};
use tollgate_api::answer::Answer;
use tollgate_api::caller::Caller;
use tollgate_api::export::{Export, TableFormat};
use tollgate_api::money::{CurrencyCode, MoneySum};
use tollgate_api::page::Page;
use tollgate_api::problem::Problem;
use tollgate_billing::invoice::ageing::Age;
use tollgate_billing::period::date_at;
use tollgate_engine::money::Total;
use tollgate_engine::time::UnixMicros;
use tollgate_storage::clock::now;

use super::Invoices;
use super::owed::unpaid_before;
use crate::billing::period::zone;
use crate::downloads::whole_table;
use tollgate_exports::{Cell, Table};

/// The table of what accounts owe.
const TABLE: Table = Table {
    name: "Ageing",
    columns: &[
        "account",
        "currency",
        "invoices",
        "not_due",
        "days_1_to_30",
        "days_31_to_60",
        "days_61_to_90",
        "days_over_90",
        "total",
    ],
};

/// The debts of one account.
#[derive(Debug)]
struct Owing {
    currency: CurrencyCode,
    invoices: u64,
    by_age: BTreeMap<Age, i128>,
}

impl AgeingService for Invoices {
    fn ageing(&self, caller: &Caller, query: &AgeingQuery) -> Answer<Page<AccountAgeing>> {
        let paging = query.paging()?;
        let all = owing(self, caller, query.account.as_deref(), now())?;
        let keyed = all.into_iter().map(|row| (row.account.clone(), row));
        Ok(paging.page(keyed, |key, after| key > after))
    }

    fn export_ageing(&self, caller: &Caller, query: &AgeingQuery, format: TableFormat) -> Answer<Export> {
        let all = owing(self, caller, query.account.as_deref(), now())?;
        let rows: Vec<_> = all.iter().map(cells).collect();
        whole_table(format, TABLE, "ageing", &rows)
    }
}

fn owing(
    invoices: &Invoices,
    caller: &Caller,
    account: Option<&str>,
    now: UnixMicros,
) -> Answer<Vec<AccountAgeing>> {
    if let Some(account) = account {
        invoices.visibility.readable_account(caller, account)?;
    }
    let mut owing: BTreeMap<String, Owing> = BTreeMap::new();
    for invoice in unpaid_before(invoices.store(), UnixMicros(u64::MAX))? {
        let is_wanted = account.is_none_or(|account| account == invoice.account);
        let open = invoice.amount_open.unwrap_or(invoice.gross_amount);
        if !is_wanted || open.is_zero() || !invoices.visibility.may_see(caller, &invoice.account) {
            continue;
        }
        let age = age(invoices, &invoice.account, invoice.due_at.unwrap_or_default().0, now)?;
        let new = || Owing { currency: invoice.currency, invoices: 0, by_age: BTreeMap::new() };
        let of_account = owing.entry(invoice.account.clone()).or_insert_with(new);
        of_account.invoices += 1;
        *of_account.by_age.entry(age).or_default() += i128::from(open.0.micros());
    }
    Ok(owing.into_iter().map(|(account, owing)| row(account, &owing)).collect())
}

/// The age of a debt by the calendar of the account.
fn age(invoices: &Invoices, account: &str, due_at: UnixMicros, now: UnixMicros) -> Answer<Age> {
    let name = invoices.context.account(account).map(|account| account.terms.plan.plan.time_zone.clone());
    let zone = zone(name.as_deref().unwrap_or("UTC"))?;
    let dates = date_at(due_at, &zone).zip(date_at(now, &zone));
    let (due, today) = dates.ok_or_else(|| Problem::internal("an invoice is due beyond the calendar"))?;
    Ok(Age::of(due, today))
}

fn row(account: String, owing: &Owing) -> AccountAgeing {
    let sum = |micros| MoneySum(Total::from_micros(micros));
    let of = |age| sum(owing.by_age.get(&age).copied().unwrap_or_default());
    AccountAgeing {
        account,
        currency: owing.currency,
        invoices: owing.invoices,
        not_due: of(Age::NotDue),
        days_1_to_30: of(Age::UpTo30),
        days_31_to_60: of(Age::UpTo60),
        days_61_to_90: of(Age::UpTo90),
        days_over_90: of(Age::Over90),
        total: sum(owing.by_age.values().sum()),
    }
}

fn cells(row: &AccountAgeing) -> Vec<Cell> {
    vec![
        row.account.as_str().into(),
        row.currency.into(),
        Cell::number(row.invoices),
        Cell::Sum(row.not_due.0),
        Cell::Sum(row.days_1_to_30.0),
        Cell::Sum(row.days_31_to_60.0),
        Cell::Sum(row.days_61_to_90.0),
        Cell::Sum(row.days_over_90.0),
        Cell::Sum(row.total.0),
    ]
}
