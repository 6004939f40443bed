//! The bodies and parameters of requests about charges and of what is given back of them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::money::{CurrencyCode, Money, MoneySum};
use crate::time::Time;
use crate::user_sms_id::UserSmsId;

/// Octets of a text or payload.
pub const PAYLOAD_OCTETS_MAX: usize = 65_535;

/// A message to charge, and to deliver where the account's messages are delivered.
#[derive(Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCharge {
    /// The account that pays.
    #[schema(example = "biz_test_001")]
    pub account: String,
    /// The destination, as a gateway would submit it: international digits, with or without `+` or `00`, or
    /// with a leading zero where the account has a default calling code.
    #[schema(min_length = 1, max_length = 20, example = "254722000001")]
    pub to: String,
    /// The sender: a number or letters.
    #[serde(default)]
    #[schema(max_length = 20, example = "TOLLGATE")]
    pub from: String,
    /// The text; it is encoded in GSM 03.38 where every character is in it, in UCS-2 otherwise. It is not
    /// kept with the CDR.
    #[serde(default)]
    #[schema(max_length = 65535, example = "Your code is 493817")]
    pub text: Option<String>,
    /// In place of a text: the octets to send, in hexadecimal digits.
    #[serde(default)]
    #[schema(pattern = "^([0-9A-Fa-f]{2})*$", max_length = 131_070, example = "48656C6C6F")]
    pub payload: Option<String>,
    /// The coding of the payload (SMPP 3.4 §5.2.19); for a payload alone, and 0 if it is not given.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 255)]
    pub data_coding: Option<u8>,
    /// True if the payload begins with a user data header; for a payload alone.
    #[serde(default)]
    pub udhi: Option<bool>,
    /// The dispatch that the message belongs to.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 64, example = "spring-sale")]
    pub dispatch_id: Option<String>,
    /// The client's own id for the message.
    #[serde(default)]
    pub user_sms_id: Option<UserSmsId>,
    /// The receipts to send (SMPP 3.4 §5.2.17): 0 for none, 1 for one at the end. They go to a bind of the
    /// account.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 255)]
    pub registered_delivery: u8,
    /// Higher ones leave first.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 3)]
    pub priority: u8,
    /// The time at which it is to leave, at most a year from now; at once if it is not given. Whole
    /// seconds.
    #[serde(default)]
    pub scheduled_at: Option<Time>,
    /// The end of its validity, at most a year from now, in whole seconds.
    #[serde(default)]
    pub expires_at: Option<Time>,
}

/// Without the text, so that a request can be logged.
impl std::fmt::Debug for NewCharge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { account, to, from, dispatch_id, user_sms_id, .. } = self;
        f.debug_struct("NewCharge")
            .field("account", account)
            .field("to", to)
            .field("from", from)
            .field("dispatch_id", dispatch_id)
            .field("user_sms_id", user_sms_id)
            .finish_non_exhaustive()
    }
}

/// The network of a number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Network {
    /// Mobile country code.
    #[schema(example = "639")]
    pub mcc: String,
    /// Mobile network code; null where the MCC alone is known.
    #[schema(example = "02")]
    pub mnc: Option<String>,
    /// Operator or brand; empty where only the code is known.
    #[schema(example = "Safaricom")]
    pub operator: String,
    /// ISO 3166-1 alpha-2; null for international networks.
    #[schema(example = "KE")]
    pub country: Option<String>,
    /// The country's name.
    #[schema(example = "Kenya")]
    pub country_name: Option<String>,
}

/// A message that was charged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Charge {
    /// Its id, the same as over SMPP.
    #[schema(example = "178466400000000000")]
    pub message_id: String,
    /// The account that paid.
    pub account: String,
    /// The destination in international form.
    #[schema(example = "254722000001")]
    pub destination: String,
    /// Of all segments; null where the caller is more than one level above the account.
    pub price: Option<Money>,
    /// Of every amount here.
    pub currency: CurrencyCode,
    /// The account's balance as this is answered; the one field that another answer to the same request may
    /// have another value of.
    pub balance: MoneySum,
    /// The number of segments charged.
    pub segments: u8,
    /// The network of the destination.
    pub network: Network,
    /// The tariff version that it was charged by.
    pub tariff_version: String,
    /// The dispatch that it belongs to.
    pub dispatch_id: Option<String>,
    /// The client's own id for it.
    pub user_sms_id: Option<UserSmsId>,
    /// The time at which it came.
    pub submitted_at: Time,
}

/// The reason for which a charge is given back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRefund {
    /// For the audit log.
    #[schema(min_length = 1, max_length = 2000, example = "sent twice by our fault")]
    pub reason: String,
}

/// A charge that was given back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Refund {
    /// The id of the message.
    #[schema(example = "178466400000000000")]
    pub message_id: String,
    /// The account that got the refund.
    pub account: String,
    /// The amount, which is the whole price.
    pub amount: Money,
    /// Of the amount.
    pub currency: CurrencyCode,
    /// The state of the message now. A refund cancels a message that was waiting.
    pub state: crate::cdr_state::CdrState,
    /// The reason that was given.
    pub reason: String,
    /// The time at which it became durable.
    pub at: Time,
}
