//! Conditions of wallets: low balance, credit nearly used, overage. They are looked at in memory, never per message.
//!
//! Each has a distance between where it begins and where it is over, so that a balance which swings about its threshold
//! raises one alert and not one after another.

use std::cmp::Ordering;

use tollgate_api::alerts::{AlertKind, AlertSeverity};
use tollgate_api::money::CurrencyCode;
use tollgate_api::time::Time;
use tollgate_engine::money::{Amount, Total};
use tollgate_engine::time::UnixMicros;

use super::record::AlertRecord;
use tollgate_relay::snapshot::ActiveAccount;

/// A low balance is over once it is above its threshold by this part of it.
const BALANCE_DISTANCE_PART: i128 = 20;
/// Nearly used credit is over once so many percent less of it are used.
const CREDIT_DISTANCE_PERCENT: u32 = 5;

/// The facts that the conditions of one wallet depend on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WalletFacts {
    /// Now, in memory.
    pub balance: Total,
    /// Below this it is low.
    pub threshold: Option<Amount>,
    /// Amount by which the balance may go below zero.
    pub credit_limit: Amount,
    /// Share of the limit from which its use is warned of, in percent.
    pub warning_percent: u32,
    /// Segments of the calendar month.
    pub segments: u64,
    /// Segments that are expected at most.
    pub expected_segments: Option<u64>,
}

/// State of a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConditionState {
    /// The condition holds.
    Holds,
    /// It does not begin, and where it holds it is not over.
    Between,
    /// It does not hold.
    Over,
}

/// The conditions that wallets have.
pub const WALLET_KINDS: [AlertKind; 3] =
    [AlertKind::LowBalance, AlertKind::CreditNearlyUsed, AlertKind::Overage];

impl WalletFacts {
    /// Of an account now. `expected_segments` is what it said of its months.
    pub fn of(
        account: &ActiveAccount,
        expected_segments: Option<u64>,
        warning_percent: u32,
        now: UnixMicros,
    ) -> Self {
        let state = account.runtime.wallet.state();
        let charged = &account.provisioned.account;
        // Looking for the month costs more than everything else here.
        let segments = match expected_segments {
            Some(_) => state.counted(account.terms.plan.months.month_at(now)),
            None => 0,
        };
        Self {
            balance: state.balance,
            threshold: charged.low_balance_threshold,
            credit_limit: charged.credit_limit,
            warning_percent,
            segments,
            expected_segments,
        }
    }

    /// State of a condition of this kind. Conditions that do not belong to a wallet never hold.
    pub fn state(&self, kind: AlertKind) -> ConditionState {
        match kind {
            AlertKind::LowBalance => self.balance_state(),
            AlertKind::CreditNearlyUsed => self.credit_state(),
            AlertKind::Overage => match self.expected_segments {
                Some(expected) if self.segments > expected => ConditionState::Holds,
                _ => ConditionState::Over,
            },
            AlertKind::PaymentDue
            | AlertKind::OperatorDown
            | AlertKind::ClockInDoubt
            | AlertKind::SpendingCap
            | AlertKind::ChildrenRefused
            | AlertKind::BelowCost
            | AlertKind::AutoRecharge
            | AlertKind::PaymentDispute
            | AlertKind::PaymentContradiction
            | AlertKind::TrafficPumping
            | AlertKind::WebhookEndpoint => ConditionState::Over,
        }
    }

    fn balance_state(&self) -> ConditionState {
        let Some(threshold) = self.threshold else { return ConditionState::Over };
        let (balance, threshold) = (self.balance.micros(), i128::from(threshold.micros()));
        match (balance.cmp(&threshold), balance >= threshold + threshold.abs() / BALANCE_DISTANCE_PART) {
            (Ordering::Less, _) => ConditionState::Holds,
            (_, true) => ConditionState::Over,
            (_, false) => ConditionState::Between,
        }
    }

    fn credit_state(&self) -> ConditionState {
        let used = -self.balance.micros();
        let limit = i128::from(self.credit_limit.micros());
        if limit <= 0 || used <= 0 {
            return ConditionState::Over;
        }
        let over_below = self.warning_percent.saturating_sub(CREDIT_DISTANCE_PERCENT).max(1);
        if used * 100 >= limit * i128::from(self.warning_percent) {
            ConditionState::Holds
        } else if used * 100 >= limit * i128::from(over_below) {
            ConditionState::Between
        } else {
            ConditionState::Over
        }
    }

