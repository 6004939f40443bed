//! The management API of the real process, over HTTP.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "tests stop at a surprise"
)]

mod access;
mod alerts;
mod answers;
mod auth;
mod below_cost;
mod binds;
mod browser_sessions;
mod cdrs;
mod chain_switch;
mod chains;
mod charges;
mod content;
mod currencies;
mod dispatches;
mod docs;
mod events;
mod exchange_rates;
mod exports;
mod generated_clients;
mod guesses;
mod imports;
mod invoices;
mod invoices_corrected;
mod invoices_issued;
mod invoices_scheduled;
mod ledger;
mod meant_for;
mod messages;
mod money;
mod once;
mod openapi;
mod operators;
mod parameters;
mod payments;
mod payments_manual;
mod payments_of_things;
mod payments_paypal;
mod payments_resold;
mod payments_returned;
mod payments_stripe_mock;
mod pumping;
mod reference;
mod repeated;
mod resale;
mod resold;
mod reused_ids;
mod rights;
mod saas_clients;
mod schemathesis;
mod series;
mod sides;
mod stream;
mod subscriptions;
mod tariff;
mod token_clients;
mod tokens_end;
mod transfers;
mod usage;
mod user_sms_ids;
mod webhooks;
mod wecall;
mod workbook;

#[path = "../support/mod.rs"]
mod support;
