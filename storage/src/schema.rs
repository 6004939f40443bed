//! Column families and keys. Keys are big-endian, so that RocksDB's order is the order of account and time.
//!
//! | column family | key | value |
//! | --- | --- | --- |
//! | `meta` | name | schema version, last short id, runs of ids, countries of numbers, places of accounts in chains and the like |
//! | `accounts` | account | id, currency, when it was first seen |
//! | `wallets` | account | balance and the last two months' segments |
//! | `ledger` | account, entry id | top-up, refund or adjustment |
//! | `batches` | first message id | which accounts' CDRs the commit holds |
//! | `cdrs` | account, first message id | a block of CDRs |
//! | `states` | account, message id | the state of a message after its submit |
//! | `volumes` | account, month | segments charged |
//! | `dispatches` | account, dispatch id | counters |
//! | `keys` | account, idempotency key | message id, fingerprint, expiry |
//! | `short_ids` | account, 32-bit id | message id, for SMPP 3.3 binds |
//! | `tariffs` | tariff number | content hash, and the names and digests of the tariff files |
//! | `tariff_files` | SHA-256 | the content of a file that some version of the tariff was read from |
//! | `operators` | operator | code, when it was first seen |
//! | `queue` | first-choice operator, class u8, message id | a message to be sent |
//! | `scheduled` | due micros, message id | first-choice operator, class, then the message |
//! | `expiries` | expiry micros, message id | first-choice operator, class, and when it was scheduled for |
//! | `leases` | lease id | operator, when, and the keys of the messages that it may have been sent |
//! | `upstream` | operator, place: the operator's id of a message | the acceptance, and what settles the message later |
//! | `awaiting` | acceptance micros, operator, place | nothing: the messages whose receipt is awaited |
//! | `receipts` | account, id | a receipt for the account's gateways |
//! | `unmatched` | operator, id | a receipt that belongs to no message we know of |
//! | `health` | operator, micros | how the operator was |
//! | `documents` | collection u8, the document's key | revision, times, and a body that storage does not read |
//! | `audit` | sequence | who changed what, chained by hash |
//! | `requests` | scope and idempotency key of a request over HTTP | expiry, fingerprint, and what was answered |
//! | `sums` | family u8, or family u8 and place | the set hash of the rows that stand; 0xFF: the last commit (`sums.rs`) |
//! | `usage` | account, quarter u32, kind u8, code u32, country (2 octets, of networks) | counters of the messages of a quarter of an hour, by network and country or by operator, and of those of accounts below |
//! | `bundles` | account, bundle | a bundle: its product, what is left of it and by when |
//! | `caps` | account, cap u32 | money and messages of the last span that a cap has counted in |
//! | `commissions` | account | the commission balance |
//! | `resales` | account, month, child u32, network u32, country (2 octets) | what the account sold to a child; of network 0, that it did |
//! | `series` | step u8, kind u8, span u32, and whose the counters are by that kind | time series by minute, hour or day |
//! | `series_open` | account, plan, network, country and operator of a minute's messages | what they add to the time series and is not in their rows yet |
//! | `refusals` | first id | messages that were refused in about a second, and how many more were not kept; the series count them too |
//! | `message_texts` | account, message id | the text of a message, where texts are kept, and until when |
//! | `message_filters` | first message id | which numbers, senders and names the commits of a range of ids may have |
//!
//! The last three are no part of the books: no sum and no chain hash holds them, and a directory of before gets them as it goes on.
//!
//! A number in a key without a width is of 64 bits, but for accounts (32) and operators (16).
//!
//! The place of a message among those of its operator is the operator's id of it. Where an operator gives one id to
//! several messages, one of them is there, and the others are at the id, a zero octet, the last digits of their
//! destination, a zero octet and the message id; no id of an operator has a zero octet.
//!
//! **A message id says where its CDR lies.** Ids are the microsecond of the commit times one hundred, counted
//! on from there: at most 18 decimal digits, always growing, so the CDR of message `m` of an account is in
//! that account's last block that begins at or before `m`. They always grow, and clocks are set back, so that
//! an id is not a time: [`id_times`](crate::id_times) has the ids of a range of time.

