//! Statements: what moved a balance in a period, from the opening to the closing balance.
//!
//! One is kept under its number; two more documents name that number by account and by period, so that a period of an account has
//! one statement, whoever asks and however often.

use std::collections::BTreeMap;
use std::ops::{ControlFlow, Range};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tollgate_api::answer::Answer;
use tollgate_api::caller::Caller;
use tollgate_api::events::data::StatementEventData;
use tollgate_api::events::types::EventType;
use tollgate_api::invoice_terms::{Issuer, Party};
use tollgate_api::money::{CurrencyCode, MoneySum};
use tollgate_api::page::Page;
use tollgate_api::problem::Problem;
use tollgate_api::statements::{
    Movement, NewStatement, Statement, StatementRange, StatementsQuery, StatementsService,
};
use tollgate_api::time::Time;
use tollgate_billing::invoice::number::Numbered;
use tollgate_engine::account::AccountNumber;
use tollgate_engine::money::Total;
use tollgate_engine::time::UnixMicros;
use tollgate_storage::change::Expected;
use tollgate_storage::clock::now;
use tollgate_storage::rows::EntryKind;
use tollgate_storage::store::Store;

use super::progress::Progress;
use super::record::Parties;
use super::terms::Terms;
use super::writer::{TakenNumber, close_books};
use super::{Invoices, check_period};
use crate::billing::wallets::transactions::kind_of;
use crate::collections::STATEMENTS;
use crate::document_page::{account_of_list, page_down, readable};
use crate::documents::stored_document;
use crate::problems::unavailable;
use tollgate_api::wallets::TransactionKind;
use tollgate_relay::snapshot::ActiveAccount;

/// A statement as the books keep it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatementRecord {
    pub number: String,
    pub account: String,
    pub currency: CurrencyCode,
    pub period_start: Time,
    pub period_end: Time,
    pub time_zone: String,
    pub issued_by: Option<String>,
    pub seller: Issuer,
    pub buyer: Party,
    pub opening_micros: i128,
    /// Count and sum of each kind of entry by its name; charges are `sms_debit`.
    pub movements: Vec<(String, u64, i128)>,
    pub closing_micros: i128,
    pub created_at: Time,
}

/// The name of charges among the movements.
const CHARGES: &str = "sms_debit";

impl StatementsService for Invoices {
    fn statements(&self, caller: &Caller, query: &StatementsQuery) -> Answer<Page<Statement>> {
        let account = account_of_list(&self.visibility, caller, query.account.as_deref())?;
        let prefix = account.map_or_else(|| NUMBERS.to_owned(), |account| format!("a/{account}/"));
        page_down(self.store(), (STATEMENTS, &prefix), &query.paging()?, |body| {
            let record = readable(serde_json::from_slice::<StatementRecord>(body), "a statement")?;
            let is_visible = self.visibility.may_see(caller, &record.account);
            Ok(Some(record).filter(|_| is_visible).map(shown))
        })
    }

    fn statement(&self, caller: &Caller, number: &str) -> Answer<Statement> {
        self.statement_record(caller, number).map(shown)
    }

    fn issue_statement(&self, caller: &Caller, new: &NewStatement) -> Answer<(Statement, bool)> {
        let account = self.visibility.readable_account(caller, &new.account)?;
        let period = new.period_start.0..new.period_end.0;
        check_period(&period, now())?;
        if !close_books(&self.context, period.end)? {
            return Err(Problem::field(
                "period_end",
                "is in the future; a statement is of a period that is over",
            ));
        }
        let (record, is_new) = self.issue_statement_of(caller, &account, &period, None)?;
        Ok((shown(record), is_new))
    }

    fn computed_statement(
        &self,
        caller: &Caller,
        account: &str,
        range: &StatementRange,
    ) -> Answer<Statement> {
        let account = self.visibility.readable_account(caller, account)?;
        let period = range.from.0..range.to.0;
        check_period(&period, now()).map_err(|problem| renamed(&problem))?;
        self.computed(&account, &period).map(shown)
    }
}

