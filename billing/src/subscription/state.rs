//! The states of a subscription, and the one table of what leads from one to another.

/// The state of a subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
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

/// Something that happens to a subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Event {
    /// A period was paid for.
    Paid,
    /// A period could not be paid for.
    Unpaid,
    /// It is cancelled as of the end of its period.
    CancelAtEnd,
    /// It is cancelled at once.
    CancelNow,
    /// The cancellation is taken back in a period that is paid for.
    Resume,
    /// The cancellation is taken back in the trial.
    ResumeTrial,
    /// Its period is over, and no other follows.
    PeriodOver,
    /// Nobody tries any more to have it paid.
    GiveUp,
}

/// Every transition there is: the state before, the event, the state after. What is not here cannot happen.
pub const TRANSITIONS: &[(State, Event, State)] = {
    use Event::{CancelAtEnd, CancelNow, GiveUp, Paid, PeriodOver, Resume, ResumeTrial, Unpaid};
    use State::{Active, Cancelled, Ending, Expired, PastDue, Pending, Trialing};
    &[
        (Pending, Paid, Active),
        (Pending, CancelNow, Cancelled),
        (Pending, CancelAtEnd, Cancelled),
        (Pending, GiveUp, Expired),
        (Trialing, Paid, Active),
        (Trialing, Unpaid, PastDue),
        (Trialing, CancelAtEnd, Ending),
        (Trialing, CancelNow, Cancelled),
        (Trialing, GiveUp, Expired),
        (Active, Paid, Active),
        (Active, Unpaid, PastDue),
        (Active, CancelAtEnd, Ending),
        (Active, CancelNow, Cancelled),
        (Active, PeriodOver, Expired),
        (Active, GiveUp, Expired),
        (PastDue, Paid, Active),
        (PastDue, Unpaid, PastDue),
        (PastDue, CancelAtEnd, Cancelled),
        (PastDue, CancelNow, Cancelled),
        (PastDue, GiveUp, Expired),
        (Ending, Paid, Active),
        (Ending, Resume, Active),
        (Ending, ResumeTrial, Trialing),
        (Ending, CancelAtEnd, Ending),
        (Ending, CancelNow, Cancelled),
        (Ending, PeriodOver, Cancelled),
    ]
};

impl State {
    /// Every state there is.
    pub const ALL: [Self; 7] = [
        Self::Pending,
        Self::Trialing,
        Self::Active,
        Self::PastDue,
        Self::Ending,
        Self::Cancelled,
        Self::Expired,
    ];

    /// The name in documents, APIs and on screens.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Trialing => "trialing",
            Self::Active => "active",
            Self::PastDue => "past_due",
            Self::Ending => "ending",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
        }
    }

    /// The one with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    /// The state after an event; `None` where it cannot happen in this one.
    pub fn after(self, event: Event) -> Option<Self> {
        let found = TRANSITIONS.iter().find(|(before, on, _)| (*before, *on) == (self, event));
        found.map(|(.., after)| *after)
    }

    /// True if nothing happens to it any more.
    pub fn is_final(self) -> bool {
        !TRANSITIONS.iter().any(|(before, ..)| *before == self)
    }

    /// True if the period is paid for or free, so that its units can be used.
    pub const fn is_served(self) -> bool {
        matches!(self, Self::Trialing | Self::Active | Self::Ending)
    }
}
