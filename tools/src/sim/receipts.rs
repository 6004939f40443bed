//! The receipts that follow a message: the options, and one receipt from plan to deliver_sm.

use std::fmt::Write as _;

use tollgate_smpp::pdu::Address;
use tollgate_smpp::receipt::state_word;
use tollgate_smpp::{Answer, Delivery, OwnedAddress};

use super::chance::{Dice, Percent};
use super::dates::Dates;
use super::ids::{IdFormat, ReceiptIdFormat};

/// registered_delivery, bits 1 and 0 (SMPP 5.0 §4.7.21).
const REGISTERED_MASK: u8 = 0x03;
const ALWAYS: u8 = 1;
const ON_FAILURE: u8 = 2;
const ON_SUCCESS: u8 = 3;

/// esm_class of a receipt (SMPP 3.4 §5.2.12).
const RECEIPT: u8 = 0x04;

/// Tags of optional parameters (SMPP 3.4 §5.3.2).
const RECEIPTED_MESSAGE_ID: u16 = 0x001E;
const MESSAGE_STATE: u16 = 0x0427;
const NETWORK_ERROR_CODE: u16 = 0x0423;
/// Tag of user_message_reference, which receipts repeat.
pub const USER_MESSAGE_REFERENCE: u16 = 0x0204;

/// The kind of network in network_error_code (SMPP 3.4 §5.3.2.31).
const GSM: u8 = 3;

/// The options for receipts.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Receipts")]
pub struct ReceiptOptions {
    /// Time from a message to its receipt, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 0, value_parser = clap::value_parser!(u32).range(..=86_400_000))]
    pub receipt_delay_ms: u32,
    /// Percentage of receipts that are never sent
    #[arg(long, value_name = "PERCENT", default_value = "0")]
    pub receipt_loss_percent: Percent,
    /// Percentage of receipts that are sent twice
    #[arg(long, value_name = "PERCENT", default_value = "0")]
    pub receipt_duplicate_percent: Percent,
    /// Percentage of receipts that are sent before the submit_sm_resp
    #[arg(long, value_name = "PERCENT", default_value = "0")]
    pub receipt_early_percent: Percent,
    /// Percentage of messages that are undeliverable
    #[arg(long, value_name = "PERCENT", default_value = "0")]
    pub undelivered_percent: Percent,
    /// Percentage of the other messages that expire
    #[arg(long, value_name = "PERCENT", default_value = "0")]
    pub expired_percent: Percent,
    /// Place of id and state in a receipt
    #[arg(long, value_enum, default_value_t)]
    pub receipt_form: ReceiptForm,
    /// Format of message ids in receipts
    #[arg(long, value_enum, default_value_t)]
    pub receipt_id_format: ReceiptIdFormat,
    /// Receipts that one bind may have unanswered
    #[arg(long, value_name = "RECEIPTS", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    pub receipt_window: u32,
    /// Receipts of one system_id, and of one bind, that are kept until they can be sent; more are dropped
    #[arg(long, value_name = "RECEIPTS", default_value_t = 1_000_000, value_parser = clap::value_parser!(u32).range(1..))]
    pub receipts_max: u32,
}

/// Place of id and state in a receipt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum ReceiptForm {
    /// In the text of SMPP 3.4 Appendix B
    Text,
    /// In optional parameters
    Tlv,
    /// In the text and in optional parameters
    #[default]
    Both,
}

/// The final state of a message, as the standard numbers it (SMPP 3.4 §5.2.28).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FinalState {
    /// The message arrived.
    Delivered = 2,
    /// It did not arrive in time.
    Expired = 3,
    /// It cannot arrive.
    Undeliverable = 5,
}

impl FinalState {
    /// The network's error: absent subscriber, or unknown subscriber (3GPP TS 29.002 §17.6.6), or none.
    fn error(self) -> u8 {
        match self {
            Self::Delivered => 0,
            Self::Expired => 27,
            Self::Undeliverable => 1,
        }
    }
}

