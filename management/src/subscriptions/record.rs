//! Subscriptions and their periods as the books keep them, and the rules of `billing` asked about them.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use tollgate_api::answer::Answer;
use tollgate_api::money::{CurrencyCode, Money};
use tollgate_api::problem::Problem;
use tollgate_api::subscription_plans::{PeriodKind, PeriodLength, SubscriptionPlanInput};
use tollgate_api::subscriptions::{ChangeLine, PeriodOrigin, SubscriptionStatus};
use tollgate_api::time::Time;
use tollgate_billing::period::{PeriodUnit, Periods, date_at};
use tollgate_billing::subscription::{Due, Event, Position, Retries, State, Unpaid};
use tollgate_engine::time::{UnixMicros, parse_date};

use crate::billing::bundles::SUBSCRIPTION_ORIGIN;
use crate::billing::period::zone;

/// A subscription of an account. The account's next one has another document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubscriptionRecord {
    pub account: String,
    /// Counted from one in the account.
    pub number: u32,
    pub status: SubscriptionStatus,
    pub plan_number: u32,
    /// The plan as it was when it was bought or changed to.
    pub terms: SubscriptionPlanInput,
    pub time_zone: String,
    /// The day that periods are counted from.
    pub anchor: String,
    /// The number of the period that begins on the anchor.
    pub base: u32,
    /// The period that it is in, counted from the anchor; -1 for the trial before it.
    pub period: i64,
    /// The whole price that was paid for that period.
    pub period_price: Money,
    /// True if it began with a trial.
    pub had_trial: bool,
    /// The plan that it changes to at the end of its period.
    #[serde(default)]
    pub next: Option<NextTerms>,
    #[serde(default)]
    pub unpaid_since: Option<Time>,
    #[serde(default)]
    pub attempts: u32,
    #[serde(default)]
    pub failure: Option<String>,
    #[serde(default)]
    pub waits_until: Option<Time>,
    /// The plan of the tariff that the account was on before.
    #[serde(default)]
    pub plan_before: Option<String>,
    /// The plan of the tariff that the account is still to be moved to.
    #[serde(default)]
    pub tariff_due: Option<String>,
    /// The saved method that its periods are charged to; none for the wallet.
    #[serde(default)]
    pub payment_method: Option<String>,
    /// The payment by that method which is under way. Until its end nothing else is tried.
    #[serde(default)]
    pub payment: Option<String>,
    /// The last payment by that method for a period that is not paid yet. The next one replaces it.
    #[serde(default)]
    pub last_payment: Option<String>,
    /// The reason for which that payment was declined, as long as nothing has followed from it.
    #[serde(default)]
    pub declined: Option<String>,
    /// The time at which something is due next.
    #[serde(default)]
    pub next_at: Option<Time>,
    pub started_at: Time,
    #[serde(default)]
    pub ended_at: Option<Time>,
}

/// The terms that a subscription changes to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NextTerms {
    pub plan_number: u32,
    pub terms: SubscriptionPlanInput,
}

/// A period that was charged, or the trial. Its key is unique, so that it is charged once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeriodRecord {
    pub account: String,
    pub subscription: u32,
    pub number: u32,
    pub plan: String,
    pub origin: PeriodOrigin,
    pub first_day: String,
    pub last_day: String,
    pub price: Money,
    pub paid: Money,
    pub currency: CurrencyCode,
    /// The month that its money counts in.
    pub month: String,
    #[serde(default)]
    pub lines: Vec<ChangeLine>,
    pub charged_at: Time,
}

/// The dates of a subscription, as the rules want them.
#[derive(Clone, Debug)]
pub struct Dates {
    /// The periods of it.
    pub periods: Periods,
    /// The time zone that they are of.
    pub zone: TimeZone,
}

impl SubscriptionRecord {
    /// The key of the document.
    pub fn key(&self) -> String {
        subscription_key(&self.account, self.number)
    }

    /// The id by which the API and payments refer to it.
    pub fn id(&self) -> String {
        format!("{}-{}", self.account, self.number)
    }

    /// The name by which ledger entries refer to it.
    pub fn name(&self) -> String {
        format!("subscription {}", self.number)
    }

    /// The number of the present period among all of the subscription.
    pub fn period_number(&self) -> Answer<u32> {
        number_of(self.base, self.period)
    }

    /// The origin that the bundle of the present period has.
    pub fn origin(&self) -> Answer<String> {
        Ok(format!("{}{}/{}", SUBSCRIPTION_ORIGIN, self.number, self.period_number()?))
    }

    /// The dates of it.
    pub fn dates(&self) -> Answer<Dates> {
        let anchor = parse_date(&self.anchor);
        let anchor = anchor.ok_or_else(|| Problem::internal("the anchor of a subscription is no day"))?;
        Ok(Dates {
            periods: Periods { anchor, unit: unit_of(self.terms.period) },
            zone: zone(&self.time_zone)?,
        })
    }

    /// Decides what is due at an instant.
    pub fn due(&self, dates: &Dates, now: UnixMicros, retries: Retries<'_>) -> Due {
        self.position(dates).due(now, retries)
    }

