//! Accounts as provisioned: how they are charged, and how they bind.
//!
//! These are values only. `accounts_reader.rs` reads them, and the management API makes them from its records.

use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use tollgate_engine::account::Account;
use tollgate_engine::money::Amount;

use crate::passwords::PasswordHash;
use crate::settings::TlvTags;

/// An account, with what it takes to bind for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvisionedAccount {
    /// As the engine charges it.
    pub account: Account,
    /// The name it binds with, at most 15 octets.
    pub system_id: Arc<str>,
    /// What its password is verified against.
    pub password_hash: PasswordHash,
    /// Posted once, when the account is first seen; a later change has no effect.
    pub opening_balance: Amount,
    /// Binds at once.
    pub max_binds: u32,
    /// Requests that one bind may have unanswered; `None` for the server's number.
    pub window: Option<u32>,
    /// Where it may bind from; empty for anywhere.
    pub allowed_ips: Vec<IpNet>,
    /// How long `user_message_reference` with source and destination serves as the idempotency key; `None` for never.
    pub idempotency_by_user_message_reference: Option<Duration>,
    /// Whether every response carries the reply TLVs, asked for or not.
    pub reply_tlvs: bool,
    /// Tags of the TLVs that carry Tollgate's own fields.
    pub tlv: TlvTags,
}
