//! The services behind the management API, area by area, over the books and what is in force.
//!
//! A service holds only what it needs. What it writes goes through a `ChangeSet` into one durable commit: documents, ledger
//! entries, messages, audit notes and the request's Idempotency-Key together, or nothing. Documents that are few and asked for
//! often are kept in memory beside their rows; everything else is read from the store when it is asked for. Only after the
//! commit is anything put in force.
//!
//! **Architecture invariant:** the functions here may wait for the disk. They are called on threads of their own, never on a
//! session's task.

pub mod offline;
pub mod quotes;
pub mod rerate;
pub mod tariff_files;

mod account_facts;
mod account_rates;
mod accounts;
mod archived_chain;
mod audit;
mod background;
mod billing;
mod binds;
mod change_set;
mod clock;
mod collections;
mod content;
mod content_tag;
mod context;
mod document_page;
mod documents;
mod downloads;
mod events;
mod exclusive;
mod existing_clients;
mod identity;
mod jobs;
mod kept_answers;
mod live;
mod management;
mod messaging;
mod metrics;
mod notifications;
mod operators;
mod payments;
mod plain_text;
mod problems;
mod provisioned;
mod pumping;
mod pumping_settings;
mod reference;
mod resale;
mod resealing;
mod sealing;
mod series;
mod stream_topics;
mod subscriptions;
mod tariffs;
mod told_once;

pub use crate::billing::invoices::check_books as verify_invoices;
pub use crate::content::restore_approvals;
pub use crate::identity::published_users::refusal as published_user_refusal;
pub use crate::jobs::Workers;
pub use crate::management::Management;
pub use crate::payments::verify as verify_payments;
pub use crate::provisioned::additions;
pub use crate::sealing::{SealedSecrets, sealed_secrets};
pub use crate::subscriptions::{Checked as CheckedSubscriptions, check_books as verify_subscriptions};
