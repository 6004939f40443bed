//! Delivery: which message goes to which operator and when, as one state machine.
mod accepted;
mod answers;
mod assign;
mod backlog;
mod committed;
mod country_breakers;
mod effect;
mod few;
mod flows;
mod gateways;
mod input;
mod leases;
mod likeness;
mod links;
mod long_messages;
mod machine;
mod message;
mod now;
mod operator;
mod operators;
mod outbox;
mod past_unknown;
mod planted;
mod queueing;
mod reading;
mod receipt_ids;
mod receipts;
mod restore;
mod schedule;
mod scheduled;
mod sending;
mod settings;
mod status;
mod timers;
mod tracked;
mod unmatched;
mod view;

pub use effect::{
    Acceptance, AskedOperator, Batch, CommitResult, Effect, Ended, Event, EventOutcome, LeasedMessage,
    MatchedReceipt, Read, Report, UnmatchedReason,
};
pub use input::{
    AcceptedMessage, Answer, BindNumber, CancelledMessage, Found, GatewayReceipt, Input, KeptReceipt,
    LinkNumber, Receipt, Restored, RestoredLease, WaitingOnDisk,
};
pub use machine::Delivery;
pub use message::{Addresses, CLASSES, Message, MessageKey};
pub use now::Now;
pub use operator::OperatorView;
pub use settings::{Configuration, OperatorSettings, Settings, UnknownPolicy};
pub use status::{Meaning, gateway_may_take_later, meaning};
pub use view::Totals;