use tollgate_engine::account::AccountNumber;
use tollgate_engine::bundle::BundleNumber;
use tollgate_engine::cap::CapNumber;
use tollgate_engine::country::CountryCode;
use tollgate_engine::network::NetworkCode;
use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::time::{Month, UnixMicros};

use crate::usage::{Quarter, UsageKey, UsageOf};

/// The layout that this build reads and writes.
pub const SCHEMA_VERSION: u32 = 7;

/// The layout without operators. A directory that has it is brought up to date when it is opened for writing:
/// its rows are read as they are, what is new are families and what rows hold at their end.
pub const SCHEMA_VERSION_WITHOUT_OPERATORS: u32 = 1;

/// The layout without usage counters, documents, the audit log and requests. Usage is counted from the CDRs
/// and states when such a directory is opened for writing; the others begin empty.
pub const SCHEMA_VERSION_WITHOUT_USAGE: u32 = 2;

/// The layout without running sums. They are counted from the rows when such a directory is opened for writing.
pub const SCHEMA_VERSION_WITHOUT_SUMS: u32 = 3;

/// The layout whose usage counters do not tell the countries of numbers, and without bundles, caps, commissions and resales.
/// Usage is counted again from the CDRs and states when such a directory is opened for writing; the others begin empty.
pub const SCHEMA_VERSION_WITHOUT_COUNTRIES: u32 = 4;

/// The layout whose usage counters do not tell what accounts paid for messages of accounts below them. Where there are any,
/// usage is counted again from the CDRs and states when such a directory is opened for writing.
pub const SCHEMA_VERSION_WITHOUT_USAGE_BELOW: u32 = 5;

/// The layout without time series. They are counted from the CDRs and states when such a directory is opened for writing.
pub const SCHEMA_VERSION_WITHOUT_SERIES: u32 = 6;

/// Key of the schema version in `meta`.
pub const SCHEMA_VERSION_KEY: &[u8] = b"schema_version";

/// Key of the first id whose charge is not in the usage rows yet, in `meta`.
pub const USAGE_COUNTED_KEY: &[u8] = b"usage_counted";

/// Key of a note in `meta` since when refused messages are counted in the time series by the commit that writes them down: the first
/// id, and the first day without refusals that an earlier version counted.
pub const REFUSALS_COUNTED_KEY: &[u8] = b"refusals_counted";

/// Key of the first minutes whose time series are kept, in `meta`.
pub const SERIES_KEPT_KEY: &[u8] = b"series_kept";

/// The beginning of the keys of accounts' plans in `meta`: behind it the account and the first message id that the plan holds for.
pub const ACCOUNT_PLAN_PREFIX: &[u8] = b"account_plan/";

/// The beginning of the keys of accounts' places in chains in `meta`: behind it the account.
pub const CHAIN_PLACE_PREFIX: &[u8] = b"chain_place/";

/// Key of the time of a commit in `meta`, the last of its minute.
pub const LAST_COMMIT_AT_KEY: &[u8] = b"last_commit_at";

/// The beginning of the keys of runs of ids in `meta`: behind it the first id, with the lead as value.
pub const ID_LEAD_PREFIX: &[u8] = b"id_lead/";

/// The beginning of the keys of countries of numbers in `meta`: behind it the first message id that they hold for.
pub const NUMBER_COUNTRIES_PREFIX: &[u8] = b"number_countries/";

/// Key of the spread of ids in `meta`.
pub const ID_SPREAD_KEY: &[u8] = b"id_spread";

/// Key of a note in `meta` that usage was compared with the commits, once, as earlier versions could lose count.
pub const USAGE_CHECKED_KEY: &[u8] = b"usage_checked";

/// Key of the delivery of accounts that set none, in `meta`: one octet, one for operators and zero for charging only. It is
/// written once.
pub const DEFAULT_DELIVERY_KEY: &[u8] = b"default_delivery";

/// Key of the last short id given out, in `meta`.
pub const LAST_SHORT_ID_KEY: &[u8] = b"last_short_id";

/// Key of the last row of `audit`, in `meta`: its sequence and its hash.
pub const LAST_AUDIT_KEY: &[u8] = b"last_audit";

/// The ways in which a key of usage counters says whose they are within the account.
const USAGE_OF_NETWORK: u8 = 0;
const USAGE_OF_OPERATOR: u8 = 1;
const USAGE_BELOW: u8 = 2;
/// The country in a key where the plan does not say it.
const NO_COUNTRY: [u8; 2] = [0; 2];

