//! A message as the PDU carries it.

/// What is sent, as the PDU carries it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Body<'a> {
    /// The data coding scheme (SMPP 3.4 §5.2.19).
    pub data_coding: u8,
    /// Whether `esm_class` says that a user data header comes first (SMPP 3.4 §5.2.12).
    pub udhi: bool,
    /// The three `sar_*` parameters, where the PDU has all of them.
    pub sar: Option<Sar>,
    /// Header and text.
    pub octets: &'a [u8],
    /// Whether they were in `message_payload` rather than in `short_message`.
    pub in_payload: bool,
}

impl Body<'_> {
    /// The most that `short_message` holds (SMPP 3.4 §5.2.22).
    pub const SHORT_MESSAGE_OCTETS_MAX: usize = 254;
}

/// Which part of a longer message a PDU is (SMPP 3.4 §5.3.2.22 to §5.3.2.24).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sar {
    /// The same in every part.
    pub reference: u16,
    /// How many parts there are.
    pub total: u8,
    /// Which of them this is, from one.
    pub sequence: u8,
}

impl Sar {
    /// Values that contradict one another are to be ignored, and the only part of one is no part.
    pub(super) fn is_part(self) -> bool {
        self.total > 1 && (1..=self.total).contains(&self.sequence)
    }
}
