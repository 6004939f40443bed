//! An account of the API as the books keep it, and the account that is put in force from it.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tollgate_api::accounts::{
    AccountCap, AccountRate, BelowCost, DefaultCoding, Delivery, Earning, NumberLengths, RateLimit,
    SenderPolicy, Senders, Smpp33ReceiptIds, TextPolicy, TrafficPumping,
};
use tollgate_api::money::{CurrencyCode, Money};
use tollgate_api::problem::Problem;
use tollgate_engine::account::{self, Account};
use tollgate_engine::money::Amount;
use tollgate_engine::reselling::Reselling;
use tollgate_engine::throttle;

use tollgate_provisioning::bounds::{Bounds, account as bounds};
use tollgate_provisioning::passwords::PasswordHash;
use tollgate_provisioning::{Contact, ProvisionedAccount, Resale, Settings, texts};

use crate::account_rates::rows_of;
use crate::pumping_settings::pumping_overrides;
use crate::resale::caps::caps_of;
use crate::resale::earnings::earning_of;

/// The account's settings as they were asked for. [`provisioned`](Self::provisioned) checks them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a setting of its own, as in accounts.toml")]
pub struct AccountRecord {
    pub id: String,
    pub name: String,
    #[serde(default)]
    pub parent: Option<String>,
    #[serde(default)]
    pub is_reseller: bool,
    #[serde(default, skip_serializing_if = "is_as_before")]
    pub chain: bool,
    #[serde(default, skip_serializing_if = "is_as_before")]
    pub earning: Earning,
    #[serde(default, skip_serializing_if = "is_as_before")]
    pub price_list: Option<String>,
    #[serde(default, skip_serializing_if = "is_as_before")]
    pub below_cost: BelowCost,
    #[serde(default, skip_serializing_if = "is_as_before")]
    pub caps: Vec<AccountCap>,
    #[serde(default)]
    pub email: Option<String>,
    pub system_id: String,
    /// A PHC string. It is in no answer and in no audit note.
    pub password_hash: String,
    pub plan: String,
    pub currency: CurrencyCode,
    pub credit_limit: Money,
    #[serde(default)]
    pub suspended: bool,
    /// The account of the reseller who has suspended it; `None` where an admin has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspended_by: Option<String>,
    #[serde(default)]
    pub low_balance_threshold: Option<Money>,
    #[serde(default)]
    pub default_calling_code: Option<String>,
    #[serde(default, skip_serializing_if = "is_as_before")]
    pub number_lengths: NumberLengths,
    #[serde(default)]
    pub senders: Senders,
    #[serde(default)]
    pub templates: TextPolicy,
    #[serde(default)]
    pub rate_limit: Option<RateLimit>,
    pub max_binds: u32,
    #[serde(default)]
    pub window: Option<u32>,
    #[serde(default)]
    pub allowed_ips: Vec<String>,
    #[serde(default)]
    pub idempotency_by_user_message_reference_seconds: Option<u32>,
    #[serde(default)]
    pub reply_tlvs: bool,
    #[serde(default, skip_serializing_if = "is_as_before")]
    pub smpp33_receipt_ids: Smpp33ReceiptIds,
    #[serde(default)]
    pub trusts_network_tlv: bool,
    #[serde(default)]
    pub default_coding: DefaultCoding,
    #[serde(default)]
    pub delivery: Delivery,
    #[serde(default)]
    pub rates: Vec<AccountRate>,
    #[serde(default)]
    pub alert_webhook_url: Option<String>,
    #[serde(default)]
    pub overage_segments: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traffic_pumping: Option<TrafficPumping>,
}

/// True for the value that records have which were written before there was the setting.
fn is_as_before<T: Default + PartialEq>(setting: &T) -> bool {
    *setting == T::default()
}

impl AccountRecord {
    /// An account with every setting at its default.
    pub fn new(id: &str, plan: &str, currency: CurrencyCode, password_hash: &PasswordHash) -> Self {
        Self {
            id: id.to_owned(),
            name: id.to_owned(),
            parent: None,
            is_reseller: false,
            chain: false,
            earning: Earning::default(),
            price_list: None,
            below_cost: BelowCost::default(),
            caps: Vec::new(),
            email: None,
            system_id: id.to_owned(),
            password_hash: password_hash.as_str().to_owned(),
            plan: plan.to_owned(),
            currency,
            credit_limit: Money::default(),
            suspended: false,
            suspended_by: None,
            low_balance_threshold: None,
            default_calling_code: None,
            number_lengths: NumberLengths::default(),
            senders: Senders::default(),
            templates: TextPolicy::default(),
            rate_limit: None,
            max_binds: bounds::MAX_BINDS.default,
            window: None,
            allowed_ips: Vec::new(),
            idempotency_by_user_message_reference_seconds: None,
            reply_tlvs: false,
            smpp33_receipt_ids: Smpp33ReceiptIds::default(),
            trusts_network_tlv: false,
            default_coding: DefaultCoding::default(),
            delivery: Delivery::default(),
            rates: Vec::new(),
            alert_webhook_url: None,
            overage_segments: None,
            traffic_pumping: None,
        }
    }