/// Message ids per microsecond.
pub const IDS_PER_MICROSECOND: u64 = 100;

macro_rules! column_families {
    ($($variant:ident $name:literal,)+) => {
        /// One kind of row.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Family {
            $(#[doc = concat!("`", $name, "`, as in the table of this module.")] $variant,)+
        }

        impl Family {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The column family's name in RocksDB.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }
        }
    };
}

column_families! {
    Meta "meta",
    Accounts "accounts",
    Wallets "wallets",
    Ledger "ledger",
    Batches "batches",
    Cdrs "cdrs",
    States "states",
    Volumes "volumes",
    Dispatches "dispatches",
    Keys "keys",
    ShortIds "short_ids",
    Tariffs "tariffs",
    Operators "operators",
    Queue "queue",
    Scheduled "scheduled",
    Expiries "expiries",
    Leases "leases",
    Upstream "upstream",
    Awaiting "awaiting",
    Receipts "receipts",
    Unmatched "unmatched",
    Health "health",
    Documents "documents",
    Audit "audit",
    Requests "requests",
    Usage "usage",
    Sums "sums",
    TariffFiles "tariff_files",
    Bundles "bundles",
    Caps "caps",
    Commissions "commissions",
    Resales "resales",
    Series "series",
    SeriesOpen "series_open",
    Refusals "refusals",
    MessageFilters "message_filters",
    MessageTexts "message_texts",
}

/// A kind of document: what it is about is its owner's business.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Collection(pub u8);

/// Key of a document.
pub fn document_key(collection: Collection, key: &[u8]) -> Vec<u8> {
    [&[collection.0], key].concat()
}

/// The first message id that a commit at `now` may use.
pub fn first_id_at(now: UnixMicros) -> u64 {
    now.0.saturating_mul(IDS_PER_MICROSECOND)
}

/// The time that an id goes by: that of its commit, ahead by the lead of its run.
pub fn issued_at(message_id: u64) -> UnixMicros {
    UnixMicros(message_id / IDS_PER_MICROSECOND)
}

/// Key of a run of ids in `meta`.
pub fn id_lead_key(first: u64) -> Vec<u8> {
    [ID_LEAD_PREFIX, &first.to_be_bytes()].concat()
}

/// Key of countries of numbers in `meta`.
pub fn number_countries_key(first: u64) -> Vec<u8> {
    [NUMBER_COUNTRIES_PREFIX, &first.to_be_bytes()].concat()
}

/// Key of an account's plan in `meta`, from a message id on.
pub fn account_plan_key(account: AccountNumber, first: u64) -> Vec<u8> {
    [ACCOUNT_PLAN_PREFIX, &account_id_key(account, first)].concat()
}

/// Key of an account's place in a chain in `meta`.
pub fn chain_place_key(account: AccountNumber) -> Vec<u8> {
    [CHAIN_PLACE_PREFIX, &account_key(account)].concat()
}

/// Key of rows that there is one of per account.
pub fn account_key(account: AccountNumber) -> [u8; 4] {
    account.0.to_be_bytes()
}

/// Key of rows by account and message or entry id.
pub fn account_id_key(account: AccountNumber, id: u64) -> [u8; 12] {
    let mut key = [0; 12];
    key[..4].copy_from_slice(&account.0.to_be_bytes());
    key[4..].copy_from_slice(&id.to_be_bytes());
    key
}

/// The account and id of such a key.
pub fn parse_account_id_key(key: &[u8]) -> Option<(AccountNumber, u64)> {
    let (account, id) = key.split_at_checked(4)?;
    Some((
        AccountNumber(u32::from_be_bytes(account.try_into().ok()?)),
        u64::from_be_bytes(id.try_into().ok()?),
    ))
}

/// Key of an account's segments in a month.
pub fn volume_key(account: AccountNumber, month: Month) -> [u8; 8] {
    let mut key = [0; 8];
    key[..4].copy_from_slice(&account.0.to_be_bytes());
    key[4..].copy_from_slice(&month.0.to_be_bytes());
    key
}

