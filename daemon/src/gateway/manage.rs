//! query_sm, cancel_sm and replace_sm: what a gateway asks about a message after its submit.
//!
//! As long as messages are charged only, every message is en route until it is cancelled. These reads go to RocksDB on
//! the session's own task; they touch one or two blocks.

use std::sync::Arc;

use tollgate_engine::account::DefaultCoding;
use tollgate_engine::segments::{self, Body};
use tollgate_engine::time::UnixMicros;
use tollgate_smpp::pdu::SubmitKind;
use tollgate_smpp::{Answer, MessageRef, Replacement, Reply, Verdict};
use tollgate_storage::cdr::Cdr;
use tollgate_storage::committer::Cancellation;
use tollgate_storage::rows::MessageState;
use tollgate_storage::store::Unavailable;

use super::answers::Token;
use super::request::UDHI;
use super::session::GatewaySession;

/// ESME_RSYSERR.
const SYSTEM_ERROR: u32 = 0x0000_0008;
/// ESME_RCANCELFAIL.
pub const CANCEL_FAILED: u32 = 0x0000_0011;
/// ESME_RREPLACEFAIL.
const REPLACE_FAILED: u32 = 0x0000_0013;
/// ESME_RQUERYFAIL.
const QUERY_FAILED: u32 = 0x0000_0067;

/// A message of this account, by its full id.
struct Found {
    id: u64,
    segments: u8,
    data_coding: u8,
    esm_class: u8,
}

impl GatewaySession {
    pub(super) fn answer_query(&mut self, sequence: u32, message: &MessageRef<'_>) -> Verdict {
        let found = match self.found_or(message, QUERY_FAILED) {
            Ok(found) => found,
            Err(verdict) => return verdict,
        };
        let Ok(state) = self.world.store.state(self.wallet_number(), found.id) else {
            return Verdict::Refused(SYSTEM_ERROR);
        };
        let message_state = state.map_or(MessageState::Enroute, |row| row.state) as u8;
        let final_date = state.map(|row| smpp_time(row.at)).unwrap_or_default();
        let message_id = message.message_id.unwrap_or(found.id);
        let reply = Reply::Queried { message_id, final_date, message_state, error_code: 0 };
        self.ready.push(Answer { sequence, reply });
        Verdict::Pending
    }

    pub(super) fn start_cancel(&mut self, sequence: u32, message: &MessageRef<'_>) -> Verdict {
        let found = match self.found_or(message, CANCEL_FAILED) {
            Ok(found) => found,
            Err(verdict) => return verdict,
        };
        let cancellation = Cancellation {
            wallet: Arc::clone(&self.standing.wallet),
            message_id: found.id,
            token: Token::new(sequence, SubmitKind::SubmitSm).0,
            reply: self.notices.0.clone(),
        };
        match self.world.committer.cancel(cancellation) {
            Ok(()) => Verdict::Pending,
            Err(_) => Verdict::Refused(SYSTEM_ERROR),
        }
    }

    /// The text is not kept, so there is nothing to put the new one in place of; what counts is that it costs the same.
    pub(super) fn answer_replace(
        &mut self,
        sequence: u32,
        message: &MessageRef<'_>,
        replacement: &Replacement<'_>,
    ) -> Verdict {
        let found = match self.found_or(message, REPLACE_FAILED) {
            Ok(found) => found,
            Err(verdict) => return verdict,
        };
        match self.world.store.state(self.wallet_number(), found.id) {
            Ok(None) => {}
            Ok(Some(_)) => return Verdict::Refused(REPLACE_FAILED),
            Err(_) => return Verdict::Refused(SYSTEM_ERROR),
        }
        let body = Body {
            data_coding: found.data_coding,
            udhi: found.esm_class & UDHI != 0,
            sar: None,
            octets: replacement.body,
            in_payload: false,
        };
        let coding =
            self.account.as_ref().map_or(DefaultCoding::Gsm7, |account| account.terms.account.default_coding);
        if !segments::count(&body, coding).is_ok_and(|count| count.segments == found.segments) {
            return Verdict::Refused(REPLACE_FAILED);
        }
        self.ready.push(Answer { sequence, reply: Reply::Replaced });
        Verdict::Pending
    }

    /// The message that a request means, or the verdict on a request that means none.
    fn found_or(&self, message: &MessageRef<'_>, unknown: u32) -> Result<Found, Verdict> {
        match self.find(message) {
            Ok(Some(found)) => Ok(found),
            Ok(None) => Err(Verdict::Refused(unknown)),
            Err(_) => Err(Verdict::Refused(SYSTEM_ERROR)),
        }
    }

    /// The message that a request means, if it is this account's and the source address is the message's own.
    fn find(&self, message: &MessageRef<'_>) -> Result<Option<Found>, Unavailable> {
        let Some(visible_id) = message.message_id else { return Ok(None) };
        let account = self.wallet_number();
        let id = match u32::try_from(visible_id) {
            Ok(short_id) => self.world.store.message_of_short_id(account, short_id)?.unwrap_or(visible_id),
            Err(_) => visible_id,
        };
        let source = message.source.digits;
        let read = |cdr: &Cdr<'_>| {
            let fields = &cdr.fields;
            let same_source = source.is_empty() || source == fields.source.address;
            same_source.then_some(Found {
                id,
                segments: fields.segments,
                data_coding: fields.data_coding,
                esm_class: fields.esm_class,
            })
        };
        Ok(self.world.store.cdr(account, id, read)?.flatten())
    }
}

/// `YYMMDDhhmmsstnnp` in UTC (SMPP 3.4 §7.1.1).
fn smpp_time(at: UnixMicros) -> Vec<u8> {
    let at = i64::try_from(at.0).ok().and_then(|micros| jiff::Timestamp::from_microsecond(micros).ok());
    at.map(|at| at.strftime("%y%m%d%H%M%S000+").to_string().into_bytes()).unwrap_or_default()
}