/// The receipts of one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReceiptPlan {
    /// The final state that they tell.
    pub state: FinalState,
    /// Number of copies: none, one or two.
    pub copies: u8,
    /// True if they are sent before the response.
    pub early: bool,
}

impl ReceiptOptions {
    /// The receipts that follow a message with this registered_delivery; `None` where none was asked for.
    pub fn plan(&self, dice: &mut Dice, registered_delivery: u8) -> Option<ReceiptPlan> {
        let asked = registered_delivery & REGISTERED_MASK;
        if asked == 0 {
            return None;
        }
        let state = match () {
            () if dice.hit(self.undelivered_percent) => FinalState::Undeliverable,
            () if dice.hit(self.expired_percent) => FinalState::Expired,
            () => FinalState::Delivered,
        };
        let wanted = match asked {
            ALWAYS => true,
            ON_FAILURE => state != FinalState::Delivered,
            ON_SUCCESS => state == FinalState::Delivered,
            _ => false,
        };
        if !wanted {
            return None;
        }
        let copies = match () {
            () if dice.hit(self.receipt_loss_percent) => 0,
            () if dice.hit(self.receipt_duplicate_percent) => 2,
            () => 1,
        };
        Some(ReceiptPlan { state, copies, early: copies > 0 && dice.hit(self.receipt_early_percent) })
    }
}

/// A receipt that is not acknowledged yet.
#[derive(Clone, Debug)]
pub struct Receipt {
    /// The number beneath the message's id.
    pub number: u64,
    /// The format of ids for the bind that brought the message.
    pub format: IdFormat,
    /// The source address of the message.
    pub source: OwnedAddress,
    /// The destination address of the message.
    pub destination: OwnedAddress,
    /// The user_message_reference of the message, as sent.
    pub user_message_reference: Option<Box<[u8]>>,
    /// The time of the submit, in microseconds since 1970.
    pub submitted_at: u64,
    /// The final state that it tells.
    pub state: FinalState,
    /// The response that must not go out before this receipt, and how long after it, in milliseconds.
    pub answer: Option<Box<(u64, Answer)>>,
}

impl Receipt {
    /// The receipt as a deliver_sm, at `now` in microseconds since 1970.
    pub fn delivery(&self, token: u64, form: ReceiptForm, dates: &mut Dates, now: u64) -> Delivery {
        Delivery {
            token,
            source: self.destination.clone(),
            destination: self.source.clone(),
            esm_class: RECEIPT,
            data_coding: 0,
            short_message: if form == ReceiptForm::Tlv { Vec::new() } else { self.text(dates, now) },
            tlvs: if form == ReceiptForm::Text { Vec::new() } else { self.tlvs() },
        }
    }

    fn text(&self, dates: &mut Dates, now: u64) -> Vec<u8> {
        let mut text = String::with_capacity(160);
        let delivered = u8::from(self.state == FinalState::Delivered);
        text.push_str("id:");
        self.format.write(self.number, &mut text);
        // Writing to a String cannot fail.
        let _ = write!(text, " sub:001 dlvrd:{delivered:03} submit date:{}", dates.minute(self.submitted_at));
        let _ = write!(text, " done date:{}", dates.minute(now));
        let _ = write!(text, " stat:{} err:{:03} text:", state_word(self.state as u8), self.state.error());
        text.into_bytes()
    }

    fn tlvs(&self) -> Vec<(u16, Vec<u8>)> {
        let mut id = self.format.text(self.number);
        id.push('\0');
        let mut tlvs = vec![(RECEIPTED_MESSAGE_ID, id.into_bytes()), (MESSAGE_STATE, vec![self.state as u8])];
        if self.state.error() != 0 {
            tlvs.push((NETWORK_ERROR_CODE, vec![GSM, 0, self.state.error()]));
        }
        if let Some(reference) = &self.user_message_reference {
            tlvs.push((USER_MESSAGE_REFERENCE, reference.to_vec()));
        }
        tlvs
    }
}

