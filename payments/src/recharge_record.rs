//! Auto-recharge of an account as the books keep it.

use serde::{Deserialize, Serialize};
use tollgate_api::money::{CurrencyCode, Money};
use tollgate_api::recharges::{AutoRecharge, RechargeStop};
use tollgate_api::time::Time;
use tollgate_billing::payment::recharge::RechargeTerms;

/// The terms that an account has set, and what came of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RechargeRecord {
    /// True while the wallet fills itself.
    pub is_enabled: bool,
    /// The balance below which it is charged.
    pub threshold: Money,
    /// The least amount of a charge.
    pub amount: Money,
    /// The most that is charged in a calendar month.
    #[serde(default)]
    pub monthly_limit: Option<Money>,
    /// Our id of the saved method.
    pub payment_method: String,
    /// The user or key that has set it, in whose name charges are made.
    pub set_by: String,
    /// True from the moment at which it is set until its first charge is paid: somebody has asked for it just now.
    #[serde(default = "yes")]
    pub is_asked: bool,
    /// The time of the last charge that was paid. There is no other before something was used since.
    #[serde(default)]
    pub used_from: Time,
    /// The charge that has not come to its end.
    #[serde(default)]
    pub current: Option<String>,
    /// The last charge.
    #[serde(default)]
    pub last_payment: Option<String>,
    /// The month that is counted, and the sum of its charges that succeeded or may yet.
    #[serde(default)]
    pub month: String,
    /// The amount charged in that month.
    #[serde(default)]
    pub charged: Money,
    /// Declines since the last success.
    #[serde(default)]
    pub declines: u32,
    /// The time of the last decline.
    #[serde(default)]
    pub declined_at: Time,
    /// The reason for which it was switched off.
    #[serde(default)]
    pub stopped_by: Option<RechargeStop>,
    /// The time before which it is not tried again.
    #[serde(default)]
    pub next_try_at: Option<Time>,
}

impl RechargeRecord {
    /// The terms as the rules have them.
    pub fn terms(&self) -> RechargeTerms {
        RechargeTerms {
            threshold: self.threshold.0,
            amount: self.amount.0,
            monthly_limit: self.monthly_limit.map(|limit| limit.0),
        }
    }

    /// The same, switched off by itself.
    #[must_use]
    pub fn switched_off(self) -> Self {
        Self { is_enabled: false, stopped_by: Some(RechargeStop::SwitchedOff), next_try_at: None, ..self }
    }

    /// The sum of a month's charges.
    pub fn charged_in(&self, month: &str) -> Money {
        if self.month == month { self.charged } else { Money::default() }
    }

    /// As it is shown.
    pub fn view(&self, account: &str, currency: CurrencyCode, month: &str) -> AutoRecharge {
        AutoRecharge {
            account: account.to_owned(),
            enabled: self.is_enabled,
            threshold: Some(self.threshold),
            amount: Some(self.amount),
            monthly_limit: self.monthly_limit,
            payment_method: Some(self.payment_method.clone()),
            currency,
            charged_this_month: self.charged_in(month),
            declines: self.declines,
            stopped_by: self.stopped_by,
            next_try_at: self.next_try_at,
            last_payment: self.last_payment.clone(),
        }
    }
}

/// Auto-recharge that was never set, as it is shown.
pub fn never_set(account: &str, currency: CurrencyCode) -> AutoRecharge {
    AutoRecharge {
        account: account.to_owned(),
        enabled: false,
        threshold: None,
        amount: None,
        monthly_limit: None,
        payment_method: None,
        currency,
        charged_this_month: Money::default(),
        declines: 0,
        stopped_by: None,
        next_try_at: None,
        last_payment: None,
    }
}

/// The word of who has set what an earlier version wrote.
const fn yes() -> bool {
    true
}