    /// The settings that a price depends on. With any of them the account is part of the tariff's version.
    pub fn price_terms(&self) -> (Option<&str>, bool, DefaultCoding, &[AccountRate]) {
        (self.default_calling_code.as_deref(), self.trusts_network_tlv, self.default_coding, &self.rates)
    }

    /// The settings that are about a place in a chain, with the plan that prices there come from.
    pub fn resale_terms(&self) -> impl PartialEq + use<'_> {
        let reselling = (self.parent.as_deref(), self.chain, self.earning, self.price_list.as_deref());
        (&*self.plan, reselling, self.is_reseller, self.below_cost)
    }

    /// The field that prices of accounts right below depend on and that has changed, the first of several.
    pub fn changed_price_key(&self, before: &Self) -> Option<&'static str> {
        let keys = [
            ("price_list", self.price_list != before.price_list),
            ("rates", self.rates != before.rates),
            ("plan", self.plan != before.plan),
            ("parent", self.parent != before.parent),
            ("chain", self.chain != before.chain),
            ("earning", self.earning != before.earning),
            ("below_cost", self.below_cost != before.below_cost),
        ];
        keys.into_iter().find(|(_, has_changed)| *has_changed).map(|(key, _)| key)
    }

    /// True if something about the account is priced by its parent, or about its children by it.
    pub fn is_in_resale(&self) -> bool {
        self.chain || self.price_list.is_some() || self.earning != Earning::default()
    }

    /// True if any of them differs from its default.
    pub fn has_price_terms(&self) -> bool {
        self.price_terms() != (None, false, DefaultCoding::default(), &[])
    }

    /// The account as it is put in force; `Err` names the field that is wrong.
    pub fn provisioned(&self, settings: &Settings) -> Result<ProvisionedAccount, Problem> {
        let id = parsed("id", texts::name(&self.id))?;
        let password_hash: PasswordHash = self
            .password_hash
            .parse()
            .map_err(|_| Problem::internal(format!("the password hash of account {id} is damaged")))?;
        let account = self.charged(id)?;
        self.check_bind(settings)?;
        let allowed_ips = listed("allowed_ips", &self.allowed_ips, texts::address_block)?;
        Ok(ProvisionedAccount {
            system_id: parsed("system_id", texts::system_id(&self.system_id))?,
            password_hash,
            // Posted when the account is made, and never again.
            opening_balance: Amount::ZERO,
            max_binds: self.max_binds,
            window: self.window,
            allowed_ips,
            idempotency_by_user_message_reference: self
                .idempotency_by_user_message_reference_seconds
                .map(|seconds| Duration::from_secs(seconds.into())),
            reply_tlvs: self.reply_tlvs,
            smpp33_receipt_ids: self.smpp33_receipt_ids.0,
            tlv: settings.tlv,
            contact: Contact { email: self.email.clone(), webhook_url: self.alert_webhook_url.clone() },
            resale: Resale {
                is_reseller: self.is_reseller,
                below_cost: self.below_cost.0,
                price_list: parsed("price_list", self.price_list.as_deref().map(texts::name).transpose())?,
            },
            pumping: pumping_overrides(self.traffic_pumping.unwrap_or_default())?,
            account,
        })
    }

    fn check_bind(&self, settings: &Settings) -> Result<(), Problem> {
        within("", &bounds::MAX_BINDS.bounds, Some(self.max_binds))?;
        let storage = &settings.storage;
        within("", &bounds::WINDOW.at_most(storage.queue_messages), self.window)?;
        let most = storage.idempotency_window_hours.saturating_mul(3_600);
        let seconds = self.idempotency_by_user_message_reference_seconds;
        within("", &bounds::REFERENCE_SECONDS.at_most(most), seconds)
    }

    fn charged(&self, id: Arc<str>) -> Result<Account, Problem> {
        if self.credit_limit.0.is_negative() {
            return Err(Problem::field("credit_limit", "is below zero"));
        }
        let calling_code = self.default_calling_code.as_deref().map(texts::calling_code).transpose();
        Ok(Account {
            id,
            currency: self.currency.0,
            plan: parsed("plan", texts::name(&self.plan))?,
            credit_limit: self.credit_limit.0,
            suspended: self.suspended,
            low_balance_threshold: self.low_balance_threshold.map(|money| money.0),
            default_calling_code: parsed("default_calling_code", calling_code)?,
            number_lengths: self.number_lengths.0,
            rates: rows_of(&self.rates, "account rates", bounds::RATES)?,
            senders: self.sender_policy()?,
            texts: self.templates.0,
            // Filled in by the relay's core, which has one for all versions of the account.
            approvals: Arc::default(),
            trusts_network_tlv: self.trusts_network_tlv,
            rate_limit: self.throttle()?,
            default_coding: self.default_coding.0,
            delivery: self.delivery.0,
            statuses: Vec::new(),
            caps: caps_of(&self.caps, None)?,
            reselling: Reselling {
                parent: parsed("parent", self.parent.as_deref().map(texts::name).transpose())?,
                chain: self.chain,
                earning: earning_of(self.earning)?,
                // Filled in where the lists are known.
                price_list: None,
            },
        })
    }

    fn throttle(&self) -> Result<Option<throttle::RateLimit>, Problem> {
        let Some(RateLimit { per_second, burst }) = self.rate_limit else { return Ok(None) };
        within("rate_limit.", &bounds::PER_SECOND, Some(per_second))?;
        within("rate_limit.", &bounds::BURST, burst)?;
        let burst = burst.unwrap_or(per_second);
        Ok(Some(throttle::RateLimit { per_second, burst }))
    }

    fn sender_policy(&self) -> Result<account::SenderPolicy, Problem> {
        let list = listed("senders.listed", &self.senders.listed, texts::sender)?;
        match self.senders.policy {
            SenderPolicy::Listed if list.is_empty() => {
                Err(Problem::field("senders.listed", "is empty, so that nothing could be sent"))
            }
            SenderPolicy::Listed => Ok(account::SenderPolicy::Listed(list)),
            _ if !list.is_empty() => Err(Problem::field("senders.listed", "is only for the policy `listed`")),
            SenderPolicy::Any => Ok(account::SenderPolicy::Any),
            SenderPolicy::Approved => Ok(account::SenderPolicy::Approved),
        }
    }
}

