//! The rules of collecting money: states of payments and subscriptions, periods of the calendar, amounts of invoices, and the
//! documents that are made of them.
//!
//! Everything here is a function of its arguments: no clock, file, socket or randomness. The services that keep the documents
//! and ask the providers of payments are in `management`.

pub mod document;
pub mod invoice;
pub mod minor_unit;
pub mod payment;
pub mod period;
pub mod ratio;
pub mod subscription;
