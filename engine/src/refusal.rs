//! The reasons for which a message is not charged: a closed list, in order of precedence, each with its SMPP
//! `command_status`.

use std::fmt;

macro_rules! refusals {
    ($($(#[doc = $doc:literal])+ $variant:ident, $name:literal, $status:literal;)+) => {
        /// One reason for which a message is refused. The order is that of precedence: where several apply,
        /// the first is the one reported.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Refusal {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl Refusal {
            /// Every refusal, in order of precedence.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The name in config keys, metrics, logs and screens.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// The SMPP `command_status` unless configuration says otherwise.
            pub const fn default_status(self) -> u32 {
                match self { $(Self::$variant => $status,)+ }
            }
        }
    };
}

refusals! {
    /// The account of the session is no longer provisioned.
    UnknownAccount, "unknown_account", 0x0000_0045;
    /// The account is suspended.
    Suspended, "suspended", 0x0000_0045;
    /// The account's messages per second are used up.
    Throttled, "throttled", 0x0000_0058;
    /// The PDU cannot be read, or its fields contradict one another.
    Malformed, "malformed", 0x0000_0001;
    /// The schedule is not a time of SMPP 3.4 §7.1.1.
    InvalidSchedule, "invalid_schedule", 0x0000_0061;
    /// The validity period is not a time of SMPP 3.4 §7.1.1, or has passed.
    InvalidValidity, "invalid_validity", 0x0000_0062;
    /// The source address is not one that the account may use.
    SenderNotAllowed, "sender_not_allowed", 0x0000_000A;
    /// The text matches no template that has been approved for the account, or cannot be told.
    TemplateNotAllowed, "template_not_allowed", 0x0000_0045;
    /// The destination is not a number, or no prefix of the numbering plan holds it, or no number of its country has
    /// as many digits.
    UnknownDestination, "unknown_destination", 0x0000_000B;
    /// More segments than one message may have.
    TooLong, "too_long", 0x0000_0001;
    /// An idempotency key was used before for another message.
    KeyReused, "key_reused", 0x0000_0045;
    /// The plan has no rate for the network and no base price.
    NoRate, "no_rate", 0x0000_000B;
    /// The rate of the destination's range is stepped down, as traffic to it looks pumped.
    TrafficPumping, "traffic_pumping", 0x0000_0045;
    /// No operator takes the message.
    NoRoute, "no_route", 0x0000_000B;
    /// Every operator's cost of the message is above its price, and the margin guard refuses that.
    AbovePrice, "above_price", 0x0000_000B;
    /// Balance and credit limit do not cover the price.
    InsufficientFunds, "insufficient_funds", 0x0000_0045;
    /// A hard cap of the account does not let the message through.
    SpendingCap, "spending_cap", 0x0000_0045;
    /// Balance and credit limit of an account above do not cover its price.
    ParentInsufficientFunds, "parent_insufficient_funds", 0x0000_0045;
    /// An account above does not take the message for another reason of its own.
    ParentRefused, "parent_refused", 0x0000_0045;
    /// The queue in front of the committer stayed full.
    Overloaded, "overloaded", 0x0000_0014;
    /// The charge could not be made durable.
    StorageUnavailable, "storage_unavailable", 0x0000_0008;
}

impl Refusal {
    /// The refusal that a config key names.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|refusal| refusal.name() == name)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The `command_status` of every refusal, after configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusTable([u32; Refusal::ALL.len()]);

impl Default for StatusTable {
    fn default() -> Self {
        let mut table = [0; Refusal::ALL.len()];
        for (slot, refusal) in table.iter_mut().zip(Refusal::ALL) {
            *slot = refusal.default_status();
        }
        Self(table)
    }
}

impl StatusTable {
    /// The status to answer with.
    pub fn status(&self, refusal: Refusal) -> u32 {
        self.0[refusal as usize]
    }

    /// Answers `refusal` with another status from here on.
    pub fn set(&mut self, refusal: Refusal, status: u32) {
        self.0[refusal as usize] = status;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_found_again() {
        for refusal in Refusal::ALL {
            assert_eq!(Refusal::from_name(refusal.name()), Some(*refusal));
        }
    }

    #[test]
    fn lack_of_money_is_told_apart_from_a_fault() {
        let table = StatusTable::default();
        assert_ne!(table.status(Refusal::InsufficientFunds), table.status(Refusal::StorageUnavailable));
        assert_ne!(table.status(Refusal::InsufficientFunds), table.status(Refusal::Malformed));
    }

    #[test]
    fn a_status_can_be_overridden() {
        let mut table = StatusTable::default();
        table.set(Refusal::InsufficientFunds, 0x402);
        assert_eq!(table.status(Refusal::InsufficientFunds), 0x402);
        assert_eq!(table.status(Refusal::Throttled), 0x58);
    }
}
