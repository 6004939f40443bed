//! Delivery receipts as a gateway reads them and as an operator writes them (SMPP 3.4 appendix B).

use super::sm::{INTERMEDIATE, MESSAGE_STATE, RECEIPT, RECEIPTED_MESSAGE_ID, Sm};

pub const ENROUTE: u8 = 1;
pub const DELIVERED: u8 = 2;
pub const EXPIRED: u8 = 3;
pub const DELETED: u8 = 4;
pub const UNDELIVERABLE: u8 = 5;
pub const REJECTED: u8 = 8;

const WORDS: [(u8, &str); 9] = [
    (ENROUTE, "ENROUTE"),
    (DELIVERED, "DELIVRD"),
    (EXPIRED, "EXPIRED"),
    (DELETED, "DELETED"),
    (UNDELIVERABLE, "UNDELIV"),
    (6, "ACCEPTD"),
    (7, "UNKNOWN"),
    (REJECTED, "REJECTD"),
    (9, "SKIPPED"),
];

/// The receipts that a gateway got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    pub id: String,
    pub state: u8,
    pub sm: Sm,
}

impl Receipt {
    /// `None` where the message is no receipt. Text and TLVs must say the same.
    pub fn of(sm: Sm) -> Option<Self> {
        if ![RECEIPT, INTERMEDIATE].contains(&(sm.esm_class & 0x3C)) {
            return None;
        }
        let text = String::from_utf8(sm.octets.clone()).expect("a receipt's text is ASCII");
        let id = field(&text, "id:").expect("a receipt names its message").to_owned();
        let word = field(&text, "stat:").expect("a receipt says the state");
        let (state, _) = WORDS.into_iter().find(|(_, known)| *known == word).expect("a state's word");
        if let Some(in_tlv) = sm.tlv_of(RECEIPTED_MESSAGE_ID) {
            assert_eq!(in_tlv, format!("{id}\0").as_bytes(), "the TLV says the same as the text");
            assert_eq!(sm.tlv_of(MESSAGE_STATE), Some([state].as_slice()));
        }
        Some(Self { id, state, sm })
    }

    /// The text behind a key such as `err:`.
    pub fn field(&self, key: &str) -> Option<String> {
        field(&String::from_utf8_lossy(&self.sm.octets), key).map(ToOwned::to_owned)
    }
}

fn field<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    let (_, after) = text.split_once(key)?;
    after.split(' ').next()
}

/// The word for a state.
pub fn word(state: u8) -> &'static str {
    WORDS.into_iter().find(|(number, _)| *number == state).expect("a state").1
}

/// The text of appendix B.
pub fn text(id: &str, state: u8) -> String {
    let delivered = u8::from(state == DELIVERED);
    format!(
        "id:{id} sub:001 dlvrd:00{delivered} submit date:2611210000 done date:2611210001 stat:{} err:000 text:",
        word(state)
    )
}

/// An operator's receipt for `message`, with nothing in it yet that says so.
fn empty(message: &Sm) -> Sm {
    Sm {
        source: message.destination.clone(),
        destination: message.source.clone(),
        esm_class: RECEIPT,
        ..Sm::default()
    }
}

/// A receipt for `message` as text.
pub fn as_text(message: &Sm, text: &str) -> Sm {
    Sm { octets: text.as_bytes().to_vec(), ..empty(message) }
}

/// A receipt for `message` in TLVs, with no text.
pub fn as_tlvs(message: &Sm, id: &str, state: u8) -> Sm {
    empty(message).tlv(RECEIPTED_MESSAGE_ID, format!("{id}\0").as_bytes()).tlv(MESSAGE_STATE, &[state])
}

/// A receipt for `message` in both forms.
pub fn in_both(message: &Sm, id: &str, state: u8) -> Sm {
    Sm { octets: text(id, state).into_bytes(), ..as_tlvs(message, id, state) }
}
