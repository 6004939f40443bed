//! Amounts of invoices: lines rounded to the minor unit of their currency, tax, what is due and what is still open; and when
//! an invoice is made, numbered, reminded of, and how old its debt is.
//!
//! Amounts are whole millionths of the currency unit in `i128`, so that no sum leaves what can be held, or whole minor units
//! where a name says so.

pub mod ageing;
pub mod due;
pub mod lines;
pub mod number;
pub mod reminder;
pub mod rounding;
pub mod schedule;
#[cfg(test)]
mod year;