/// Refuses a number that is out of bounds. `path` is put before the key.
fn within(path: &str, bounds: &Bounds, value: Option<u32>) -> Result<(), Problem> {
    let checked = value.map_or(Ok(()), |value| bounds.check(value));
    checked.map_err(|error| Problem::field(&format!("{path}{}", error.key), error.to_string()))
}

fn parsed<T>(field: &str, parsed: Result<T, String>) -> Result<T, Problem> {
    parsed.map_err(|message| Problem::field(field, message))
}

fn listed<T>(
    field: &str,
    texts: &[String],
    parse: impl Fn(&str) -> Result<T, String>,
) -> Result<Vec<T>, Problem> {
    if texts.len() > bounds::LISTED {
        return Err(Problem::field(field, format!("more than {}", bounds::LISTED)));
    }
    parsed(field, texts.iter().map(|text| parse(text)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_before_is_read_and_written_the_same() {
        let written = concat!(
            r#"{"id":"biz_test_003","name":"Biz","parent":"top","is_reseller":false,"email":"a@example.com","#,
            r#""system_id":"biz3","password_hash":"$argon2id$v=19$m=7168,t=4,p=1$bm9ib2R5IGtub3dzIGl0IQ$"#,
            r#"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","plan":"starter","currency":"USD","#,
            r#""credit_limit":"2.50","suspended":false,"low_balance_threshold":"1.00","#,
            r#""default_calling_code":"254","senders":{"policy":"listed","listed":["ACME"]},"#,
            r#""templates":"approved","rate_limit":{"per_second":100,"burst":200},"max_binds":4,"window":50,"#,
            r#""allowed_ips":["192.0.2.0/24"],"idempotency_by_user_message_reference_seconds":3600,"#,
            r#""reply_tlvs":true,"trusts_network_tlv":true,"default_coding":"latin1","#,
            r#""delivery":"charge_only","rates":[{"mcc":"639","mnc":"02","price":"0.012","#,
            r#""effective_from":"2026-12-01T00:00:00Z","effective_to":null}],"alert_webhook_url":null,"#,
            r#""overage_segments":1000}"#,
        );
        let record: AccountRecord = serde_json::from_str(written).unwrap();
        assert_eq!(serde_json::to_string(&record).unwrap(), written);
        let account = record.provisioned(&Settings::default()).unwrap().account;
        assert_eq!(account.texts, account::TextPolicy::Approved);
        assert_eq!(account.default_coding, account::DefaultCoding::Latin1);
        assert_eq!(account.delivery, account::DeliveryMode::ChargeOnly);
    }
}
