//! The state of a message as a receipt gives it: a number in a TLV, or a word in its text.

use super::Outcome;

macro_rules! states {
    ($($(#[doc = $doc:literal])+ $variant:ident = $number:literal, $stat:literal;)+) => {
        /// The `message_state` of a receipt (SMPP 5.0 §4.7.15; 3.4 §5.2.28 has those from 1 to 8).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum ReceiptState {
            $($(#[doc = $doc])+ $variant = $number,)+
        }

        impl ReceiptState {
            /// Every state, by its number.
            pub const ALL: [Self; 10] = [$(Self::$variant,)+];

            /// The word after `stat:` in the text of a receipt (SMPP 3.4 Appendix B).
            pub const fn stat(self) -> &'static str {
                match self { $(Self::$variant => $stat,)+ }
            }
        }
    };
}

states! {
    /// Waiting for its time.
    Scheduled = 0, "SCHEDLD";
    /// On its way.
    Enroute = 1, "ENROUTE";
    /// Delivered to the recipient.
    Delivered = 2, "DELIVRD";
    /// Its validity ended.
    Expired = 3, "EXPIRED";
    /// Deleted by the operator.
    Deleted = 4, "DELETED";
    /// Cannot be delivered.
    Undeliverable = 5, "UNDELIV";
    /// Accepted there, by hand.
    Accepted = 6, "ACCEPTD";
    /// Not known there.
    Unknown = 7, "UNKNOWN";
    /// Rejected by the operator.
    Rejected = 8, "REJECTD";
    /// Accepted and not delivered on purpose.
    Skipped = 9, "SKIPPED";
}

impl ReceiptState {
    /// The number in TLVs and on disk.
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The state of a number; `None` where it has none.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }

    /// The name in files and APIs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Scheduled => "scheduled",
            Self::Enroute => "enroute",
            Self::Delivered => "delivered",
            Self::Expired => "expired",
            Self::Deleted => "deleted",
            Self::Undeliverable => "undeliverable",
            Self::Accepted => "accepted",
            Self::Unknown => "unknown",
            Self::Rejected => "rejected",
            Self::Skipped => "skipped",
        }
    }

    /// True if nothing more will come for the message.
    pub const fn is_final(self) -> bool {
        self.outcome().is_some()
    }

    /// The outcome of a message with this receipt; `None` where it has none yet. Whatever kept the operator
    /// from delivering it, it had the message: `expired` and `rejected` are for those that no operator took.
    pub const fn outcome(self) -> Option<Outcome> {
        match self {
            Self::Scheduled | Self::Enroute | Self::Accepted => None,
            Self::Delivered => Some(Outcome::Delivered),
            Self::Expired | Self::Deleted | Self::Undeliverable | Self::Rejected | Self::Skipped => {
                Some(Outcome::Undelivered)
            }
            Self::Unknown => Some(Outcome::Unknown),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_back() {
        for (state, number) in ReceiptState::ALL.into_iter().zip(0..) {
            assert_eq!((state.number(), ReceiptState::from_number(number)), (number, Some(state)));
        }
        assert_eq!(ReceiptState::from_number(10), None);
    }

    #[test]
    fn all_but_three_are_final() {
        let open = [ReceiptState::Scheduled, ReceiptState::Enroute, ReceiptState::Accepted];
        for state in ReceiptState::ALL {
            assert_eq!(state.is_final(), !open.contains(&state), "{state:?}");
        }
    }
}
