//! An account as the API shows it, and a record as a change makes it.

use std::collections::HashMap;

use serde_json::Value;
use tollgate_api::accounts::{
    Account, AccountPatch, AccountStatus, RateLimit, SenderPolicy, Senders, Source,
};
use tollgate_api::answer::Answer;
use tollgate_api::choice::Word;
use tollgate_api::money::{CurrencyCode, Money};
use tollgate_api::time::Time;
use tollgate_engine::account::{self, AccountNumber};
use tollgate_engine::time::UnixMicros;
use tollgate_storage::store::Store;

use super::record::AccountRecord;
use crate::account_rates::rate_of;
use crate::documents::Document;
use crate::problems::unavailable;
use crate::pumping_settings::shown_settings;
use crate::resale::caps::shown_cap;
use tollgate_relay::snapshot::ActiveAccount;

/// The instant at which each account was first provisioned.
pub type CreatedAt = HashMap<AccountNumber, UnixMicros>;

/// Reads when each account was first provisioned.
pub fn created_at(store: &Store) -> Answer<CreatedAt> {
    let accounts = store.provisioned().accounts().map_err(|error| unavailable(&error))?;
    Ok(accounts.into_iter().map(|(number, row)| (number, row.created_at)).collect())
}

/// An account in force; `document` is its record where it is one of the API.
pub fn account(
    account: &ActiveAccount,
    document: Option<&Document<AccountRecord>>,
    created: &CreatedAt,
) -> Account {
    let provisioned = &account.provisioned;
    let charged = &provisioned.account;
    let record = document.map(|document| &document.value);
    let number = account.runtime.wallet.number();
    let created_at = created.get(&number).copied().unwrap_or_default();
    let (senders, listed) = senders_of(&charged.senders);
    Account {
        id: charged.id.to_string(),
        name: record.map_or_else(|| charged.id.to_string(), |record| record.name.clone()),
        parent: charged.reselling.parent.as_ref().map(ToString::to_string),
        source: if record.is_some() { Source::Api } else { Source::File },
        status: if charged.suspended { AccountStatus::Suspended } else { AccountStatus::Active },
        is_reseller: provisioned.resale.is_reseller,
        chain: charged.reselling.chain,
        // Shown to those above the parent alone, who are asked for elsewhere.
        earning: None,
        price_list: provisioned.resale.price_list.as_ref().map(ToString::to_string),
        below_cost: Word(provisioned.resale.below_cost),
        caps: charged.caps.iter().map(shown_cap).collect(),
        email: provisioned.contact.email.clone(),
        system_id: provisioned.system_id.to_string(),
        plan: charged.plan.to_string(),
        currency: CurrencyCode(charged.currency),
        credit_limit: Money(charged.credit_limit),
        low_balance_threshold: charged.low_balance_threshold.map(Money),
        default_calling_code: charged.default_calling_code.as_ref().map(ToString::to_string),
        number_lengths: Word(charged.number_lengths),
        senders: Senders { policy: senders, listed },
        templates: Word(charged.texts),
        rate_limit: charged
            .rate_limit
            .map(|limit| RateLimit { per_second: limit.per_second, burst: Some(limit.burst) }),
        max_binds: provisioned.max_binds,
        window: provisioned.window,
        allowed_ips: provisioned.allowed_ips.iter().map(ToString::to_string).collect(),
        idempotency_by_user_message_reference_seconds: provisioned
            .idempotency_by_user_message_reference
            .map(|window| u32::try_from(window.as_secs()).unwrap_or(u32::MAX)),
        reply_tlvs: provisioned.reply_tlvs,
        smpp33_receipt_ids: Word(provisioned.smpp33_receipt_ids),
        trusts_network_tlv: charged.trusts_network_tlv,
        default_coding: Word(charged.default_coding),
        delivery: Word(charged.delivery),
        rates: charged.rates.iter().map(rate_of).collect(),
        alert_webhook_url: provisioned.contact.webhook_url.clone(),
        overage_segments: record.and_then(|record| record.overage_segments),
        traffic_pumping: shown_settings(&account.pumping),
        created_at: Time(document.map_or(created_at, |document| document.created_at)),
        updated_at: Time(document.map_or(created_at, |document| document.updated_at)),
        warnings: Vec::new(),
    }
}

fn senders_of(policy: &account::SenderPolicy) -> (SenderPolicy, Vec<String>) {
    match policy {
        account::SenderPolicy::Any => (SenderPolicy::Any, Vec::new()),
        account::SenderPolicy::Approved => (SenderPolicy::Approved, Vec::new()),
        account::SenderPolicy::Listed(list) => {
            let list = list.iter().map(|sender| String::from_utf8_lossy(sender).into_owned());
            (SenderPolicy::Listed, list.collect())
        }
    }
}

/// A record as the audit log may show it: without its password hash.
pub fn audited(record: &AccountRecord) -> Value {
    let mut value = serde_json::to_value(record).unwrap_or_default();
    if let Some(object) = value.as_object_mut() {
        object.remove("password_hash");
    }
    value
}

/// Changes what the patch names.
pub fn apply(record: &mut AccountRecord, patch: AccountPatch) {
    fn set<T>(field: &mut T, value: Option<T>) {
        if let Some(value) = value {
            *field = value;
        }
    }
    set(&mut record.name, patch.name);
    set(&mut record.is_reseller, patch.is_reseller);
    set(&mut record.parent, patch.parent.map(Some));
    set(&mut record.chain, patch.chain);
    set(&mut record.earning, patch.earning);
    set(&mut record.price_list, patch.price_list);
    set(&mut record.below_cost, patch.below_cost);
    set(&mut record.caps, patch.caps);
    set(&mut record.email, patch.email);
    set(&mut record.system_id, patch.system_id);
    set(&mut record.plan, patch.plan);
    set(&mut record.credit_limit, patch.credit_limit);
    set(&mut record.low_balance_threshold, patch.low_balance_threshold);
    set(&mut record.default_calling_code, patch.default_calling_code);
    set(&mut record.number_lengths, patch.number_lengths);
    set(&mut record.senders, patch.senders);
    set(&mut record.templates, patch.templates);
    set(&mut record.rate_limit, patch.rate_limit);
    set(&mut record.max_binds, patch.max_binds);
    set(&mut record.window, patch.window);
    set(&mut record.allowed_ips, patch.allowed_ips);
    set(
        &mut record.idempotency_by_user_message_reference_seconds,
        patch.idempotency_by_user_message_reference_seconds,
    );
    set(&mut record.reply_tlvs, patch.reply_tlvs);
    set(&mut record.smpp33_receipt_ids, patch.smpp33_receipt_ids);
    set(&mut record.trusts_network_tlv, patch.trusts_network_tlv);
    set(&mut record.default_coding, patch.default_coding);
    set(&mut record.delivery, patch.delivery);
    set(&mut record.rates, patch.rates);
    set(&mut record.alert_webhook_url, patch.alert_webhook_url);
    set(&mut record.overage_segments, patch.overage_segments);
    set(&mut record.traffic_pumping, patch.traffic_pumping);
}
