//! The form of message ids in receipts to gateways.

/// The form in which the text of a receipt names a message of a bind of SMPP 3.3. Its response names it in hexadecimal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Smpp33ReceiptIds {
    /// As the response did.
    #[default]
    Hexadecimal,
    /// In decimal, as SMPP 3.4 Appendix B has it and some gateways of SMPP 3.3 expect it.
    Decimal,
}
