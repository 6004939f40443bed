//! The answers to requests that are refused, each with the body that its standard wants it to have.
//!
//! | response | SMPP 3.3 | SMPP 3.4 | SMPP 5.0 |
//! | --- | --- | --- | --- |
//! | bind_transmitter_resp, bind_receiver_resp, bind_transceiver_resp | none | none (§4.1.2, §4.1.4, §4.1.6) | none |
//! | submit_sm_resp | empty message_id | none (§4.4.2) | empty message_id (§4.2.1.2) |
//! | data_sm_resp, deliver_sm_resp | empty message_id | empty message_id (§4.7.2, §4.6.2) | empty message_id |
//! | submit_multi_resp | empty message_id, no destinations | the same (§4.5.2) | the same |
//! | query_sm_resp | all four fields | all four fields (§4.8.2) | all four fields |
//! | cancel_sm_resp, replace_sm_resp, unbind_resp, enquire_link_resp, generic_nack | none | none | none |
//!
//! Only bind responses, and in SMPP 3.4 submit_sm_resp, are said to have no body with an error. Libraries that go by
//! the table of fields cannot read another response without them, and never take what it answers for answered.

use bytes::{BufMut, BytesMut};
use rusmpp::CommandId;
use rusmpp::values::MessageState;

use crate::encode::put_header;
use crate::frame::HEADER_LENGTH;
use crate::version::Version;

/// An empty C-Octet String.
const EMPTY: u8 = 0;
const NO_DESTINATIONS: u8 = 0;
const NO_ERROR: u8 = 0;

/// The answer to a request that is refused with `status`.
pub(crate) fn put_refused(
    out: &mut BytesMut,
    version: Version,
    response: CommandId,
    status: u32,
    sequence: u32,
) {
    let body: &[u8] = match response {
        CommandId::SubmitSmResp if version == Version::V3_4 => &[],
        CommandId::SubmitSmResp | CommandId::DataSmResp | CommandId::DeliverSmResp => &[EMPTY],
        CommandId::SubmitMultiResp => &[EMPTY, NO_DESTINATIONS],
        // message_id, final_date, message_state, error_code.
        CommandId::QuerySmResp => &[EMPTY, EMPTY, u8::from(MessageState::Unknown), NO_ERROR],
        _ => &[],
    };
    put_with_body(out, response, status, sequence, body);
}

/// A deliver_sm_resp or data_sm_resp to an operator: an empty message_id in every version, whatever the status.
pub(crate) fn put_delivered(out: &mut BytesMut, response: CommandId, status: u32, sequence: u32) {
    put_with_body(out, response, status, sequence, &[EMPTY]);
}

fn put_with_body(out: &mut BytesMut, response: CommandId, status: u32, sequence: u32, body: &[u8]) {
    put_header(out, HEADER_LENGTH + body.len(), response, status, sequence);
    out.put_slice(body);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(version: Version, response: CommandId) -> Vec<u8> {
        let mut out = BytesMut::new();
        put_refused(&mut out, version, response, 0x0B, 7);
        assert_eq!(usize::from(out[3]), out.len(), "the length names the whole PDU");
        out[HEADER_LENGTH..].to_vec()
    }

    #[test]
    fn each_refused_response_has_the_body_of_its_version() {
        use CommandId as Id;
        let (none, id, multi, query) = (&b""[..], &b"\0"[..], &b"\0\0"[..], &b"\0\0\x07\0"[..]);
        for (response, of_3_3, of_3_4, of_5_0) in [
            (Id::BindTransmitterResp, none, none, none),
            (Id::BindReceiverResp, none, none, none),
            (Id::BindTransceiverResp, none, none, none),
            (Id::SubmitSmResp, id, none, id),
            (Id::DataSmResp, id, id, id),
            (Id::DeliverSmResp, id, id, id),
            (Id::SubmitMultiResp, multi, multi, multi),
            (Id::QuerySmResp, query, query, query),
            (Id::CancelSmResp, none, none, none),
            (Id::ReplaceSmResp, none, none, none),
            (Id::UnbindResp, none, none, none),
            (Id::EnquireLinkResp, none, none, none),
            (Id::GenericNack, none, none, none),
        ] {
            for (version, expected) in
                [(Version::V3_3, of_3_3), (Version::V3_4, of_3_4), (Version::V5_0, of_5_0)]
            {
                assert_eq!(body(version, response), expected, "{response:?} in {version:?}");
            }
        }
    }

    #[test]
    fn an_operator_gets_an_empty_message_id_with_every_status() {
        for (response, status) in
            [(CommandId::DeliverSmResp, 0), (CommandId::DeliverSmResp, 0x65), (CommandId::DataSmResp, 0x64)]
        {
            let mut out = BytesMut::new();
            put_delivered(&mut out, response, status, 7);
            assert_eq!((usize::from(out[3]), &out[HEADER_LENGTH..]), (17, &b"\0"[..]));
        }
    }
}