impl Invoices {
    /// A statement that the caller may see.
    pub(super) fn statement_record(&self, caller: &Caller, number: &str) -> Answer<StatementRecord> {
        let found = stored_document::<StatementRecord>(self.store(), STATEMENTS, &number_key(number))?;
        let found = found.map(|(_, record)| record);
        let found = found.filter(|record| self.visibility.may_see(caller, &record.account));
        found.ok_or_else(|| Problem::not_found(format!("there is no statement `{number}`")))
    }

    /// The statement of an account's period, made now if there is none; with it goes the note of the schedule's progress.
    pub(super) fn issue_statement_of(
        &self,
        caller: &Caller,
        account: &ActiveAccount,
        period: &Range<UnixMicros>,
        progress: Option<&Progress>,
    ) -> Answer<(StatementRecord, bool)> {
        let mut record = self.computed(account, period)?;
        let _turn = self.writer.lock();
        let period_key = format!("p/{}/{:020}-{:020}", record.account, period.start.0, period.end.0);
        if let Some((_, number)) = stored_document::<String>(self.store(), STATEMENTS, &period_key)? {
            let found = stored_document(self.store(), STATEMENTS, &number_key(&number))?;
            let missing = || Problem::internal("a statement of the books cannot be found");
            return found.map(|(_, record)| (record, false)).ok_or_else(missing);
        }
        let (today, _) = Terms::local_date(account, record.created_at.0)?;
        let issuer = record.issued_by.as_deref();
        let taken = TakenNumber::next(self.store(), Numbered::Statement, issuer, today.year())?;
        record.number.clone_from(&taken.number);
        let mut changes = self.context.change(caller);
        let by_account = format!("a/{}/{:020}/{}", record.account, period.start.0, record.number);
        for key in [number_key(&record.number), by_account] {
            changes.document(STATEMENTS, key.as_bytes(), Expected::Absent, Some(&record));
        }
        changes.document(STATEMENTS, period_key.as_bytes(), Expected::Absent, Some(&record.number));
        taken.write(&mut changes);
        if let Some(progress) = progress {
            progress.write(&mut changes, &record.account);
        }
        let note = json!({ "account": record.account, "period_start": record.period_start, "period_end": record.period_end });
        let data = StatementEventData {
            statement_number: record.number.clone(),
            period_start: record.period_start,
            period_end: record.period_end,
            closing_balance: Total::from_micros(record.closing_micros).to_string(),
            currency: record.currency,
        };
        changes.emit(EventType::StatementIssued, Some(&record.account), &data);
        changes.note("statement.issue", format!("statement/{}", record.number), &Value::Null, &note);
        changes.commit()?;
        Ok((record, true))
    }

    fn computed(&self, account: &ActiveAccount, period: &Range<UnixMicros>) -> Answer<StatementRecord> {
        let charged = &account.provisioned.account;
        let parties = self.terms.parties(account, tollgate_api::money::Money::default())?;
        let Parties { issued_by, seller, buyer, time_zone, .. } = parties;
        let moved = moved(self.store(), account.runtime.wallet.number(), period)?;
        Ok(StatementRecord {
            number: String::new(),
            account: charged.id.to_string(),
            currency: CurrencyCode(charged.currency),
            period_start: Time(period.start),
            period_end: Time(period.end),
            time_zone,
            issued_by,
            seller,
            buyer,
            opening_micros: moved.opening,
            movements: moved.movements,
            closing_micros: moved.closing,
            created_at: Time(now()),
        })
    }
}

/// Prefix of the keys of statements by number.
const NUMBERS: &str = "n/";

fn number_key(number: &str) -> String {
    format!("{NUMBERS}{number}")
}

/// The change of a balance in a period.
struct Moved {
    opening: i128,
    movements: Vec<(String, u64, i128)>,
    closing: i128,
}

