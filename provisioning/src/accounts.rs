//! Accounts as provisioned: how they are charged, and how they bind.
//!
//! These are values only. `accounts_reader.rs` reads them, and the management API makes them from its
//! records.

use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use tollgate_engine::account::Account;
use tollgate_engine::money::Amount;
use tollgate_engine::pumping::PumpingOverrides;

use crate::passwords::PasswordHash;
use crate::receipt_ids::Smpp33ReceiptIds;
use crate::resale::Resale;
use crate::settings::TlvTags;

/// An account and the data for its binds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvisionedAccount {
    /// The account for the engine's charging.
    pub account: Account,
    /// The name it binds with, at most 15 octets.
    pub system_id: Arc<str>,
    /// The hash that its password is verified against.
    pub password_hash: PasswordHash,
    /// Posted once, when the account is first seen; a later change has no effect.
    pub opening_balance: Amount,
    /// Simultaneous binds of the account.
    pub max_binds: u32,
    /// Unanswered requests of one bind; `None` for the number that `[smpp]` sets.
    pub window: Option<u32>,
    /// Addresses that it may bind from; empty for any.
    pub allowed_ips: Vec<IpNet>,
    /// Time for which `user_message_reference` with source and destination is the idempotency key; `None` for
    /// never.
    pub idempotency_by_user_message_reference: Option<Duration>,
    /// True if every response carries the reply TLVs, even if they were not asked for.
    pub reply_tlvs: bool,
    /// The form in which receipts name the messages of binds of SMPP 3.3.
    pub smpp33_receipt_ids: Smpp33ReceiptIds,
    /// Tags of the TLVs that carry Tollgate's own fields.
    pub tlv: TlvTags,
    /// The addresses to which its alerts go.
    pub contact: Contact,
    /// The part about selling to accounts below it, and about the price list that it buys by.
    pub resale: Resale,
    /// The search for traffic pumping, as far as it differs from that of its plan and of all accounts.
    pub pumping: PumpingOverrides,
}

/// The addresses to which alerts go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contact {
    /// The address for e-mails.
    pub email: Option<String>,
    /// The URL that alerts are posted to.
    pub webhook_url: Option<String>,
}

/// Refuses an opening balance that is further below zero than the credit limit allows. The error is in words that follow
/// the key.
pub fn check_opening_balance(balance: Amount, credit_limit: Amount) -> Result<(), String> {
    if credit_limit.checked_neg().is_some_and(|lowest| balance < lowest) {
        return Err(format!("is below zero by more than credit_limit, {credit_limit}"));
    }
    Ok(())
}
