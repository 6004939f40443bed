//! The command `tollgate verify`: proves that the books balance.

mod accounts;
mod rerate;

use std::path::{Path, PathBuf};

use serde_json::json;
use tollgate_management::verify_payments;
use tollgate_management::verify_payments::MoneyInReport;
use tollgate_management::{CheckedSubscriptions, verify_invoices, verify_subscriptions};
use tollgate_storage::store::Store;
use tollgate_storage::upgraded_copy::ReadStore;
use tollgate_storage::verify::{FilterReport, Report, verify as verify_store, verify_filters};

use crate::data_dir::DataDir;
use crate::failure::Failure;
use tollgate_console::say;

/// The arguments of `tollgate verify`.
#[derive(Debug, clap::Args)]
pub struct VerifyArguments {
    /// The data directory, in place of the one configured
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Report as one line of JSON
    #[arg(long)]
    pub json: bool,
    /// Then rate every CDR again by the archived tariff version that it names, and compare
    #[arg(long)]
    pub rerate: bool,
    /// Then ask every filter of messages for all that its messages have
    #[arg(long)]
    pub filters: bool,
}

/// Proves that the books of a data directory balance, or names the first thing that is off. The last line says which. Prices
/// are rated again, if that is asked for, once the books are known to balance.
pub fn verify(config: &Path, arguments: &VerifyArguments) -> Result<(), Failure> {
    let store = books(&DataDir::find(config, arguments.data_dir.as_ref())?)?;
    let verified = verify_store(&store).map_err(|fault| fault.to_string());
    let verified =
        verified.and_then(|report| Ok((report, verify_subscriptions(&store)?, verify_invoices(&store)?)));
    let (report, subscriptions, invoices) = match verified {
        Ok(verified) => verified,
        Err(fault) => return Err(unbalanced(&fault, arguments.json)),
    };
    let money_in = match verify_payments::verify(&store).map_err(|error| error.to_string())? {
        Ok(report) => report,
        Err(fault) => return Err(unbalanced(&fault.0, arguments.json)),
    };
    let filters = asked_filters(&store, arguments)?;
    let rerated = arguments.rerate.then(|| rerate::rerate(&store)).transpose()?;
    if arguments.json {
        let mut shown = as_json(&report);
        shown["payments"] = json!({
            "payments": money_in.payments,
            "succeeded": money_in.succeeded,
            "refunds": money_in.refunds,
            "disputes": money_in.disputes,
        });
        shown["accounts"] = accounts::accounts(&store).map_err(|error| error.to_string())?.into();
        shown["subscription_periods"] = subscriptions.periods.into();
        shown["subscription_entries"] = subscriptions.entries.into();
        shown["invoices"] = invoices.into();
        if let Some(FilterReport { filters, messages }) = filters {
            shown["filters"] = json!({ "filters": filters, "messages": messages });
        }
        if let Some(rerated) = &rerated {
            shown["rerate"] = rerate::json(rerated);
        }
        say!("{shown}");
    } else {
        if money_in.payments > 0 {
            say!("{}", money_in_line(&money_in));
        }
        print(&report, subscriptions);
        if invoices > 0 {
            say!("invoices: {invoices} sent, equal to the charges of their periods");
        }
        if let Some(FilterReport { filters, messages }) = filters {
            say!("filters: {filters}, which deny nothing of their {messages} messages");
        }
        say!("{}", balance_line(&report));
        rerated.iter().for_each(rerate::print);
    }
    match rerated {
        Some(rerated) if rerated.differing > 0 => Err(Failure::Shown),
        _ => Ok(()),
    }
}

/// The books, in a copy where an earlier version has written them.
fn books(data_dir: &DataDir) -> Result<ReadStore, Failure> {
    ReadStore::open(&data_dir.store_options()).map_err(|error| error.to_string().into())
}

/// Asks the filters of messages, if that is asked for. The books are known to balance.
fn asked_filters(store: &Store, arguments: &VerifyArguments) -> Result<Option<FilterReport>, Failure> {
    let asked = arguments.filters.then(|| verify_filters(store)).transpose();
    asked.map_err(|fault| {
        if arguments.json {
            say!("{}", json!({ "balanced": true, "fault": fault.to_string() }));
        } else {
            say!("filters do NOT know all messages: {fault}");
        }
        Failure::Shown
    })
}

/// Says what is off.
fn unbalanced(fault: &str, is_json: bool) -> Failure {
    if is_json {
        say!("{}", json!({ "balanced": false, "fault": fault }));
    } else {
        say!("books do NOT balance: {fault}");
    }
    Failure::Shown
}

/// The line that says how much of the ledger came in by payments.
fn money_in_line(report: &MoneyInReport) -> String {
    let MoneyInReport { payments, succeeded, refunds, disputes } = report;
    format!(
        "payments: {payments}, of which {succeeded} have succeeded; {refunds} refunds, {disputes} disputes"
    )
}

fn print(report: &Report, subscriptions: CheckedSubscriptions) {
    for (currency, totals) in &report.totals {
        say!(
            "{currency}: paid in {} - charged {} + refunded {} = balance {}",
            totals.paid_in,
            totals.charged,
            totals.refunded,
            totals.balance
        );
    }
    if report.delivers() {
        say!("{}", delivery_line(report));
    }
    if subscriptions != CheckedSubscriptions::default() {
        let CheckedSubscriptions { periods, entries } = subscriptions;
        say!("subscriptions: {periods} periods, {entries} ledger entries, equal to the counters of revenue");
    }
}

/// The line that says where the messages are that were handed over.
fn delivery_line(report: &Report) -> String {
    let Report { queued, scheduled, awaited, ended, refunds, .. } = report;
    let Report { leases, receipts, unmatched, .. } = report;
    format!(
        "messages: {queued} queued, {scheduled} scheduled, {awaited} await a receipt, {ended} at their end, {refunds} refunded; \
         {leases} leases, {receipts} receipts for gateways, {unmatched} unmatched receipts"
    )
}

/// The line that says so.
pub fn balance_line(report: &Report) -> String {
    let Report { wallets, cdrs, segments, batches, dispatches, .. } = report;
    format!(
        "books balance: {wallets} wallets, {cdrs} CDRs, {segments} segments, {dispatches} dispatches, {batches} commits"
    )
}

fn as_json(report: &Report) -> serde_json::Value {
    let totals: serde_json::Map<_, _> = report
        .totals
        .iter()
        .map(|(currency, totals)| {
            let sums = json!({
                "paid_in": totals.paid_in.to_string(),
                "charged": totals.charged.to_string(),
                "refunded": totals.refunded.to_string(),
                "balance": totals.balance.to_string(),
            });
            (currency.clone(), sums)
        })
        .collect();
    json!({
        "balanced": true,
        "wallets": report.wallets,
        "cdrs": report.cdrs,
        "segments": report.segments,
        "dispatches": report.dispatches,
        "commits": report.batches,
        "last_commit": report.last_commit,
        "refunds": report.refunds,
        "queued": report.queued,
        "scheduled": report.scheduled,
        "awaiting_receipt": report.awaited,
        "at_their_end": report.ended,
        "leases": report.leases,
        "receipts": report.receipts,
        "unmatched_receipts": report.unmatched,
        "usage_rows": report.usage_rows,
        "series_rows": report.series_rows,
        "documents": report.documents,
        "audit_notes": report.audit,
        "totals": totals,
    })
}
