//! A batch of messages at every stage, and the shipped tariff.

use std::sync::Arc;

use tollgate_benches::fixture::{shipped, traffic};
use tollgate_engine::account::AccountNumber;
use tollgate_engine::charging::{self, Message, Rated};
use tollgate_engine::money::Amount;
use tollgate_engine::refusal::StatusTable;
use tollgate_engine::segments::Body;
use tollgate_engine::tables::{Tables, Terms};
use tollgate_engine::time::UnixMicros;
use tollgate_engine::wallet::{Wallet, WalletState};
use tollgate_provisioning as config;
use tollgate_smpp::frame::Frames;
use tollgate_smpp::pdu::{Address, Destinations, Submit, SubmitKind};
use tollgate_tools::load::Mix;

/// Messages in a batch.
pub const BATCH: u32 = 1000;

/// Longer than any PDU here.
pub const PDU_OCTETS_MAX: usize = 70_000;

/// A moment in the first month of use.
pub const NOW: UnixMicros = UnixMicros(1_795_000_000_000_000);

const SEED: u64 = 1;
const ACCOUNT: &str = "biz_test_002";

pub struct Fixture {
    /// The batch as it comes off a socket.
    pub wire: Vec<u8>,
    pub tables: Tables,
    pub terms: Arc<Terms>,
    /// The batch as it is rated, in the same order.
    pub rated: Vec<Rated>,
}

impl Fixture {
    pub fn load() -> Self {
        let wire = traffic(Mix::Real).unwrap().wire(SEED, BATCH);
        let loaded = config::load(&shipped("tollgate.toml")).unwrap();
        let definition = loaded.provisioning.definition(&StatusTable::default());
        let tables = Tables::build(definition).unwrap();
        let terms = Arc::clone(tables.terms(ACCOUNT).unwrap());
        let mut fixture = Self { wire, tables, terms, rated: Vec::new() };
        let rated = fixture.submits().iter().map(|submit| fixture.rate(submit)).collect();
        fixture.rated = rated;
        fixture
    }

    /// The batch as it is decoded.
    pub fn submits(&self) -> Vec<Submit<'_>> {
        let frames = Frames::new(&self.wire, PDU_OCTETS_MAX).map(Result::unwrap);
        let submits =
            frames.map(|frame| Submit::parse(SubmitKind::SubmitSm, frame.header.sequence, frame.body));
        submits.map(Result::unwrap).collect()
    }

    fn rate(&self, submit: &Submit<'_>) -> Rated {
        charging::rate(&self.tables, &self.terms, &message(submit), NOW).unwrap()
    }
}

/// A wallet that can pay for more than is ever asked of it.
pub fn rich_wallet(number: AccountNumber) -> Wallet {
    Wallet::new(number, WalletState { balance: Amount::MAX.into(), ..WalletState::default() })
}

/// The tables and settings that a message is rated by.
pub fn message<'a>(submit: &Submit<'a>) -> Message<'a> {
    let to = destination(submit);
    let body = Body {
        data_coding: submit.data_coding,
        udhi: submit.esm_class & 0x40 != 0,
        sar: None,
        octets: submit.payload,
        in_payload: submit.from_message_payload,
    };
    Message {
        source: submit.source.digits,
        destination: to.digits,
        destination_ton: to.ton,
        destination_npi: to.npi,
        network_tlv: None,
        body,
    }
}

fn destination<'a>(submit: &Submit<'a>) -> Address<'a> {
    match submit.destinations {
        Destinations::One(to) => to,
        Destinations::Many(_) => unreachable!("submit_sm has one destination"),
    }
}
