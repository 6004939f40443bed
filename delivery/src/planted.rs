//! Faults that tests plant, to see that the simulation catches them. They are in no build but that of the tests.

/// True if the fault of this name is planted.
macro_rules! planted {
    ($delivery:expr, $fault:ident) => {{
        #[cfg(test)]
        let is_planted = $delivery.planted == Some($crate::planted::Fault::$fault);
        #[cfg(not(test))]
        let is_planted = {
            let _ = &$delivery.configuration;
            false
        };
        is_planted
    }};
}

pub(crate) use planted;

/// A fault to plant.
#[cfg(test)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A receipt is never acknowledged.
    AckDropped,
    /// A receipt is acknowledged before it is durable.
    AckEarly,
    /// Messages are sent before their lease is durable.
    LeaseForgotten,
    /// A lease is released when its messages are sent.
    LeaseReleasedEarly,
    /// A lease does not say which messages may be at an operator already.
    MarkForgotten,
    /// A message that is sent again after an unknown outcome is not marked.
    ResendUnmarked,
    /// A message that was sent and whose validity then ended counts as expired.
    ExpiredThoughSent,
    /// A message that was on a link that broke is forgotten.
    UnknownForgotten,
    /// A scheduled message is passed over where younger ones went before it.
    ScheduledOvertaken,
    /// A scheduled message leaves by a clock that is in doubt.
    ScheduledByDoubtfulClock,
    /// A receipt goes to any message with its number.
    WrongMessage,
    /// A receipt that is older than the acceptance is believed to have a rewritten number.
    RewrittenBelieved,
    /// The order of messages to one destination is not kept.
    OrderLost,
    /// The most urgent class always goes first.
    ClassesStarve,
    /// A cancelled message still counts.
    CountDrifts,
    /// Events that the committer has refused are dropped.
    RefusedDropped,
    /// A receipt that a gateway did not answer is not sent again.
    GatewayReceiptLost,
    /// The last message of a page is passed over.
    PageCutShort,
    /// An answer that comes late is taken for that of the last try.
    LateAnswerMixedUp,
    /// A cancelled message is sent, as the answer to its lease is not looked at.
    DroppedSent,
    /// An unknown outcome is never given up.
    UnknownKeptForEver,
    /// Both ends of a message are reported, and the fold gives the price back for each.
    RefundTwice,
    /// The store says that a batch is durable before it is.
    SyncSkipped,
}
