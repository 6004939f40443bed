//! Compares the answers that the gateways got with the CDRs on disk.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use serde::Deserialize;

use super::books::ChargedMessage;

/// The result of the comparison.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Evidence {
    /// Messages that the gateways got an id for.
    pub acknowledged: usize,
    /// CDRs on disk.
    pub charged: usize,
    /// Acknowledged, but without a CDR of that account and destination under that id.
    pub missing: usize,
    /// Charged, but never acknowledged.
    pub unacknowledged: usize,
    /// Ids that were given, or charged, more than once.
    pub repeated: usize,
}

impl Evidence {
    /// True if every acknowledged message has exactly one CDR, and every CDR its message.
    pub fn is_sound(&self) -> bool {
        (self.missing, self.unacknowledged, self.repeated) == (0, 0, 0)
    }
}

#[derive(Deserialize)]
struct RecordedAnswer {
    outcome: String,
    system_id: String,
    destination: String,
    message_id: String,
}

/// Account and destination, by message id.
type Messages = HashMap<u64, (String, String)>;

/// Compares the record of a load with the CDRs. `account_ids` gives the account of each system id.
pub fn compare(
    record: &Path,
    charged: &[ChargedMessage],
    account_ids: &BTreeMap<String, String>,
) -> Result<Evidence, csv::Error> {
    let mut evidence = Evidence { charged: charged.len(), ..Evidence::default() };
    let mut acknowledged = Messages::new();
    for answer in csv::Reader::from_path(record)?.into_deserialize() {
        let RecordedAnswer { outcome, system_id, destination, message_id } = answer?;
        if outcome == "acknowledged" {
            evidence.acknowledged += 1;
            let account = account_ids.get(&system_id).cloned().unwrap_or(system_id);
            // An id that Tollgate cannot have given has no CDR, and so counts as missing.
            let id = message_id.parse().unwrap_or_default();
            evidence.repeated += usize::from(acknowledged.insert(id, (account, destination)).is_some());
        }
    }
    let mut on_disk = Messages::new();
    for message in charged {
        let what = (message.account.clone(), message.destination.clone());
        evidence.repeated += usize::from(on_disk.insert(message.message_id, what).is_some());
    }
    evidence.missing = acknowledged.iter().filter(|(id, what)| on_disk.get(id) != Some(what)).count();
    evidence.unacknowledged = on_disk.keys().filter(|id| !acknowledged.contains_key(id)).count();
    Ok(evidence)
}

#[cfg(test)]
mod tests {
    use tollgate_engine::money::Amount;

    use super::*;

    fn charged(message_id: u64, account: &str, destination: &str) -> ChargedMessage {
        ChargedMessage {
            message_id,
            account: account.to_owned(),
            destination: destination.to_owned(),
            country: "Kenya".to_owned(),
            operator: "Safaricom".to_owned(),
            segments: 1,
            price: Amount::from_micros(20_000),
            currency: "USD".to_owned(),
            state: "delivered".to_owned(),
            refunded: Amount::ZERO,
            operator_code: "alpha".to_owned(),
            cost: Amount::from_micros(12_000),
        }
    }

    /// Two messages acknowledged, one refused.
    fn compare_with(charged: &[ChargedMessage]) -> Evidence {
        let directory = tempfile::tempdir().unwrap();
        let record = directory.path().join("record.csv");
        let rows = "outcome,system_id,bind,sequence,number,destination,status,message_id\n\
            acknowledged,acme_smpp,0,2,0,254722000001,0,11\n\
            refused,acme_smpp,0,3,1,254722000002,69,\n\
            acknowledged,acme_smpp,0,4,2,254722000003,0,12\n";
        std::fs::write(&record, rows).unwrap();
        let account_ids = BTreeMap::from([("acme_smpp".to_owned(), "acme".to_owned())]);
        compare(&record, charged, &account_ids).unwrap()
    }

    #[test]
    fn one_cdr_for_each_acknowledged_message_is_sound() {
        let evidence =
            compare_with(&[charged(11, "acme", "254722000001"), charged(12, "acme", "254722000003")]);
        assert!(evidence.is_sound(), "{evidence:?}");
        assert_eq!((evidence.acknowledged, evidence.charged), (2, 2));
    }

    #[test]
    fn anything_else_is_not() {
        let first = || charged(11, "acme", "254722000001");
        let second = || charged(12, "acme", "254722000003");
        for (cdrs, missing, unacknowledged, repeated) in [
            (vec![first()], 1, 0, 0),
            (vec![first(), charged(12, "other", "254722000003")], 1, 0, 0),
            (vec![first(), charged(12, "acme", "254722000009")], 1, 0, 0),
            (vec![first(), second(), charged(13, "acme", "254722000002")], 0, 1, 0),
            (vec![first(), second(), second()], 0, 0, 1),
        ] {
            let evidence = compare_with(&cdrs);
            let found = (evidence.missing, evidence.unacknowledged, evidence.repeated);
            assert_eq!(found, (missing, unacknowledged, repeated), "{cdrs:?}");
            assert!(!evidence.is_sound());
        }
    }
}
