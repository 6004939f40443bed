//! A CDR that is not what its tariff version makes of it.

use std::fmt;

use serde_json::{Value, json};
use tollgate_engine::money::Amount;
use tollgate_engine::network::NetworkCode;
use tollgate_engine::tables::NetworkSource;
use tollgate_storage::cdr::Cdr;

use super::again::{BlockTerms, RatedAgain};

/// The first CDR that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The number of the account and the message, by which differences are in order.
    pub place: (u32, u64),
    /// The id of the account.
    pub account: String,
    /// The currency of the account.
    pub currency: String,
    /// The amount that was debited.
    pub charged: Amount,
    /// The amount that it would be; `None` where the message would be refused, or nothing can be said.
    pub would_be: Option<Amount>,
    /// All else that is another, in words.
    pub others: Vec<String>,
}

impl Difference {
    /// The id of the message.
    pub fn message_id(&self) -> u64 {
        self.place.1
    }

    /// The difference as JSON for programs.
    pub fn json(&self) -> Value {
        json!({
            "message_id": self.message_id().to_string(),
            "account": self.account,
            "currency": self.currency,
            "charged": self.charged.to_string(),
            "would_be": self.would_be.map(|amount| amount.to_string()),
            "others": self.others,
        })
    }
}

/// The difference in one line for people.
impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { account, currency, charged, .. } = self;
        write!(f, "message {} of account {account}: charged {charged} {currency}", self.message_id())?;
        match self.would_be {
            Some(would_be) => write!(f, ", would be {would_be} {currency}")?,
            None => write!(f, ", would have no price")?,
        }
        self.others.iter().try_for_each(|other| write!(f, "; {other}"))
    }
}

/// All but the amount that is another than in the CDR, in words.
pub fn others(cdr: &Cdr<'_>, terms: &BlockTerms<'_>, again: &RatedAgain, currency: &str) -> Vec<String> {
    let (header, fields, plan) = (&cdr.header, &cdr.fields, &terms.plan.plan);
    let mut others = Vec::new();
    if header.plan != &*plan.name {
        others.push(format!("plan {}, would be {}", header.plan, plan.name));
    }
    if plan.currency.as_str() != currency {
        others.push(format!("currency of plan {} is {}", plan.name, plan.currency));
    }
    if header.month != terms.month {
        others.push(format!("month {}, would be {}", header.month, terms.month));
    }
    if again.network != Some((fields.network, fields.network_source)) {
        let was = network_words(fields.network, fields.network_source);
        let would_be = match again.network {
            Some((network, source)) => network_words(network, source),
            None => "none".to_owned(),
        };
        others.push(format!("network {was}, would be {would_be}"));
    }
    others.extend(again.levels.iter().cloned());
    others
}

fn network_words(network: NetworkCode, source: NetworkSource) -> String {
    match source {
        NetworkSource::Tlv => format!("{network} named in the TLV"),
        NetworkSource::Ported => format!("{network} by ported numbers"),
        NetworkSource::Prefix(digits) => format!("{network} by {digits} digits"),
    }
}
