//! Messages that come by another way than a bind: each is a session of one request, by the same path and with the same
//! promises.

use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use tollgate_engine::refusal::Refusal;
use tollgate_engine::segments::Body;
use tollgate_engine::time::UnixMicros;
use tollgate_smpp::pdu::time::format_time;
use tollgate_smpp::pdu::{Address, Destinations, Submit, SubmitKind, Tlvs};
use tollgate_smpp::{Answer, Reply, RequestOutcome, SessionHandler};
use tollgate_storage::clock::now;

use super::context::ClientContext;
use super::delivery_intent::Times;

use super::parameters::{Parameters, UDHI, USER_MESSAGE_REFERENCE};
use super::refused_messages::RefusedSubmit;
use super::session::EsmeSession;
use crate::blocking::wait_for;
use crate::snapshot::ActiveAccount;
use tollgate_provisioning::TlvTags;

/// The window of such a session.
const WINDOW: u32 = 1;
/// The sequence number of the request, which nobody sees.
const SEQUENCE: u32 = 1;
/// Types of number and numbering plans (SMPP 3.4 §5.2.5, §5.2.6).
const UNKNOWN: u8 = 0;
const INTERNATIONAL: u8 = 1;
const NETWORK_SPECIFIC: u8 = 3;
const ALPHANUMERIC: u8 = 5;
const ISDN: u8 = 1;
/// The shortest source that is a number; sources of fewer digits are short codes.
const NUMBER_DIGITS_MIN: usize = 7;

/// A message to charge. Octets of addresses, key and dispatch id have no NUL in them.
#[derive(Clone, Copy)]
pub struct DirectSubmit<'a> {
    /// The sender, of at most 20 octets; may be empty.
    pub from: &'a str,
    /// The destination, of 1 to 20 octets.
    pub to: &'a str,
    /// The text, of at most 65,535 octets.
    pub octets: &'a [u8],
    /// The coding of the text (SMPP 3.4 §5.2.19).
    pub data_coding: u8,
    /// True if the text begins with a user data header.
    pub udhi: bool,
    /// The receipts that are asked for (SMPP 3.4 §5.2.17).
    pub registered_delivery: u8,
    /// The priority_flag, 0 to 3.
    pub priority: u8,
    /// The time at which it is due; `None` where that is at once.
    pub scheduled_at: Option<UnixMicros>,
    /// The end of its validity.
    pub expires_at: Option<UnixMicros>,
    /// The client's key against charging twice, of 1 to 64 octets.
    pub idempotency_key: Option<&'a [u8]>,
    /// The dispatch that it belongs to, of 1 to 64 octets.
    pub dispatch_id: Option<&'a [u8]>,
    /// The client's own number for it.
    pub user_message_reference: Option<u16>,
    /// The client's own id for it, of 1 to 128 octets.
    pub user_sms_id: Option<&'a [u8]>,
}

/// The reason why a message has no id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotCharged {
    /// The message is not charged.
    Refused(Refusal),
    /// The message is with the committer, and it is not known yet whether it will be charged.
    InDoubt,
}

/// Charges a message and waits until that is durable. Returns the message's id; the id of the first use where its key was
/// used before.
pub fn submit_directly(
    context: Arc<ClientContext>,
    account: &Arc<ActiveAccount>,
    message: &DirectSubmit<'_>,
    time_limit: Duration,
) -> Result<u64, NotCharged> {
    let mut session = EsmeSession::of_request(context, account, WINDOW);
    let at = now();
    let tags = session.tags_at(at).ok_or(NotCharged::Refused(Refusal::UnknownAccount))?;
    let (mut tlvs, times) = (Vec::new(), [message.scheduled_at, message.expires_at]);
    message.put_tlvs(&tags, &mut tlvs);
    let [schedule, validity] = times.map(|time| time.map(|at| format_time(at.0)).unwrap_or_default());
    let submit = message.submit(&tlvs, &schedule, &validity);
    if let RequestOutcome::Refused(_) = session.submit(at.0, &submit) {
        return Err(NotCharged::Refused(refused_at_once(&submit, &tags, at)));
    }
    let answer = answer_of(&mut session, time_limit).inspect_err(|not_charged| {
        let NotCharged::Refused(refusal) = *not_charged else { return };
        let (payer, tables) = (session.wallet_number(), session.tables());
        let (parameters, account) =
            (Parameters::read(&submit, &tags, true).unwrap_or_default(), Some(&**account));
        let refused = RefusedSubmit { payer, account, tables, at, submit: &submit, parameters };
        session.refuse(&refused, refusal);
    })?;
    match answer.reply {
        Reply::Submitted { message_id, .. } => Ok(message_id),
        Reply::Explained { tlvs, .. } => {
            let reason = tlvs.as_ref().and_then(|tlvs| tlvs.iter().find(|(tag, _)| *tag == tags.reason));
            let name = reason.and_then(|(_, name)| std::str::from_utf8(name).ok());
            let refusal = name.and_then(|name| Refusal::from_name(name.trim_end_matches('\0')));
            Err(NotCharged::Refused(refusal.unwrap_or(Refusal::Malformed)))
        }
        // What comes back from the committer without a reason did not become durable.
        _ => Err(NotCharged::Refused(Refusal::StorageUnavailable)),
    }
}

/// The reason of a refusal that came without an explanation: it was made before the account's tags were looked at.
fn refused_at_once(submit: &Submit<'_>, tags: &TlvTags, now: UnixMicros) -> Refusal {
    if Parameters::read(submit, tags, true).is_err() {
        return Refusal::Malformed;
    }
    Times::read(submit, now).err().unwrap_or(Refusal::UnknownAccount)
}

