//! The text of a receipt as we send it: the standard's example to the letter, because that is what every
//! client reads.

use super::state;

/// One receipt to be written (SMPP 3.4 Appendix B).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReceiptText<'a> {
    /// Our id of the message, as its response had it.
    pub id: &'a str,
    /// The number of parts submitted.
    pub sub: u32,
    /// The number of parts delivered.
    pub dlvrd: u32,
    /// The time at which the message came in, as `YYMMDDhhmm`.
    pub submitted_at: &'a str,
    /// The time at which it reached its state, as `YYMMDDhhmm`.
    pub done_at: &'a str,
    /// The standard's number (SMPP 3.4 §5.2.28); one that it does not have is written as UNKNOWN.
    pub state: u8,
    /// The network's error, or zero.
    pub error: u16,
}

impl ReceiptText<'_> {
    /// The text. It ends with an empty `text:`, since the message's own words are not ours to repeat.
    pub fn write(&self) -> Vec<u8> {
        let Self { id, sub, dlvrd, submitted_at, done_at, state, error } = self;
        let stat = state::word(*state);
        format!(
            "id:{id} sub:{sub:03} dlvrd:{dlvrd:03} submit date:{submitted_at} done date:{done_at} \
             stat:{stat} err:{error:03} text:"
        )
        .into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::receipt::Receipt;
    use crate::receipt::state::word;

    #[test]
    fn it_is_the_standards_example() {
        let text = ReceiptText {
            id: "176368320000000001",
            sub: 1,
            dlvrd: 1,
            submitted_at: "2611210000",
            done_at: "2611210001",
            state: 2,
            error: 0,
        };
        assert_eq!(
            String::from_utf8(text.write()).unwrap(),
            "id:176368320000000001 sub:001 dlvrd:001 submit date:2611210000 done date:2611210001 \
             stat:DELIVRD err:000 text:"
        );
    }

    proptest! {
        #[test]
        fn what_we_write_we_read(
            id in "[0-9A-Z]{1,18}",
            sub in any::<u32>(),
            dlvrd in any::<u32>(),
            submitted_at in "[0-9]{10}",
            done_at in "[0-9]{10}",
            state in 0..10_u8,
            error in any::<u16>(),
        ) {
            let written = ReceiptText {
                id: &id, sub, dlvrd, submitted_at: &submitted_at, done_at: &done_at, state, error,
            };
            let read = Receipt::of_text(&written.write()).unwrap();
            let expected = Receipt {
                id: id.clone().into_bytes(),
                state: Some(state),
                word: Some(word(state).as_bytes().to_vec()),
                error: Some(format!("{error:03}").into_bytes()),
                submitted: Some(submitted_at.clone().into_bytes()),
                done: Some(done_at.clone().into_bytes()),
                sub: Some(sub),
                dlvrd: Some(dlvrd),
                ..Receipt::default()
            };
            prop_assert_eq!(read, expected);
        }
    }
}
