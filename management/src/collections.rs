//! The collections of documents. A number is given once and means the same for ever.

use tollgate_storage::schema::Collection;

/// Accounts, by id.
pub const ACCOUNTS: Collection = Collection(1);
/// Users, by id.
pub const USERS: Collection = Collection(2);
/// Sessions of users, by the id of their refresh tokens' family.
pub const SESSIONS: Collection = Collection(3);
/// API keys, by id.
pub const API_KEYS: Collection = Collection(4);
/// Operators, by code.
pub const OPERATORS: Collection = Collection(5);
/// Sender IDs, by id.
pub const NICKNAMES: Collection = Collection(6);
/// Templates, by id.
pub const TEMPLATES: Collection = Collection(7);
/// Dispatches, by account and dispatch id.
pub const DISPATCHES: Collection = Collection(8);
/// Invoices, by number.
pub const INVOICES: Collection = Collection(9);
/// Alerts, by id.
pub const ALERTS: Collection = Collection(10);
/// Counters by name, such as the last number of an invoice.
pub const COUNTERS: Collection = Collection(11);
/// Tokens that were sent by mail, by their hash.
pub const MAIL_TOKENS: Collection = Collection(12);
/// Secrets that the daemon made for itself, by name: the key that access tokens are signed with.
pub const SECRETS: Collection = Collection(13);
/// Alerts that are still to be posted or mailed, by id.
pub const OUTBOX: Collection = Collection(14);
/// Facts of accounts, kept for the time after they were removed, by id.
pub const ACCOUNT_FACTS: Collection = Collection(16);
/// Answers to requests with an Idempotency-Key, by that key and by the end of their time.
pub const ANSWERS: Collection = Collection(17);
/// The keys that posts to webhooks are signed with, by account.
pub const WEBHOOK_SECRETS: Collection = Collection(15);
/// Price lists that were imported, by id.
pub const IMPORTS: Collection = Collection(18);
/// Profiles of price lists, by name.
pub const IMPORT_PROFILES: Collection = Collection(19);
/// Price lists of resellers, by name.
pub const PRICE_LISTS: Collection = Collection(21);
/// Bundle products, by name.
pub const BUNDLE_PRODUCTS: Collection = Collection(22);
/// Statuses that the API gave to operators of `operators.toml`, by code.
pub const OPERATOR_STATUSES: Collection = Collection(30);
/// Networks that users were in from lately, by the id of the user.
pub const KNOWN_NETWORKS: Collection = Collection(20);
/// Subscription plans, by name.
pub const SUBSCRIPTION_PLANS: Collection = Collection(50);
/// Subscriptions, by account and number.
pub const SUBSCRIPTIONS: Collection = Collection(51);
/// Periods of subscriptions, by account, subscription and number, so that each is charged once.
pub const SUBSCRIPTION_PERIODS: Collection = Collection(52);
/// Counters of what subscriptions earn, by currency, plan and month.
pub const SUBSCRIPTION_REVENUE: Collection = Collection(53);
/// Findings of traffic pumping, by id.
pub const PUMPING_FINDINGS: Collection = Collection(25);
/// Credit notes, by number, and marks of the refunds that are on one.
pub const CREDIT_NOTES: Collection = Collection(60);
/// Statements, by number, account and period.
pub const STATEMENTS: Collection = Collection(61);
/// Resellers as issuers of invoices, by the ids of their accounts.
pub const ISSUERS: Collection = Collection(62);
/// Reminders of invoices that were sent, by the invoice's number and the reminder's day.
pub const REMINDERS: Collection = Collection(63);
/// Terms of accounts' invoices, by id.
pub const TAX_TERMS: Collection = Collection(64);
/// Payments by id, and what they are found by: account, token, reference, Idempotency-Key, time of the next look.
pub const PAYMENTS: Collection = Collection(40);
/// Payments, refunds and disputes, by provider and the provider's id.
pub const PAYMENT_PROVIDER_IDS: Collection = Collection(41);
/// Refunds of payments, by payment and id.
pub const PAYMENT_REFUNDS: Collection = Collection(42);
/// Disputes of payments, by payment and id.
pub const DISPUTES: Collection = Collection(43);
/// Saved payment methods by account and id, and the ids that providers know accounts by.
pub const PAYMENT_METHODS: Collection = Collection(44);
/// Events of providers, by provider and id, and by the time at which they are to be handled.
pub const PROVIDER_EVENTS: Collection = Collection(45);
/// Webhook endpoints, by id.
pub const WEBHOOK_ENDPOINTS: Collection = Collection(70);
/// Deliveries of events, by event and endpoint, by endpoint and event, and the log of mails, by job.
pub const EVENT_DELIVERIES: Collection = Collection(71);
/// Events by id, by account, and while their deliveries are not queued; and marks of what is told once.
pub const EVENTS: Collection = Collection(72);
/// Auto-recharge, by account.
pub const RECHARGES: Collection = Collection(46);
