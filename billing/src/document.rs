//! Invoices, credit notes and statements as documents for people and for accounting programs.
//!
//! [`Content`] has everything that a document shows. [`InvoiceDocument::new`] refuses one whose sums do not add up, so that PDF
//! and XML only write down what they are given.

mod check;
mod content;
mod money;
mod party;
pub mod pdf;
#[cfg(test)]
mod sample;
mod tax;
pub mod ubl;

pub use check::{DocumentError, InvoiceDocument};
pub use content::{Content, CorrectedInvoice, Kind, Line, Movement, Period, StatementBalances, Totals, Unit};
pub use money::DocumentCurrency;
pub use party::{BankAccount, Party};
pub use tax::{Tax, TaxCategory};