    /// The alert of a condition that holds.
    pub fn alert(&self, kind: AlertKind, account: &ActiveAccount, now: UnixMicros) -> AlertRecord {
        let charged = &account.provisioned.account;
        let currency = charged.currency;
        let (severity, message, threshold, current_value) = match kind {
            AlertKind::Overage => {
                let expected = self.expected_segments.unwrap_or_default();
                let message = format!("{} segments this month are more than {expected}", self.segments);
                (AlertSeverity::Info, message, expected.to_string(), self.segments.to_string())
            }
            AlertKind::CreditNearlyUsed => {
                let limit = self.credit_limit;
                let used = Total::ZERO.minus(self.balance);
                let percent = self.warning_percent;
                let message = format!("{used} {currency} of the credit limit of {limit} {currency} are used");
                let threshold = i128::from(limit.micros()) * i128::from(percent) / 100;
                let threshold = Total::from_micros(threshold);
                (AlertSeverity::Warning, message, threshold.to_string(), used.to_string())
            }
            AlertKind::LowBalance
            | AlertKind::PaymentDue
            | AlertKind::OperatorDown
            | AlertKind::ClockInDoubt
            | AlertKind::SpendingCap
            | AlertKind::ChildrenRefused
            | AlertKind::BelowCost
            | AlertKind::AutoRecharge
            | AlertKind::PaymentDispute
            | AlertKind::PaymentContradiction
            | AlertKind::TrafficPumping
            | AlertKind::WebhookEndpoint => {
                let (balance, threshold) = (self.balance, self.threshold.unwrap_or_default());
                let message = format!("The balance of {balance} {currency} is below {threshold} {currency}");
                let is_gone = balance <= Total::ZERO && self.credit_limit == Amount::ZERO;
                let severity = if is_gone { AlertSeverity::Critical } else { AlertSeverity::Warning };
                (severity, message, threshold.to_string(), balance.to_string())
            }
        };
        AlertRecord {
            account: Some(charged.id.to_string()),
            kind,
            severity,
            message,
            subject: None,
            threshold: Some(threshold),
            current_value: Some(current_value),
            currency: (kind != AlertKind::Overage).then_some(CurrencyCode(currency)),
            raised_at: Time(now),
            cleared_at: None,
            is_read: false,
            ledger_to: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(balance: &str) -> WalletFacts {
        WalletFacts {
            balance: balance.parse::<Amount>().unwrap().into(),
            threshold: Some("50".parse().unwrap()),
            credit_limit: "100".parse().unwrap(),
            warning_percent: 90,
            segments: 0,
            expected_segments: None,
        }
    }

    #[test]
    fn a_low_balance_is_over_a_twentieth_above_its_threshold() {
        for (balance, standing) in [
            ("49.999999", ConditionState::Holds),
            ("50", ConditionState::Between),
            ("52.499999", ConditionState::Between),
            ("52.5", ConditionState::Over),
            ("-100", ConditionState::Holds),
        ] {
            assert_eq!(facts(balance).state(AlertKind::LowBalance), standing, "{balance}");
        }
        let without = WalletFacts { threshold: None, ..facts("-1") };
        assert_eq!(without.state(AlertKind::LowBalance), ConditionState::Over);
        // Of a postpaid account that is warned below zero.
        let below = |balance| WalletFacts { threshold: Some("-20".parse().unwrap()), ..facts(balance) };
        assert_eq!(below("-20.000001").state(AlertKind::LowBalance), ConditionState::Holds);
        assert_eq!(below("-19.5").state(AlertKind::LowBalance), ConditionState::Between);
        assert_eq!(below("-19").state(AlertKind::LowBalance), ConditionState::Over);
    }

    #[test]
    fn credit_is_nearly_used_from_its_share_on() {
        for (balance, standing) in [
            ("0", ConditionState::Over),
            ("-84.999999", ConditionState::Over),
            ("-85", ConditionState::Between),
            ("-89.999999", ConditionState::Between),
            ("-90", ConditionState::Holds),
            ("-100", ConditionState::Holds),
        ] {
            assert_eq!(facts(balance).state(AlertKind::CreditNearlyUsed), standing, "{balance}");
        }
        let prepaid = WalletFacts { credit_limit: Amount::ZERO, ..facts("0") };
        assert_eq!(prepaid.state(AlertKind::CreditNearlyUsed), ConditionState::Over);
    }

    #[test]
    fn overage_is_of_the_month() {
        let of = |segments, expected_segments| WalletFacts { segments, expected_segments, ..facts("1") };
        assert_eq!(of(10, Some(10)).state(AlertKind::Overage), ConditionState::Over);
        assert_eq!(of(11, Some(10)).state(AlertKind::Overage), ConditionState::Holds);
        assert_eq!(of(11, None).state(AlertKind::Overage), ConditionState::Over);
    }
}
