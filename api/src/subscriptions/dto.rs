//! The bodies and parameters of requests about subscriptions.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::list_query;
use crate::money::{CurrencyCode, Money, MoneySum};
use crate::subscription_plans::PeriodLength;
use crate::time::Time;

/// The state of a subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SubscriptionStatus {
    /// It waits for its first payment, and gives nothing yet.
    Pending,
    /// It is tried out for nothing.
    Trialing,
    /// Its period is paid for.
    Active,
    /// Its period is over, and the next one could not be paid for yet.
    PastDue,
    /// It is cancelled, and goes on until its period ends.
    Ending,
    /// It was cancelled, and is over.
    Cancelled,
    /// It is over, as it was not to be renewed or could not be paid for.
    Expired,
}

/// The time at which a change comes into effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// It comes into effect at once.
    Now,
    /// As of the end of the present period.
    PeriodEnd,
}

list_query! {
    /// The filters of a list of subscriptions.
    pub struct SubscriptionsQuery {
        /// Only those of this account.
        pub account: Option<String>,
        /// Only those in this state.
        #[param(inline)]
        pub status: Option<SubscriptionStatus>,
        /// Only those to this subscription plan.
        pub plan: Option<String>,
    }
}

list_query! {
    /// The parameters of a list of periods.
    pub struct SubscriptionPeriodsQuery {
        /// Only those of the subscription with this number.
        #[param(minimum = 1)]
        pub subscription: Option<u32>,
    }
}

/// A subscription of an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Subscription {
    /// Its id: that of the account, a hyphen and its number. Payments refer to it.
    #[schema(example = "biz_test_001-1")]
    pub id: String,
    /// The account's id.
    #[schema(example = "biz_test_001")]
    pub account: String,
    /// Its number among the subscriptions of the account, counted from one.
    #[schema(minimum = 1)]
    pub number: u32,
    /// The name of its subscription plan.
    #[schema(example = "basic")]
    pub plan: String,
    /// The number of its subscription plan.
    pub plan_number: u32,
    /// A description for people, of the plan.
    pub description: String,
    /// The length of a period.
    pub period_length: PeriodLength,
    /// The tokens that each period brings; null for none.
    pub tokens: Option<u64>,
    /// The state of it.
    pub status: SubscriptionStatus,
    /// True if its period is paid for or free, so that its units can be used.
    pub active: bool,
    /// The price of a period, as it was when it was bought.
    pub price: Money,
    /// The currency of the price.
    pub currency: CurrencyCode,
    /// False for one that ends with its first period.
    pub recurring: bool,
    /// The time zone of its days.
    pub time_zone: String,
    /// The number of the present or last period, counted on with each; the trial is number zero.
    pub period: u32,
    /// The first day of that period.
    #[schema(format = Date, example = "2026-11-01")]
    pub first_day: String,
    /// The last day of that period.
    #[schema(format = Date, example = "2026-11-30")]
    pub last_day: String,
    /// The first instant behind that period, at which it is renewed or ends.
    pub period_ends_at: Time,
    /// The units that the period brings, and those that are left; null where it brings none.
    pub units: Option<SubscriptionUnits>,
    /// The subscription plan that it changes to at the end of its period; null where it stays.
    pub next_plan: Option<String>,
    /// The attempts to have a period paid that have failed.
    pub failed_attempts: u32,
    /// The reason of the last failure; null without one.
    pub failure: Option<String>,
    /// The time at which it is looked at next: renewed, tried again or ended; null once it is over.
    pub next_at: Option<Time>,
    /// The saved method that its periods are charged to; null for the wallet.
    pub payment_method: Option<String>,
    /// The payment by that method which is under way; null where none is.
    pub payment: Option<String>,
    /// The plan of the tariff that the account goes back to when it ends; null where none came with it.
    pub plan_before: Option<String>,
    /// The time at which it began.
    pub started_at: Time,
    /// The time at which it ended; null while it goes on.
    pub ended_at: Option<Time>,
}

/// The units of a period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct SubscriptionUnits {
    /// The kind of a unit: `segments`, `messages` or `tokens`.
    #[schema(example = "tokens")]
    pub unit: String,
    /// The units that the period has brought.
    pub units: u64,
    /// The units that are left of them.
    pub left: u64,
}

/// A subscription to be bought.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSubscription {
    /// The name of the subscription plan.
    #[schema(example = "basic")]
    pub plan: String,
    /// The way in which the first period is paid; from the wallet if it is not given.
    #[serde(default)]
    pub pay_by: PayBy,
    /// The id of a saved method of the account. The first period and every other is charged to it, without anybody at a page
    /// and whatever is in the wallet.
    #[serde(default)]
    pub payment_method: Option<String>,
}

/// The way in which the periods of a subscription are paid from here on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SubscriptionMethod {
    /// The id of a saved method of the account that every period is charged to; null for the wallet.
    pub payment_method: Option<String>,
}

/// The way in which the first period of a subscription is paid.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PayBy {
    /// From the wallet, at once.
    #[default]
    Wallet,
    /// By a payment that is still to be made: the subscription waits for it.
    Payment,
}

/// The end of a subscription, as it is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SubscriptionCancellation {
    /// The time of it; `period_end` if it is not given.
    #[serde(default = "at_period_end")]
    pub at: When,
    /// True to give the unused part of the price back, which is for admins and for a cancellation now.
    #[serde(default)]
    pub refund: bool,
}

const fn at_period_end() -> When {
    When::PeriodEnd
}

/// A change to another plan, as it is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WantedChange {
    /// The name of the subscription plan.
    #[schema(example = "pro")]
    pub plan: String,
    /// The time of it; `now` if it is not given.
    #[serde(default = "at_once")]
    pub at: When,
    /// True to be told what it would cost, and to do nothing.
    #[serde(default)]
    pub dry_run: bool,
}

