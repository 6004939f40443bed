//! Messages after their charge: every event, in every order that can come.

mod acceptances;
mod cancellations;
mod doubts;
mod failures;
mod leases;
mod receipts;
mod schedules;
mod unmatched;
