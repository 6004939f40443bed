//! The books as `tollgate export cdr` and `tollgate verify` give them.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::sandbox::Sandbox;

/// The header of the CSV, which readers of it rely on.
const HEADER: &str = "message_id,account,submitted_at,state,source,destination,mcc,mnc,country,operator,segments,price,\
                      currency,refunded,plan,tariff_version,tier_before,data_coding,dispatch_id,idempotency_key,\
                      user_message_reference,operator_code,state_at,accepted_at,cost,cost_currency,margin,attempts,\
                      possible_duplicate,error,upstream_id,tried,\
    operator_done_date,operator_done_at,user_sms_id,message_text,covered_by_bundles,bought,bought_currency,sold,sold_currency,\
    commission";

/// One message that was charged.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Cdr {
    pub message_id: String,
    pub account: String,
    pub state: String,
    pub source: String,
    pub destination: String,
    pub mcc: String,
    pub mnc: String,
    pub operator: String,
    pub segments: u32,
    pub price: String,
    pub currency: String,
    pub refunded: String,
    pub plan: String,
    pub tariff_version: String,
    pub dispatch_id: String,
    pub idempotency_key: String,
    pub operator_code: String,
    pub accepted_at: String,
    pub cost: String,
    pub cost_currency: String,
    pub margin: String,
    pub attempts: String,
    pub possible_duplicate: String,
    pub error: String,
    pub upstream_id: String,
}

impl Cdr {
    /// The sum of charges, less what was given back.
    pub fn net_micros(&self) -> i64 {
        let refunded = if self.refunded.is_empty() { 0 } else { micros(&self.refunded) };
        micros(&self.price) - refunded
    }
}

/// Every CDR in the sandbox's books, after `verify` has found that they balance and has rated each again.
pub fn balanced(sandbox: &Sandbox) -> Vec<Cdr> {
    let verified = sandbox.on_books(&["verify", "--rerate"]);
    let [.., books, prices] = verified.stdout.lines().collect::<Vec<_>>()[..] else {
        panic!("two lines at least: {verified:?}")
    };
    let is_right = books.starts_with("books balance:") && prices.starts_with("prices agree:");
    assert!(verified.code == Some(0) && is_right, "{verified:?}");
    exported(sandbox)
}

/// Every CDR in the sandbox's books.
pub fn exported(sandbox: &Sandbox) -> Vec<Cdr> {
    let export = sandbox.on_books(&["export", "cdr", "--format", "csv"]);
    assert_eq!(export.code, Some(0), "{}", export.stderr);
    assert_eq!(export.stdout.lines().next(), Some(HEADER));
    let mut reader = csv::Reader::from_reader(export.stdout.as_bytes());
    reader.deserialize().map(|row| row.expect("a row under the header")).collect()
}

/// The CDRs by `message_id`, each of which must stand there once.
pub fn by_id(cdrs: Vec<Cdr>) -> BTreeMap<String, Cdr> {
    let rows = cdrs.len();
    let by_id: BTreeMap<_, _> = cdrs.into_iter().map(|cdr| (cdr.message_id.clone(), cdr)).collect();
    assert_eq!(by_id.len(), rows, "no message_id is given twice");
    by_id
}

/// An amount such as `-0.0216` in millionths.
pub fn micros(amount: &str) -> i64 {
    let (sign, digits) = amount.strip_prefix('-').map_or((1, amount), |digits| (-1, digits));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    assert!(fraction.len() <= 6, "{amount} has at most six decimals");
    let number = |text: &str| text.parse::<i64>().unwrap_or_else(|_| panic!("{amount} is an amount"));
    sign * (number(whole) * 1_000_000 + number(&format!("{fraction:0<6}")))
}
