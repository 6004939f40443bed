//! Delivery as one state machine: which message goes to which operator and when.
//!
//! **Architecture invariant:** nothing here does I/O. There is no clock, thread, lock, storage handle or randomness: what has
//! happened and the time go in ([`Delivery::handle`], [`Delivery::advance`]), what is to be done comes out
//! ([`Delivery::poll_effect`]). The same inputs give the same effects, so that the simulation (`simulation/`) replays any
//! world from its seed.
//!
//! # A message's states
//!
//! ```text
//!  durable ─► Waiting ──► Leasing ──► Ready ──► InFlight ──► Ending ─► (gone; accepted messages are known by the
//!    │         ▲ ▲ ▲  ╲                 │          │ │          ▲       operator's id until their receipt has come)
//!  on disk ────┘ │ │   ╲ Held (behind an older one │ └─ Unknown ┤
//!  (backlog,     │ │    ╲  to the same destination)│       │    │
//!  scheduled)    │ └─ Aside (until a time) ◄───────┘       │    │
//!                └─ Standby (its operator has no room)     │    │
//!                   sent again, marked ◄───────────────────┘ given up
//! ```
//!
//! A message is in one place (`tracked::Place`), and one function changes that, so that counts are exact. Queues hold ids, and
//! step over those that have gone elsewhere.
//!
//! # Who owns what
//!
//! [`Delivery`] only passes inputs on. Each part owns its state, and knows none of the parts below it in this list:
//!
//! - `traffic`: the messages in memory (`tracked`, which counts them by place) and all that goes with their places:
//!   operators with their queues and breakers (`operators`, `backlog`), the order to one destination (`flows`), what is
//!   done at a time (`schedule`: spans by the time that never jumps, dates by the believed date), events on their way to
//!   disk (`outbox`), and effects.
//! - `sending`: the way from a queue to an operator's answer: who gets a message, the lease that is durable before it is
//!   sent (`leases`), links' windows (`links`), unknown outcomes (`unknown`).
//! - `queues`: scheduled messages and ends of validities on disk, and the pages that bring them back.
//! - `receipts`: the message of a receipt (`accepted`, `lookups`), forms of ids (`receipt_ids`), receipts without a message
//!   (`unmatched`). It knows nothing of `queues`.
//! - `gateways`: receipts on their way to gateways. It knows none of the others.
//! - `machine`: the inputs, and what is done at a time (`timers`), once events are durable (`committed`), and at a start
//!   (`restore`).
//!
//! # The shell
//!
//! One thread owns a [`Delivery`] and the receiving end of a bounded channel of inputs; links, the committer's sink and
//! gateways' sessions hold the sending end. A full channel makes them wait, which bounds what is under way.
//!
//! ```no_run
//! # use std::time::Duration;
//! # use tollgate_delivery::{Delivery, Effect, Input, Now};
//! # struct Shell;
//! # impl Shell {
//! #     fn now(&self) -> Now { unimplemented!() }
//! #     fn receive(&self, _: Duration) -> Option<Input> { None }
//! #     fn is_more(&self) -> bool { false }
//! #     fn commit(&self, _: std::sync::Arc<tollgate_delivery::Batch>) {}
//! #     fn link(&self, _: Effect) {}
//! #     fn read(&self, _: tollgate_delivery::Read) {}
//! #     fn gateway(&self, _: Effect) {}
//! #     fn report(&self, _: tollgate_delivery::Report) {}
//! # }
//! fn run(mut delivery: Delivery, shell: &Shell) {
//!     loop {
//!         let now = shell.now();
//!         let due = delivery.next_due(now).map_or(1_000_000, |due| due.0.saturating_sub(now.steady.0));
//!         let mut input = shell.receive(Duration::from_micros(due));
//!         let now = shell.now();
//!         // Everything that has come since the last turn is one turn, and its events are one batch.
//!         while let Some(happened) = input.take() {
//!             delivery.handle(happened, now);
//!             input = if shell.is_more() { shell.receive(Duration::ZERO) } else { None };
//!         }
//!         delivery.advance(now);
//!         while let Some(effect) = delivery.poll_effect() {
//!             match effect {
//!                 // The committer answers with `Input::Committed`; a full queue is `CommitResult::Refused`.
//!                 Effect::Commit(batch) => shell.commit(batch),
//!                 Effect::Send { .. } | Effect::Acknowledge { .. } => shell.link(effect),
//!                 Effect::Read(read) => shell.read(read),
//!                 Effect::SendReceipt { .. } => shell.gateway(effect),
//!                 Effect::Report(report) => shell.report(report),
//!             }
//!         }
//!     }
//! }
//! ```
//!
//! Inputs about durable changes ([`Input::Durable`], [`Input::Cancelled`], [`Input::Replaced`], [`Input::GatewayReceipts`])
//! come in the order of their commits, and each change is told of once.
//!
//! # What it promises
//!
//! - A message is on a wire only while a durable lease names it; a lease says which operator may have it already.
//! - It comes to one end. One that an operator may have is never expired or rejected: its end is unknown.
//! - A receipt is acknowledged once what follows from it is durable, and goes to a message only where no other may be meant.
//! - A scheduled message leaves when it is due, whatever went before it, and not before by a clock that is in doubt.
//! - What has room is not held up behind what has not. Messages of one account, class and first choice to one destination go
//!   in their order. Every class has its turn.
//! - Memory is bounded by the settings: messages by first choice, due scheduled messages, accepted messages, receipts
//!   without a message, and 256 receipts for gateways by account. The rest is on disk, counted, and read in pages.

mod accepted;
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
mod lookups;
mod machine;
mod message;
mod now;
mod operator;
mod operators;
mod outbox;
mod peers;
mod planted;
mod queues;
mod reads;
mod receipt_ids;
mod receipts;
mod restore;
mod schedule;
mod scheduled;
mod sending;
mod settings;
#[cfg(test)]
mod simulation;
mod status;
mod timers;
mod tracked;
mod traffic;
mod unknown;
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