/// Key of rows by account and a name of the customer's: a dispatch id, an idempotency key.
pub fn account_name_key(account: AccountNumber, name: &[u8]) -> Vec<u8> {
    let mut key = Vec::with_capacity(4 + name.len());
    key.extend_from_slice(&account.0.to_be_bytes());
    key.extend_from_slice(name);
    key
}

/// Key of a message by the 32-bit id that its SMPP 3.3 bind was given.
pub fn short_id_key(account: AccountNumber, short_id: u32) -> [u8; 8] {
    let mut key = [0; 8];
    key[..4].copy_from_slice(&account.0.to_be_bytes());
    key[4..].copy_from_slice(&short_id.to_be_bytes());
    key
}

/// Key of rows that there is one of per operator.
pub fn operator_key(operator: OperatorNumber) -> [u8; 2] {
    operator.0.to_be_bytes()
}

/// Key of a receipt that belongs to no message we know of.
pub fn unmatched_key(operator: OperatorNumber, id: u64) -> [u8; 10] {
    operator_number_key(operator, id)
}

/// Key of a health sample.
pub fn health_key(operator: OperatorNumber, at: UnixMicros) -> [u8; 10] {
    operator_number_key(operator, at.0)
}

fn operator_number_key(operator: OperatorNumber, number: u64) -> [u8; 10] {
    let mut key = [0; 10];
    key[..2].copy_from_slice(&operator.0.to_be_bytes());
    key[2..].copy_from_slice(&number.to_be_bytes());
    key
}

/// The operator of an unmatched receipt or of a health sample, and its id or instant.
pub fn parse_operator_number_key(key: &[u8]) -> Option<(OperatorNumber, u64)> {
    let (operator, number) = split_operator(key)?;
    Some((operator, u64::from_be_bytes(number.try_into().ok()?)))
}

/// Key of a lease.
pub fn lease_key(lease: u64) -> [u8; 8] {
    lease.to_be_bytes()
}

/// Key of a message by its place among those of an operator: mostly the id that the operator gave it, in
/// canonical form.
pub fn upstream_key(operator: OperatorNumber, place: &[u8]) -> Vec<u8> {
    [&operator.0.to_be_bytes(), place].concat()
}

/// Digits at the end of two numbers that have to agree for them to be one number, however they are written.
pub const NUMBER_TAIL_DIGITS: usize = 7;

/// The last digits of a number.
pub fn number_tail(number: &[u8]) -> Vec<u8> {
    let digits: Vec<u8> = number.iter().copied().filter(u8::is_ascii_digit).collect();
    digits.get(digits.len().saturating_sub(NUMBER_TAIL_DIGITS)..).unwrap_or_default().to_vec()
}

/// The beginning of the places of messages to numbers that end so, under an id that they share with another.
pub fn shared_places(id: &[u8], tail: &[u8]) -> Vec<u8> {
    [id, &[0], tail, &[0]].concat()
}

/// The place of a message under an id that it shares with another.
pub fn shared_place(id: &[u8], destination: &[u8], message_id: u64) -> Vec<u8> {
    let mut place = shared_places(id, &number_tail(destination));
    place.extend_from_slice(&message_id.to_be_bytes());
    place
}

/// The operator's id in a place.
pub fn id_of_place(place: &[u8]) -> &[u8] {
    place.split(|octet| *octet == 0).next().unwrap_or_default()
}

/// The operator and place of such a key.
pub fn parse_upstream_key(key: &[u8]) -> Option<(OperatorNumber, &[u8])> {
    split_operator(key)
}

/// Key of a message whose receipt is awaited, by when an operator accepted it.
pub fn awaiting_key(accepted_at: UnixMicros, operator: OperatorNumber, place: &[u8]) -> Vec<u8> {
    [&accepted_at.0.to_be_bytes()[..], &operator.0.to_be_bytes(), place].concat()
}

/// The instant, operator and place of such a key.
pub fn parse_awaiting_key(key: &[u8]) -> Option<(UnixMicros, OperatorNumber, &[u8])> {
    let (accepted_at, rest) = key.split_first_chunk()?;
    let (operator, id) = split_operator(rest)?;
    Some((UnixMicros(u64::from_be_bytes(*accepted_at)), operator, id))
}

