//! The element names in which invoices and credit notes differ.

/// The element names in which invoices and credit notes differ.
pub struct Words {
    /// The element around all others.
    pub root: &'static str,
    /// The element of the type's code.
    pub type_element: &'static str,
    /// The code of UNCL 1001.
    pub type_code: &'static str,
    /// The element of a line.
    pub line: &'static str,
    /// The element of a line's quantity.
    pub quantity: &'static str,
}

/// The names of an invoice.
pub const INVOICE: Words = Words {
    root: "Invoice",
    type_element: "cbc:InvoiceTypeCode",
    type_code: "380",
    line: "cac:InvoiceLine",
    quantity: "cbc:InvoicedQuantity",
};

/// The names of a credit note.
pub const CREDIT_NOTE: Words = Words {
    root: "CreditNote",
    type_element: "cbc:CreditNoteTypeCode",
    type_code: "381",
    line: "cac:CreditNoteLine",
    quantity: "cbc:CreditedQuantity",
};