/// Adds up everything that moved a balance in a period, from the balance at its beginning on.
fn moved(store: &Store, account: AccountNumber, period: &Range<UnixMicros>) -> Answer<Moved> {
    let fault = |error| unavailable(&error);
    let until = store.commits().next_id().map_err(fault)?;
    let ids = store.commits().ids_of(period).map_err(fault)?.below(until);
    let (mut count, mut charged) = (0_u64, 0_i128);
    let read = store.history().charges_up(account, &ids, |cdr, _| {
        if period.contains(&cdr.header.submitted_at) {
            (count, charged) = (count + 1, charged - i128::from(cdr.fields.amount.micros()));
        }
        ControlFlow::Continue(())
    });
    read.map_err(fault)?;
    let read = store.history().charges_below(account, &ids, |cdr, paid| {
        if let Some(paid) = paid.filter(|_| period.contains(&cdr.header.submitted_at)) {
            (count, charged) = (count + 1, charged - i128::from(paid.postings.posting.amount.micros()));
        }
        ControlFlow::Continue(())
    });
    read.map_err(fault)?;
    let mut by_kind: BTreeMap<EntryKind, (u64, i128)> = BTreeMap::new();
    let read = store.history().entries_up(account, &ids, |_, entry| {
        if period.contains(&entry.at) {
            let (count, sum) = by_kind.entry(entry.kind).or_default();
            (*count, *sum) = (*count + 1, *sum + i128::from(entry.amount.micros()));
        }
        ControlFlow::Continue(())
    });
    read.map_err(fault)?;
    let charges = (count > 0).then(|| (CHARGES.to_owned(), count, charged));
    let entries = by_kind.into_iter().map(|(kind, (count, sum))| (kind.name().to_owned(), count, sum));
    let movements: Vec<_> = charges.into_iter().chain(entries).collect();
    let opening = store.wallets().balance_at(account, period.start).map_err(fault)?.micros();
    let closing = opening + movements.iter().map(|(_, _, sum)| sum).sum::<i128>();
    Ok(Moved { opening, movements, closing })
}

fn shown(record: StatementRecord) -> Statement {
    let sum = |micros| MoneySum(Total::from_micros(micros));
    let movements = record.movements.into_iter().map(|(kind, count, micros)| Movement {
        kind: transaction_kind(&kind),
        count,
        amount: sum(micros),
    });
    Statement {
        statement_number: Some(record.number).filter(|number| !number.is_empty()),
        account: record.account,
        issued_by: record.issued_by,
        period_start: record.period_start,
        period_end: record.period_end,
        time_zone: record.time_zone,
        seller: record.seller,
        buyer: record.buyer,
        currency: record.currency,
        opening_balance: sum(record.opening_micros),
        movements: movements.collect(),
        closing_balance: sum(record.closing_micros),
        created_at: record.created_at,
    }
}

/// The kind of transaction of a movement's name; all others than entries are charges.
fn transaction_kind(name: &str) -> TransactionKind {
    let kind = EntryKind::ALL.into_iter().find(|kind| kind.name() == name);
    kind.map_or(TransactionKind::SmsDebit, kind_of)
}

/// The fields of a query have other names than those of a body.
fn renamed(problem: &Problem) -> Problem {
    let detail = &problem.detail;
    let (field, message) = match detail.strip_prefix("period_start: ") {
        Some(message) => ("from", message),
        None => ("to", detail.strip_prefix("period_end: ").unwrap_or(detail)),
    };
    Problem::field(field, message.replace("period_start", "from"))
}

impl Invoices {
    /// True if an account pays beforehand: it has no credit, and owed nothing at the end of a period.
    pub(super) fn is_prepaid(&self, account: &ActiveAccount, end: UnixMicros) -> Answer<bool> {
        if account.provisioned.account.credit_limit > tollgate_engine::money::Amount::ZERO {
            return Ok(false);
        }
        let number = account.runtime.wallet.number();
        let balance = self.store().wallets().balance_at(number, end).map_err(|error| unavailable(&error))?;
        Ok(balance >= Total::ZERO)
    }

    /// True if anything moved an account's balance in a period.
    pub(super) fn is_moved(&self, account: &ActiveAccount, period: &Range<UnixMicros>) -> Answer<bool> {
        let moved = moved(self.store(), account.runtime.wallet.number(), period)?;
        Ok(!moved.movements.is_empty())
    }
}
