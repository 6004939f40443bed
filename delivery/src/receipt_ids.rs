//! The form of ids that an operator uses in its receipts, found out from those that have a message.
//!
//! Until it is known every reading of an id is tried. Once a few receipts in a row were found by one reading, and would
//! not have been by another, that one is believed: it is tried first, and a receipt that is found by another has to name
//! its message's number as well. If receipts in a row are found by another reading, the operator has changed.

use tollgate_engine::receipt_id::{ReceiptIdFormat, id_candidates};

/// Receipts in a row after which a form is believed.
const ENOUGH: u32 = 3;

/// The forms that tell how an id is read.
const FORMS: [ReceiptIdFormat; 3] =
    [ReceiptIdFormat::AsIs, ReceiptIdFormat::HexToDecimal, ReceiptIdFormat::DecimalToHex];

/// The knowledge of one operator's ids.
#[derive(Clone, Copy, Debug, Default)]
pub struct LearnedIds {
    configured: ReceiptIdFormat,
    /// The form that was found out; `Any` for none yet.
    learned: ReceiptIdFormat,
    latest: ReceiptIdFormat,
    in_a_row: u32,
}

/// One way to read an id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The form by which it is read so.
    pub form: ReceiptIdFormat,
    /// The id that the operator's response had, in canonical form.
    pub id: Vec<u8>,
    /// True if the reading is as good as any: nothing else is believed of this operator.
    pub is_believed: bool,
}

impl LearnedIds {
    /// The form that is configured; `Any` for none.
    pub fn configure(&mut self, form: ReceiptIdFormat) {
        self.configured = form;
    }

    /// Takes over the form that was found out before the process started.
    pub fn restore(&mut self, form: ReceiptIdFormat) {
        self.learned = form;
    }

    /// The form that is believed: what was found out comes before what is configured.
    pub fn believed(self) -> ReceiptIdFormat {
        if self.learned == ReceiptIdFormat::Any { self.configured } else { self.learned }
    }

    /// The ways to read an id, in the order to try.
    pub fn readings(self, id: &[u8], other_id: Option<&[u8]>) -> Vec<Reading> {
        let believed = self.believed();
        let mut forms = FORMS;
        forms.sort_by_key(|form| *form != believed);
        let mut readings: Vec<Reading> = Vec::with_capacity(3);
        for id in [Some(id), other_id].into_iter().flatten() {
            for form in forms {
                let Some(read) = id_candidates(id, form).into_iter().next() else { continue };
                if !readings.iter().any(|reading| reading.id == read) {
                    let is_believed = believed == ReceiptIdFormat::Any || believed == form;
                    readings.push(Reading { form, id: read, is_believed });
                }
            }
        }
        readings
    }

    /// Notes that the receipt with this id was of the message with that one. Returns what is believed from now on, where
    /// it is something else than before.
    pub fn note(&mut self, receipt_id: &[u8], upstream_id: &[u8]) -> Option<ReceiptIdFormat> {
        let finds = |form: &ReceiptIdFormat| {
            id_candidates(receipt_id, *form).first().is_some_and(|id| id == upstream_id)
        };
        let form = FORMS.iter().find(|form| finds(form))?;
        if *form == self.latest && *form == self.believed() {
            return None;
        }
        // An id that reads alike in all forms, as one of a single digit does, tells nothing.
        if FORMS.iter().all(finds) {
            return None;
        }
        self.in_a_row = if *form == self.latest { self.in_a_row + 1 } else { 1 };
        self.latest = *form;
        if self.in_a_row < ENOUGH || *form == self.believed() {
            return None;
        }
        self.learned = *form;
        Some(*form)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(learned: LearnedIds, id: &str) -> Vec<String> {
        let readings = learned.readings(id.as_bytes(), None);
        readings.into_iter().map(|reading| String::from_utf8(reading.id).unwrap()).collect()
    }

    #[test]
    fn the_form_is_found_out_and_a_change_is_seen() {
        let mut learned = LearnedIds::default();
        assert_eq!(ids(learned, "0255"), ["255", "597", "ff"]);
        assert_eq!(learned.note(b"7", b"7"), None, "this tells nothing");
        for _ in 1..ENOUGH {
            assert_eq!(learned.note(b"255", b"ff"), None);
        }
        assert_eq!(learned.note(b"255", b"ff"), Some(ReceiptIdFormat::DecimalToHex));
        assert_eq!(learned.note(b"255", b"ff"), None, "it is known");
        assert_eq!(ids(learned, "0255"), ["ff", "255", "597"]);
        assert!(!learned.readings(b"0255", None)[1].is_believed);
        for _ in 1..ENOUGH {
            assert_eq!(learned.note(b"0A1B", b"a1b"), None);
        }
        assert_eq!(learned.note(b"0A1B", b"a1b"), Some(ReceiptIdFormat::AsIs));
    }

    #[test]
    fn what_is_configured_is_believed_until_receipts_say_otherwise() {
        let mut learned = LearnedIds::default();
        learned.configure(ReceiptIdFormat::HexToDecimal);
        assert_eq!(learned.believed(), ReceiptIdFormat::HexToDecimal);
        for _ in 0..ENOUGH {
            learned.note(b"255", b"ff");
        }
        assert_eq!(learned.believed(), ReceiptIdFormat::DecimalToHex);
    }
}
