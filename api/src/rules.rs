//! The access rules of all routes: one for each. A route without a rule is closed to everybody, and fails a
//! test.

use axum::http::Method;

use crate::access::{Rule, Who};
use crate::caller::{Role, Scope};
use crate::{
    accounts, ageing, alerts, audit, auth, binds, bundle_products, bundles, caps, cdrs, charges, clock,
    credit_notes, dispatches, events, exchange_rates, existing_clients, imports, invoice_documents,
    invoice_terms, invoices, keys, mails, messages, operators, pay_pages, payments, plans, price_lists,
    pumping, rate_cards, recharges, reference, resales, saas_clients, sender_ids, series, session,
    statements, stream, subscription_plans, subscriptions, tariffs, templates, token_clients, transfers,
    usage, users, wallets, webhook_endpoints,
};

/// The rules of each area.
const AREAS: &[&[Rule]] = &[
    accounts::RULES,
    wallets::RULES,
    transfers::RULES,
    bundles::RULES,
    subscriptions::RULES,
    caps::RULES,
    resales::RULES,
    charges::RULES,
    cdrs::RULES,
    messages::RULES,
    dispatches::RULES,
    usage::RULES,
    series::RULES,
    invoices::RULES,
    invoice_terms::RULES,
    credit_notes::RULES,
    invoice_documents::RULES,
    statements::RULES,
    ageing::RULES,
    payments::RULES,
    recharges::RULES,
    pay_pages::RULES,
    alerts::RULES,
    events::RULES,
    webhook_endpoints::RULES,
    mails::RULES,
    pumping::RULES,
    auth::RULES,
    session::RULES,
    stream::RULES,
    users::RULES,
    keys::RULES,
    audit::RULES,
    sender_ids::RULES,
    templates::RULES,
    operators::RULES,
    plans::RULES,
    price_lists::RULES,
    bundle_products::RULES,
    subscription_plans::RULES,
    rate_cards::RULES,
    exchange_rates::RULES,
    tariffs::RULES,
    reference::RULES,
    imports::RULES,
    clock::RULES,
    binds::RULES,
    existing_clients::RULES,
    token_clients::RULES,
    saas_clients::RULES,
];

/// The rules of all routes.
pub fn rules() -> impl Iterator<Item = &'static Rule> {
    AREAS.iter().copied().flatten()
}

/// The rule of a route.
pub fn rule_of(method: &Method, path: &str) -> Option<&'static Rule> {
    rules().find(|rule| rule.method == method.as_str() && rule.path == path)
}

/// True if a role may give an API key this scope, that is if there is anything that the role itself may do
/// with it.
pub fn may_grant(role: Role, scope: Scope) -> bool {
    rules().any(|rule| match rule.who {
        Who::Roles(roles, needed) => needed == scope && roles.contains(&role),
        Who::Anybody | Who::Users | Who::RolesOnly(_) => false,
    })
}
