//! Price lists of every form that is known, hostile ones, and ones of Tollgate's own making.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "tests stop at a surprise"
)]

mod corpus;
mod honest;
mod hostile;
mod large;
mod made;
mod support;
mod workbooks;
