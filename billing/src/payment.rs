//! Payments: the states that one goes through, what a provider's word about it changes, amounts as providers write them, and
//! the decision when an account's wallet is filled again by itself.

pub mod dispute;
pub mod look;
pub mod minor_units;
pub mod observation;
pub mod recharge;
pub mod refund;
pub mod share;
pub mod state;