    /// The position of it, as the rules want it.
    pub fn position<'a>(&self, dates: &'a Dates) -> Position<'a> {
        Position {
            state: state_of(self.status),
            periods: dates.periods,
            zone: &dates.zone,
            period: self.period,
            is_recurring: self.terms.recurring,
            unpaid: self.unpaid(),
            waits_until: self.waits_until.map(|time| time.0),
        }
    }

    /// The attempts to have a period paid that have failed.
    pub fn unpaid(&self) -> Option<Unpaid> {
        self.unpaid_since.map(|since| Unpaid { since: since.0, attempts: self.attempts })
    }

    /// Waits for a payment by the saved method, and for nothing else.
    pub fn wait_for(&mut self, payment: &str) {
        self.payment = Some(payment.to_owned());
        self.last_payment.clone_from(&self.payment);
    }

    /// Waits for nothing more, as it is paid.
    pub fn wait_for_nothing(&mut self) {
        (self.payment, self.last_payment, self.declined) = (None, None, None);
    }

    /// Takes an event that the table has for its state.
    pub fn happen(&mut self, event: Event) -> Answer<()> {
        let after = state_of(self.status).after(event).ok_or_else(|| wrong_state(self))?;
        self.status = status_of(after);
        Ok(())
    }

    /// Notes when something is due next.
    pub fn look_again(&mut self, now: UnixMicros, retries: Retries<'_>) -> Answer<()> {
        let dates = self.dates()?;
        self.next_at = match self.due(&dates, now, retries) {
            Due::Nothing(next) => next.map(Time),
            Due::Charge(_) | Due::End(_) => Some(Time(now)),
        };
        Ok(())
    }

    /// True if nothing happens to it any more.
    pub fn is_over(&self) -> bool {
        state_of(self.status).is_final()
    }

    /// True if its period is paid for or free.
    pub fn is_served(&self) -> bool {
        state_of(self.status).is_served()
    }

    /// The first and the last day of the present period.
    pub fn days(&self, dates: &Dates) -> Answer<(Date, Date)> {
        let beyond = || Problem::internal("a period of a subscription is beyond the calendar");
        let days = dates.periods.period(self.period).ok_or_else(beyond)?;
        // The trial is as long as it was begun, and not as long as a period.
        let first = if self.period < 0 { self.started_on(dates)? } else { days.start };
        Ok((first, days.end.yesterday().map_err(|_| beyond())?))
    }

    /// The day on which it began.
    fn started_on(&self, dates: &Dates) -> Answer<Date> {
        let day = date_at(self.started_at.0, &dates.zone);
        day.ok_or_else(|| Problem::internal("a subscription began beyond the calendar"))
    }
}

impl PeriodRecord {
    /// The key of the document.
    pub fn key(&self) -> String {
        format!("{}{:08}", period_prefix(&self.account, Some(self.subscription)), self.number)
    }
}

/// The key of a subscription. No account has a slash in its id.
pub fn subscription_key(account: &str, number: u32) -> String {
    format!("{account}/{number:06}")
}

/// The beginning of the keys of an account's periods, or of one subscription's.
pub fn period_prefix(account: &str, subscription: Option<u32>) -> String {
    match subscription {
        None => format!("{account}/"),
        Some(number) => format!("{account}/{number:06}/"),
    }
}

/// The number of a period that is counted from the anchor, whose own period has the number `base`.
pub fn number_of(base: u32, period: i64) -> Answer<u32> {
    let number = i64::from(base).checked_add(period).and_then(|number| u32::try_from(number).ok());
    number.ok_or_else(|| Problem::internal("a subscription has more periods than can be counted"))
}

/// The month that a day lies in, such as `2026-11`.
pub fn month_of(day: Date) -> String {
    format!("{:04}-{:02}", day.year(), day.month())
}

/// The day that clocks show.
pub fn today(now: UnixMicros, zone: &TimeZone) -> Answer<Date> {
    date_at(now, zone).ok_or_else(beyond_calendar)
}

/// The problem of a day beyond the year 9999.
pub fn beyond_calendar() -> Problem {
    Problem::unprocessable("a period of the subscription is beyond the calendar")
}

/// The unit of a plan's periods.
pub fn unit_of(length: PeriodLength) -> PeriodUnit {
    match length.kind {
        PeriodKind::Days => PeriodUnit::Days(length.days.unwrap_or(1)),
        PeriodKind::Month => PeriodUnit::Month,
        PeriodKind::Year => PeriodUnit::Year,
    }
}

/// The problem of something that cannot happen in the state of a subscription.
pub fn wrong_state(record: &SubscriptionRecord) -> Problem {
    let status = state_of(record.status).name();
    Problem::wrong_state(format!("{} of account `{}` is {status}", record.name(), record.account))
}

/// The state as the rules have it.
pub const fn state_of(status: SubscriptionStatus) -> State {
    match status {
        SubscriptionStatus::Pending => State::Pending,
        SubscriptionStatus::Trialing => State::Trialing,
        SubscriptionStatus::Active => State::Active,
        SubscriptionStatus::PastDue => State::PastDue,
        SubscriptionStatus::Ending => State::Ending,
        SubscriptionStatus::Cancelled => State::Cancelled,
        SubscriptionStatus::Expired => State::Expired,
    }
}

/// The state as the API has it.
pub const fn status_of(state: State) -> SubscriptionStatus {
    match state {
        State::Pending => SubscriptionStatus::Pending,
        State::Trialing => SubscriptionStatus::Trialing,
        State::Active => SubscriptionStatus::Active,
        State::PastDue => SubscriptionStatus::PastDue,
        State::Ending => SubscriptionStatus::Ending,
        State::Cancelled => SubscriptionStatus::Cancelled,
        State::Expired => SubscriptionStatus::Expired,
    }
}