/// Key of rows by an instant and a message id: scheduled messages, and those that expire.
pub fn instant_id_key(at: UnixMicros, message_id: u64) -> [u8; 16] {
    let mut key = [0; 16];
    key[..8].copy_from_slice(&at.0.to_be_bytes());
    key[8..].copy_from_slice(&message_id.to_be_bytes());
    key
}

/// The instant and message id of such a key.
pub fn parse_instant_id_key(key: &[u8]) -> Option<(UnixMicros, u64)> {
    let (at, id) = key.split_first_chunk()?;
    Some((UnixMicros(u64::from_be_bytes(*at)), u64::from_be_bytes(id.try_into().ok()?)))
}

/// Key of usage counters.
pub fn usage_key(key: &UsageKey) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(15);
    bytes.extend_from_slice(&usage_quarter_key(key.account, key.quarter));
    match key.of {
        UsageOf::Network(network, country) | UsageOf::Below(network, country) => {
            let is_below = matches!(key.of, UsageOf::Below(..));
            bytes.push(if is_below { USAGE_BELOW } else { USAGE_OF_NETWORK });
            bytes.extend_from_slice(&network.to_bits().to_be_bytes());
            bytes.extend_from_slice(&country.map_or(NO_COUNTRY, CountryCode::to_bytes));
        }
        UsageOf::Operator(operator) => {
            bytes.push(USAGE_OF_OPERATOR);
            bytes.extend_from_slice(&u32::from(operator.0).to_be_bytes());
        }
    }
    bytes
}

/// The beginning of the keys of an account's usage in a quarter of an hour.
pub fn usage_quarter_key(account: AccountNumber, quarter: Quarter) -> [u8; 8] {
    let mut bytes = [0; 8];
    bytes[..4].copy_from_slice(&account.0.to_be_bytes());
    bytes[4..].copy_from_slice(&quarter.0.to_be_bytes());
    bytes
}

/// The messages that the counters under such a key count.
pub fn parse_usage_key(key: &[u8]) -> Option<UsageKey> {
    let (account, rest) = key.split_first_chunk()?;
    let (quarter, rest) = rest.split_first_chunk()?;
    let (kind, rest) = rest.split_first()?;
    let (code, rest) = rest.split_first_chunk()?;
    let code = u32::from_be_bytes(*code);
    let of = match (*kind, rest) {
        (USAGE_OF_NETWORK | USAGE_BELOW, [first, second]) => {
            let country = [*first, *second];
            let country = if country == NO_COUNTRY { None } else { Some(CountryCode::from_bytes(country)?) };
            let network = NetworkCode::from_bits(code)?;
            if *kind == USAGE_BELOW {
                UsageOf::Below(network, country)
            } else {
                UsageOf::Network(network, country)
            }
        }
        (USAGE_OF_OPERATOR, []) => UsageOf::Operator(OperatorNumber(u16::try_from(code).ok()?)),
        _ => return None,
    };
    Some(UsageKey {
        account: AccountNumber(u32::from_be_bytes(*account)),
        quarter: Quarter(u32::from_be_bytes(*quarter)),
        of,
    })
}

/// Key of a bundle.
pub fn bundle_key(account: AccountNumber, bundle: BundleNumber) -> [u8; 12] {
    account_id_key(account, bundle.0)
}

/// The account and number of such a key.
pub fn parse_bundle_key(key: &[u8]) -> Option<(AccountNumber, BundleNumber)> {
    parse_account_id_key(key).map(|(account, bundle)| (account, BundleNumber(bundle)))
}

/// Key of the counter of a cap.
pub fn cap_key(account: AccountNumber, cap: CapNumber) -> [u8; 8] {
    let mut key = [0; 8];
    key[..4].copy_from_slice(&account.0.to_be_bytes());
    key[4..].copy_from_slice(&cap.0.to_be_bytes());
    key
}

/// The account and number of such a key.
pub fn parse_cap_key(key: &[u8]) -> Option<(AccountNumber, CapNumber)> {
    let (account, cap) = key.split_first_chunk()?;
    let cap = u32::from_be_bytes(cap.try_into().ok()?);
    Some((AccountNumber(u32::from_be_bytes(*account)), CapNumber(cap)))
}

fn split_operator(key: &[u8]) -> Option<(OperatorNumber, &[u8])> {
    let (operator, rest) = key.split_first_chunk()?;
    Some((OperatorNumber(u16::from_be_bytes(*operator)), rest))
}