const fn at_once() -> When {
    When::Now
}

/// A change to another plan, line by line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct SubscriptionChange {
    /// True if it was made, false for a dry run.
    pub made: bool,
    /// The subscription plan before.
    pub from: String,
    /// The subscription plan after.
    pub to: String,
    /// The time of it.
    pub at: When,
    /// The first day of the new plan.
    #[schema(format = Date, example = "2026-11-11")]
    pub first_day: String,
    /// The last day of the first period of the new plan.
    #[schema(format = Date, example = "2026-12-10")]
    pub last_day: String,
    /// The lines, which add up to the total.
    pub lines: Vec<ChangeLine>,
    /// The amount to be paid now; below zero it is given back to the wallet.
    pub total: Money,
    /// The currency of every amount.
    pub currency: CurrencyCode,
    /// The part of the present period that was used: the larger one of both ways counts.
    pub used_by: UsedBy,
    /// The days of the present period that are over; today belongs to the new plan.
    pub days_used: u32,
    /// The days of the present period.
    pub days: u32,
    /// The price of the days that are over, rounded up to a millionth.
    pub used_by_time: Money,
    /// The units of the present period that were used.
    pub units_used: u64,
    /// The units of the present period.
    pub units: u64,
    /// The price of the units that were used, rounded up to a millionth.
    pub used_by_units: Money,
    /// The subscription after the change, or as it is for a dry run.
    pub subscription: Subscription,
}

/// The way by which the use of a period is reckoned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum UsedBy {
    /// The days that are over took more.
    Time,
    /// The units that were used took more.
    Units,
}

/// The meaning of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChangeLineKind {
    /// The price of the period that ends, given back.
    OldPrice,
    /// The part of it that was used, and stays paid.
    Used,
    /// The price of the period that begins.
    NewPrice,
}

/// A line of a change. More than zero is to be paid, less is given back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChangeLine {
    /// The meaning of it.
    pub kind: ChangeLineKind,
    /// A description for people.
    pub description: String,
    /// The amount, exact to the millionth.
    pub amount: Money,
}

/// The reason why a period began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PeriodOrigin {
    /// The trial began it.
    Trial,
    /// The purchase began it.
    Purchase,
    /// A renewal began it.
    Renewal,
    /// A change to another plan began it.
    Change,
}

/// A period of a subscription.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct SubscriptionPeriod {
    /// The number of the subscription among those of the account.
    pub subscription: u32,
    /// The number of the period in the subscription.
    pub period: u32,
    /// The name of the subscription plan.
    pub plan: String,
    /// The reason why it began.
    pub origin: PeriodOrigin,
    /// The first day.
    #[schema(format = Date, example = "2026-11-01")]
    pub first_day: String,
    /// The last day.
    #[schema(format = Date, example = "2026-11-30")]
    pub last_day: String,
    /// The whole price of the period.
    pub price: Money,
    /// The amount that was taken from the wallet: the price, less what a change gave back of the period before.
    pub paid: Money,
    /// The currency of both amounts.
    pub currency: CurrencyCode,
    /// The lines of a change; empty otherwise.
    pub lines: Vec<ChangeLine>,
    /// The time at which it was charged.
    pub charged_at: Time,
}

/// The parameters of the usage of tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TokenUsageQuery {
    /// Days up to today, from 1 to 366; 30 if it is not given.
    #[serde(default)]
    #[param(minimum = 1, maximum = 366)]
    pub days: Option<u32>,
}

/// The tokens that an account has used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct TokenUsage {
    /// The account's id.
    pub account: String,
    /// The time zone of the days.
    pub time_zone: String,
    /// The tokens of today.
    pub today: u64,
    /// The tokens of this calendar month.
    pub this_month: u64,
    /// The days, the oldest first; those without use too.
    pub days: Vec<TokensOfDay>,
    /// The calendar months that the days lie in, each counted from its first day on, the oldest first.
    pub months: Vec<TokensOfMonth>,
}

/// The tokens of a day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct TokensOfDay {
    /// The day itself.
    #[schema(format = Date, example = "2026-11-01")]
    pub day: String,
    /// The tokens that were used.
    pub tokens: u64,
}

/// The tokens of a month.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct TokensOfMonth {
    /// The month itself.
    #[schema(pattern = "^[0-9]{4}-[0-9]{2}$", example = "2026-11")]
    pub month: String,
    /// The tokens that were used.
    pub tokens: u64,
}

/// The amounts that subscriptions have earned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Revenue {
    /// Each currency by itself, by its code.
    pub currencies: Vec<RevenueOfCurrency>,
}

/// The revenue in one currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct RevenueOfCurrency {
    /// The currency itself.
    pub currency: CurrencyCode,
    /// All that was paid, less what was given back.
    pub total: MoneySum,
    /// The number of periods that were paid for.
    pub periods: u64,
    /// The same by subscription plan, by name.
    pub plans: Vec<RevenueOfPlan>,
    /// The same by month of the subscriptions' time zones, the oldest first.
    pub months: Vec<RevenueOfMonth>,
}

/// The revenue of one plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct RevenueOfPlan {
    /// The name of the subscription plan.
    pub plan: String,
    /// All that was paid, less what was given back.
    pub total: MoneySum,
    /// The number of periods that were paid for.
    pub periods: u64,
}

/// The revenue of one month.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct RevenueOfMonth {
    /// The month itself.
    #[schema(pattern = "^[0-9]{4}-[0-9]{2}$", example = "2026-11")]
    pub month: String,
    /// All that was paid, less what was given back.
    pub total: MoneySum,
    /// The number of periods that were paid for.
    pub periods: u64,
}