/// The answer to the one request. A charge that finds no room in the committer's queue in time is given back when the
/// session is dropped.
fn answer_of(session: &mut EsmeSession, time_limit: Duration) -> Result<Answer, NotCharged> {
    let mut is_flushed = false;
    let answered = async {
        poll_fn(|cx| session.poll_flush(cx)).await;
        is_flushed = true;
        let mut answers = Vec::new();
        poll_fn(|cx| session.poll_answers(cx, &mut answers)).await;
        answers.pop()
    };
    match wait_for(answered, time_limit) {
        Some(Some(answer)) => Ok(answer),
        None if !is_flushed => Err(NotCharged::Refused(Refusal::Overloaded)),
        Some(None) | None => Err(NotCharged::InDoubt),
    }
}

impl<'a> DirectSubmit<'a> {
    fn submit<'s>(&'s self, tlvs: &'s [u8], schedule: &'s [u8], validity: &'s [u8]) -> Submit<'s>
    where
        'a: 's,
    {
        Submit {
            kind: SubmitKind::SubmitSm,
            sequence: SEQUENCE,
            service_type: &[],
            source: source(self.from),
            destinations: Destinations::One(destination(self.to)),
            esm_class: if self.udhi { UDHI } else { 0 },
            protocol_id: 0,
            priority_flag: self.priority,
            schedule,
            validity,
            registered_delivery: self.registered_delivery,
            replace_if_present: 0,
            data_coding: self.data_coding,
            default_message_id: 0,
            payload: self.octets,
            from_message_payload: self.octets.len() > Body::SHORT_MESSAGE_OCTETS_MAX,
            tlvs: Tlvs::new(tlvs),
            tlvs_dropped: false,
            overrun_tag: None,
        }
    }

    /// Writes the optional parameters. It asks for the price, as the reason of a refusal is only told to those who do.
    fn put_tlvs(&self, tags: &TlvTags, out: &mut Vec<u8>) {
        put_tlv(out, tags.price_request, b"1");
        if let Some(key) = self.idempotency_key {
            put_tlv(out, tags.idempotency_key, key);
        }
        if let Some(dispatch_id) = self.dispatch_id {
            put_tlv(out, tags.dispatch_id, dispatch_id);
        }
        if let Some((tag, id)) = tags.user_sms_id.zip(self.user_sms_id) {
            put_tlv(out, tag, id);
        }
        if let Some(reference) = self.user_message_reference {
            put_tlv(out, USER_MESSAGE_REFERENCE, &reference.to_be_bytes());
        }
    }
}

/// Writes one parameter, whose value has at most 128 octets.
fn put_tlv(out: &mut Vec<u8>, tag: u16, value: &[u8]) {
    let Ok(length) = u16::try_from(value.len()) else {
        unreachable!("a parameter of {} octets was let through", value.len())
    };
    out.extend_from_slice(&tag.to_be_bytes());
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(value);
}

/// The source address with the type of number that gateways give such a sender.
fn source(from: &str) -> Address<'_> {
    let digits = from.strip_prefix('+').unwrap_or(from);
    let is_number = digits.bytes().all(|octet| octet.is_ascii_digit());
    let (ton, npi) = match digits.len() {
        0 => (UNKNOWN, UNKNOWN),
        _ if !is_number => (ALPHANUMERIC, UNKNOWN),
        count if count < NUMBER_DIGITS_MIN => (NETWORK_SPECIFIC, UNKNOWN),
        _ => (INTERNATIONAL, ISDN),
    };
    Address { ton, npi, digits: from.as_bytes() }
}

/// The destination address. A number with a leading zero shows by itself that it is national; see
/// [`Number::normalise`](tollgate_engine::number::Number::normalise).
pub fn destination(to: &str) -> Address<'_> {
    Address { ton: u8::from(!to.starts_with('0')), npi: ISDN, digits: to.as_bytes() }
}

#[cfg(test)]
mod tests {
    use super::super::direct_tags::direct_tags;
    use super::*;

    #[test]
    fn senders_are_what_they_look_like() {
        let kinds = ["", "ACME", "12345", "254722000000", "+254722000000", "A1"].map(|from| source(from).ton);
        assert_eq!(
            kinds,
            [UNKNOWN, ALPHANUMERIC, NETWORK_SPECIFIC, INTERNATIONAL, INTERNATIONAL, ALPHANUMERIC]
        );
    }

    #[test]
    fn what_a_message_says_is_read_back() {
        let message = DirectSubmit {
            from: "ACME",
            to: "254722000001",
            octets: b"hello",
            data_coding: 0,
            udhi: false,
            registered_delivery: 1,
            priority: 3,
            scheduled_at: None,
            expires_at: None,
            idempotency_key: Some(b"order-1"),
            dispatch_id: Some(b"sale"),
            user_message_reference: Some(0x1234),
            user_sms_id: Some(b"order 5"),
        };
        let tags = direct_tags(TlvTags::default());
        let mut tlvs = Vec::new();
        message.put_tlvs(&tags, &mut tlvs);
        let submit = message.submit(&tlvs, &[], &[]);
        let read = Parameters::read(&submit, &tags, true).unwrap();
        assert_eq!(read.idempotency_key, Some(&b"order-1"[..]));
        assert_eq!(read.dispatch_id, Some(&b"sale"[..]));
        assert_eq!((read.user_message_reference, read.wants_price), (Some(0x1234), true));
        assert_eq!(read.user_sms_id, Some(&b"order 5"[..]));
        assert!(!submit.from_message_payload);
    }
}
