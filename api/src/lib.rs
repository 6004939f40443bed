//! The management API over HTTP: everything that operations, billing staff, customers and integrators do
//! without SMPP.
//!
//! One file per area holds its DTOs, the trait that its handlers call (`…Service`), the handlers, and the
//! access rules of its routes. [`services::Services`] has one service for each area; `management` implements
//! them. What happens to a request: it gets an id ([`request_id`]), the route's rule and the caller are found
//! ([`rules`], [`authentication`]), the handler reads path, query and body ([`extract`]), its service does
//! what was asked on a thread where it may wait ([`call`]), and an [`answer`] or a [`problem`] is written.
//!
//! **Architecture invariant:** nothing here knows where data lies. There is no storage, no SMPP and no clock;
//! money is the engine's [`Amount`](tollgate_engine::money::Amount), and leaves as a decimal string.

pub mod access;
pub mod answer;
mod authenticate;
pub mod authentication;
mod bounds;
pub mod bundles;
pub mod call;
pub mod caller;
mod cdr_state;
pub mod choice;
pub mod clock;
mod compression;
pub mod credit_notes;
mod decimal;
mod document;
mod event_document;
pub mod events;
pub mod exchange_rates;
pub mod explained_prices;
pub mod export;
pub mod extract;
mod finish;
pub mod idempotency;
pub mod imports;
pub mod keyed_request;
mod known_parameters;
mod metrics;
pub mod money;
mod one_time;
pub mod openapi;
mod operations;
pub mod page;
pub mod patch;
pub mod percent;
mod private_answers;
pub mod problem;
pub mod pumping;
pub mod reference;
mod refused;
pub mod request_id;
pub mod resales;
pub mod router;
pub mod rules;
pub mod saas_clients;
pub mod services;
pub mod session;
pub mod session_cookie;
pub mod statements;
pub mod stream;
pub mod subscription_plans;
pub mod subscriptions;
mod suspension;
pub mod time;
pub mod token_clients;
mod upload;

pub mod accounts;
pub mod ageing;
pub mod alerts;
pub mod audit;
pub mod auth;
pub mod binds;
pub mod bundle_products;
pub mod caps;
pub mod cdrs;
pub mod charges;
pub mod dispatches;
pub mod existing_clients;
pub mod invoice_documents;
pub mod invoice_terms;
pub mod invoices;
pub mod keys;
pub mod mails;
pub mod messages;
pub mod moderation;
pub mod operators;
pub mod pay_pages;
pub mod payments;
pub mod plans;
pub mod price_lists;
pub mod rate_cards;
pub mod recharges;
pub mod sender_ids;
pub mod series;
pub mod tariffs;
pub mod templates;
pub mod transfers;
pub mod usage;
pub mod user_sms_id;
pub mod users;
pub mod wallets;
pub mod webhook_endpoints;