/// A copy of the address.
pub fn owned(address: &Address<'_>) -> OwnedAddress {
    OwnedAddress { ton: address.ton, npi: address.npi, digits: address.digits.to_vec() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::tests::options;

    fn receipt(state: FinalState) -> Receipt {
        let address = |digits: &str| OwnedAddress { ton: 1, npi: 1, digits: digits.into() };
        Receipt {
            number: 1_234_567_890,
            format: IdFormat::HexUpper,
            source: address("12345"),
            destination: address("491701234567"),
            user_message_reference: Some([0, 7].into()),
            submitted_at: 1_795_248_059_000_000,
            state,
            answer: None,
        }
    }

    #[test]
    fn a_receipt_says_what_became_of_the_message() {
        let dates = &mut Dates::default();
        let delivery =
            receipt(FinalState::Delivered).delivery(7, ReceiptForm::Both, dates, 1_795_248_060_000_000);
        assert_eq!((delivery.token, delivery.esm_class), (7, 0x04));
        assert_eq!(
            (&delivery.source.digits[..], &delivery.destination.digits[..]),
            (&b"491701234567"[..], &b"12345"[..])
        );
        assert_eq!(
            String::from_utf8(delivery.short_message).unwrap(),
            "id:499602D2 sub:001 dlvrd:001 submit date:2611210800 done date:2611210801 stat:DELIVRD err:000 text:"
        );
        let expected = [(0x001E, b"499602D2\0".to_vec()), (0x0427, vec![2]), (0x0204, vec![0, 7])];
        assert_eq!(delivery.tlvs, expected);

        let failed = receipt(FinalState::Undeliverable);
        let delivery = failed.delivery(7, ReceiptForm::Tlv, dates, 0);
        assert_eq!((delivery.short_message.len(), &delivery.tlvs[2]), (0, &(0x0423, vec![3, 0, 1])));
        let delivery = failed.delivery(7, ReceiptForm::Text, dates, 0);
        assert!(delivery.tlvs.is_empty());
        assert!(delivery.short_message.ends_with(b"stat:UNDELIV err:001 text:"));
    }

    #[test]
    fn only_those_who_ask_get_receipts() {
        let plan = |flags: &[&str], asked| options(flags).receipts.plan(&mut Dice::new(1, 1), asked);
        assert_eq!(plan(&[], 0), None);
        assert_eq!(plan(&[], 0x10), None, "intermediate notifications are not simulated");
        let delivered = ReceiptPlan { state: FinalState::Delivered, copies: 1, early: false };
        assert_eq!(plan(&[], 1), Some(delivered));
        assert_eq!((plan(&[], 2), plan(&[], 3)), (None, Some(delivered)));
        let expired = ReceiptPlan { state: FinalState::Expired, ..delivered };
        assert_eq!(plan(&["--expired-percent=100"], 2), Some(expired));
        assert_eq!(plan(&["--expired-percent=100"], 3), None);
        let undeliverable = ReceiptPlan { state: FinalState::Undeliverable, ..delivered };
        assert_eq!(plan(&["--undelivered-percent=100", "--expired-percent=100"], 1), Some(undeliverable));
    }

    #[test]
    fn receipts_are_lost_doubled_and_early_as_asked() {
        let plan = |flags: &[&str]| options(flags).receipts.plan(&mut Dice::new(1, 1), 1).unwrap();
        assert_eq!(plan(&["--receipt-loss-percent=100", "--receipt-early-percent=100"]).copies, 0);
        assert!(!plan(&["--receipt-loss-percent=100", "--receipt-early-percent=100"]).early);
        assert_eq!(plan(&["--receipt-duplicate-percent=100"]).copies, 2);
        assert!(plan(&["--receipt-early-percent=100"]).early);
    }
}
