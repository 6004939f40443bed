//! The commands beside `run`. Each prints its result, or returns an error that a person can read.

pub mod accounts;
pub mod admin;
pub mod anchor;
pub mod backup;
pub mod balance;
pub mod binds;
pub mod cdr;
pub mod check;
pub mod doctor;
pub mod export;
pub mod hash_password;
pub mod import;
pub mod login;
pub mod operators;
pub mod quote;
pub mod receipts;
pub mod restore;
pub mod topup;
pub mod verify;
