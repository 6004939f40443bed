//! A message as the PDU carries it.

/// The text and header of a message, as the PDU carries them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Body<'a> {
    /// The data coding scheme (SMPP 3.4 §5.2.19).
    pub data_coding: u8,
    /// True if `esm_class` says that a user data header comes first (SMPP 3.4 §5.2.12).
    pub udhi: bool,
    /// The three `sar_*` parameters, where the PDU has all of them.
    pub sar: Option<Sar>,
    /// Header and text.
    pub octets: &'a [u8],
    /// True if they were in `message_payload` rather than in `short_message`.
    pub in_payload: bool,
}

impl Body<'_> {
    /// The most that `short_message` holds (SMPP 3.4 §5.2.22).
    pub const SHORT_MESSAGE_OCTETS_MAX: usize = 254;
}

/// The place of a PDU in a longer message (SMPP 3.4 §5.3.2.22 to §5.3.2.24).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sar {
    /// The same in every part.
    pub reference: u16,
    /// The number of parts.
    pub total: u8,
    /// The number of this part, from one.
    pub sequence: u8,
}

impl Sar {
    /// Values that contradict one another are to be ignored, and the only part of one is no part.
    pub(super) fn is_part(self) -> bool {
        self.total > 1 && (1..=self.total).contains(&self.sequence)
    }
}
