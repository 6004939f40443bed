//! Names and meanings of the SMPP command_status values that SMSCs answer with (SMPP 3.4 §5.1.3).

/// The name of a status and its meaning; `None` for vendors' own.
pub fn status_text(status: u32) -> Option<&'static str> {
    Some(match status {
        0x00 => "ESME_ROK: the message was taken",
        0x01 => "ESME_RINVMSGLEN: the message's length is wrong",
        0x02 => "ESME_RINVCMDLEN: the request's length is wrong",
        0x03 => "ESME_RINVCMDID: the request is not known",
        0x04 => "ESME_RINVBNDSTS: the bind does not allow the request",
        0x06 => "ESME_RINVPRTFLG: the priority is wrong",
        0x07 => "ESME_RINVREGDLVFLG: the kind of receipt is wrong",
        0x08 => "ESME_RSYSERR: the operator has an error of its own",
        0x0A => "ESME_RINVSRCADR: the sender is not allowed",
        0x0B => "ESME_RINVDSTADR: the destination is not taken",
        0x0C => "ESME_RINVMSGID: the message id is not known",
        0x14 => "ESME_RMSGQFUL: the operator's queue is full",
        0x15 => "ESME_RINVSERTYP: the service type is wrong",
        0x33 => "ESME_RINVNUMDESTS: the number of destinations is wrong",
        0x43 => "ESME_RINVESMCLASS: the esm_class is wrong",
        0x45 => "ESME_RSUBMITFAIL: the message could not be taken",
        0x48 => "ESME_RINVSRCTON: the sender's type of number is wrong",
        0x49 => "ESME_RINVSRCNPI: the sender's numbering plan is wrong",
        0x50 => "ESME_RINVDSTTON: the destination's type of number is wrong",
        0x51 => "ESME_RINVDSTNPI: the destination's numbering plan is wrong",
        0x54 => "ESME_RINVREPFLAG: the replace flag is wrong",
        0x58 => "ESME_RTHROTTLED: the operator asks for fewer messages",
        0x61 => "ESME_RINVSCHED: the schedule is wrong",
        0x62 => "ESME_RINVEXPIRY: the validity period is wrong",
        0x64 => "ESME_RX_T_APPN: the operator has a passing error",
        0x65 => "ESME_RX_P_APPN: the operator has a lasting error",
        0x66 => "ESME_RX_R_APPN: the operator rejects the message",
        0xC0 => "ESME_RINVOPTPARSTREAM: the optional parameters cannot be read",
        0xC1 => "ESME_ROPTPARNOTALLWD: an optional parameter is not allowed",
        0xC2 => "ESME_RINVPARLEN: the length of a parameter is wrong",
        0xC3 => "ESME_RMISSINGOPTPARAM: an optional parameter is missing",
        0xC4 => "ESME_RINVOPTPARAMVAL: the value of an optional parameter is wrong",
        0xFE => "ESME_RDELIVERYFAILURE: the message could not be delivered",
        0xFF => "ESME_RUNKNOWNERR: an error that is not known",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_of_the_standard_have_a_text_and_those_of_vendors_have_none() {
        assert_eq!(status_text(0x58), Some("ESME_RTHROTTLED: the operator asks for fewer messages"));
        assert_eq!(status_text(0x402), None);
    }
}
