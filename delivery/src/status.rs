//! The meaning of an operator's `command_status` for the message that it answers (SMPP 3.4 §5.1.3).

/// The meaning of an answer for its message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// The operator has it.
    Accepted,
    /// Not now and not this fast: the link slows down, the message keeps its place.
    Throttled,
    /// Not this time: elsewhere or later.
    Temporary,
    /// Never: the same message would get the same answer.
    Permanent,
}

/// ESME_ROK: the message is accepted.
const OK: u32 = 0x00;
/// ESME_RSYSERR: a system error of the operator.
const SYSTEM_ERROR: u32 = 0x08;
/// ESME_RMSGQFUL: the operator's queue is full.
const QUEUE_FULL: u32 = 0x14;
/// ESME_RINVBNDSTS: the operator has lost our bind, which says nothing about the message.
const WRONG_BIND_STATE: u32 = 0x04;
/// ESME_RSUBMITFAIL, which peers send for troubles of their own.
const SUBMIT_FAILED: u32 = 0x45;
/// ESME_RTHROTTLED: too many messages per second.
const THROTTLED: u32 = 0x58;
/// ESME_RX_T_APPN: a temporary error of the operator's application.
const TEMPORARY_APPLICATION_ERROR: u32 = 0x64;
/// ESME_RDELIVERYFAILURE and ESME_RUNKNOWNERR, which peers send for errors of their own.
const DELIVERY_FAILURE: u32 = 0xFE;
const UNKNOWN_ERROR: u32 = 0xFF;

/// The meaning of a status. Vendors' own statuses (0x400 and up) are permanent: they mostly mean that the account or the
/// destination is wrong.
pub fn meaning(status: u32) -> Meaning {
    match status {
        OK => Meaning::Accepted,
        THROTTLED | QUEUE_FULL => Meaning::Throttled,
        WRONG_BIND_STATE
        | SYSTEM_ERROR
        | SUBMIT_FAILED
        | TEMPORARY_APPLICATION_ERROR
        | DELIVERY_FAILURE
        | UNKNOWN_ERROR => Meaning::Temporary,
        _ => Meaning::Permanent,
    }
}

/// True if a gateway that answered a receipt with this status may take it later (SMPP 3.4 leaves it open; the list is
/// the one that large providers publish).
pub fn gateway_may_take_later(status: u32) -> bool {
    meaning(status) != Meaning::Permanent || status == QUOTA_EXCEEDED
}

/// ESME_RQUERYFAIL by the standard; used for a quota that is used up.
const QUOTA_EXCEEDED: u32 = 0x67;
