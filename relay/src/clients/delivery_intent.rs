//! The intent to deliver a message, which goes into its queue in the same commit as the charge.

use tollgate_engine::charging::Charge;
use tollgate_engine::refusal::Refusal;
use tollgate_engine::time::UnixMicros;
use tollgate_smpp::pdu::{Address, SmppTime, Submit};
use tollgate_storage::chunk::Intent;
use tollgate_storage::message::{Address3, Content, Message, Ticket};

use super::parameters::{OWN_USER_SMS_ID, Parameters};
use super::route::FirstChoice;
use super::session::EsmeSession;
use crate::snapshot::ActiveAccount;
use tollgate_provisioning::TlvTags;

/// message_payload (SMPP 3.4 §5.3.2.32), which holds the text and is written anew for the operator.
const MESSAGE_PAYLOAD: u16 = 0x0424;
/// qos_time_to_live (SMPP 3.4 §5.3.2.9): a validity in seconds, which comes before validity_period.
const QOS_TIME_TO_LIVE: u16 = 0x0017;
/// The highest priority_flag (SMPP 3.4 §5.2.14).
const PRIORITY_MAX: u8 = 3;
/// International, ISDN: what a number in international form is.
const INTERNATIONAL: u8 = 1;

/// The time at which a message is due, and the end of its validity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Times {
    /// The time at which it is due; `None` where that is at once.
    pub scheduled_at: Option<UnixMicros>,
    /// The end of its validity; `None` where the message does not say.
    pub expires_at: Option<UnixMicros>,
}

impl Times {
    /// Reads the times of a request; refused where the validity ends before the message is due.
    pub fn read(submit: &Submit<'_>, now: UnixMicros) -> Result<Self, Refusal> {
        let at = |field: &[u8]| {
            let time = SmppTime::parse(field).ok().flatten();
            time.map(|time| UnixMicros(time.due_micros(now.0)))
        };
        let scheduled_at = at(submit.schedule).filter(|at| *at > now);
        let mut expires_at = at(submit.validity);
        if let Some([a, b, c, d]) = submit.tlvs.get(QOS_TIME_TO_LIVE) {
            let seconds = u64::from(u32::from_be_bytes([*a, *b, *c, *d]));
            expires_at = Some(UnixMicros(now.0.saturating_add(seconds * 1_000_000)));
        }
        if expires_at.is_some_and(|at| at <= scheduled_at.unwrap_or(now)) {
            return Err(Refusal::InvalidValidity);
        }
        Ok(Self { scheduled_at, expires_at })
    }
}

/// A charged message that is to be delivered.
#[derive(Clone, Copy, Debug)]
pub struct Delivering<'a> {
    /// The account that pays.
    pub account: &'a ActiveAccount,
    /// The request as it was submitted.
    pub submit: &'a Submit<'a>,
    /// The parameters of the request.
    pub parameters: &'a Parameters<'a>,
    /// The destination as submitted.
    pub to: &'a Address<'a>,
    /// The operator that it is queued for.
    pub first_choice: FirstChoice,
    /// The time at which it is due, and the end of its validity.
    pub times: Times,
    /// The time at which it came.
    pub now: UnixMicros,
}

/// The class in the queue of a message with this priority_flag; class zero goes first.
pub fn class_of(priority_flag: u8) -> u8 {
    PRIORITY_MAX - priority_flag.min(PRIORITY_MAX)
}

impl EsmeSession {
    /// Adds the intent to deliver to the CDR pushed last.
    pub(crate) fn push_intent(&mut self, charge: &Charge, delivering: &Delivering<'_>) {
        let mut body = std::mem::take(&mut self.intent_body);
        body.clear();
        let network = self.network_code(charge.rated.network);
        write(charge, network, delivering, &mut body);
        let Times { scheduled_at, expires_at } = delivering.times;
        let class = class_of(delivering.submit.priority_flag);
        let intent =
            Intent { first_choice: delivering.first_choice.operator, class, scheduled_at, expires_at };
        self.chunks.open().push_intent(intent, &body);
        self.intent_body = body;
    }
}

fn write(
    charge: &Charge,
    network: tollgate_engine::network::NetworkCode,
    delivering: &Delivering<'_>,
    out: &mut Vec<u8>,
) {
    let Delivering { account, submit, parameters, to, first_choice, times, now } = delivering;
    let number = charge.rated.number;
    let as_submitted = to.digits == number.as_bytes();
    let (ton, npi) = if as_submitted { (to.ton, to.npi) } else { (INTERNATIONAL, INTERNATIONAL) };
    let submitted_to = (!as_submitted).then_some(Address3 { ton: to.ton, npi: to.npi, digits: to.digits });
    let mut tlvs = Vec::new();
    keep_tlvs(submit, &account.provisioned.tlv, &mut tlvs);
    let message = Message {
        ticket: Ticket {
            account: account.runtime.wallet.number(),
            visible_id: 0,
            amount: charge.posting.amount,
            segments: charge.rated.segments,
            month: charge.posting.month,
            terms: account.terms.plan.plan.settlement,
            registered_delivery: submit.registered_delivery,
            source: Address3 { ton: submit.source.ton, npi: submit.source.npi, digits: submit.source.digits },
            destination: Address3 { ton, npi, digits: number.as_bytes() },
            network,
            currency: account.terms.account.currency,
            dispatch_id: parameters.dispatch_id,
            submitted_at: *now,
            has_postings: charge.beside.is_some(),
        },
        content: Content {
            service_type: submit.service_type,
            esm_class: submit.esm_class,
            protocol_id: submit.protocol_id,
            priority_flag: submit.priority_flag,
            replace_if_present: submit.replace_if_present,
            data_coding: submit.data_coding,
            default_message_id: submit.default_message_id,
            expires_at: times.expires_at,
            submitted_to,
            spread: first_choice.spread,
            in_payload: submit.from_message_payload,
            payload: submit.payload,
            tlvs: &tlvs,
        },
    };
    message.write_body(out);
}

/// Keeps every parameter for the operator but the text and those that the gateway addresses to the daemon.
fn keep_tlvs(submit: &Submit<'_>, tags: &TlvTags, out: &mut Vec<u8>) {
    if submit.tlvs.is_empty() {
        return;
    }
    let user_sms_id = tags.user_sms_id.unwrap_or(OWN_USER_SMS_ID);
    let ours = [MESSAGE_PAYLOAD, tags.idempotency_key, tags.dispatch_id, tags.price_request, user_sms_id];
    for tlv in submit.tlvs.into_iter().filter(|tlv| !ours.contains(&tlv.tag)) {
        let Ok(length) = u16::try_from(tlv.value.len()) else {
            unreachable!("a parameter was read whose length has more than two octets")
        };
        out.extend_from_slice(&tlv.tag.to_be_bytes());
        out.extend_from_slice(&length.to_be_bytes());
        out.extend_from_slice(tlv.value);
    }
}
