//! Messages that several accounts pay for, debited as the engine does, and bundles to take from.

use std::sync::{Arc, LazyLock};

use tollgate_engine::beside::Beside;
use tollgate_engine::bundle::{BundleNumber, BundleUnit};
use tollgate_engine::calendar::{Calendar, SpanUnit};
use tollgate_engine::cap::{Cap, CapId};
use tollgate_engine::chain::{self, LevelLeg, LevelRefusal};
use tollgate_engine::country::CountryCode;
use tollgate_engine::exchange::{Conversion, ExchangeRates};
use tollgate_engine::money::{Amount, Currency};
use tollgate_engine::number::Number;
use tollgate_engine::reselling::Earning;
use tollgate_engine::tariff::UnitPrice;
use tollgate_engine::time::{Month, UnixMicros};
use tollgate_engine::traffic::{Destination, TrafficScope};
use tollgate_engine::wallet::{Leg, Wallet};
use tollgate_storage::cdr::CdrFields;
use tollgate_storage::change::{BundleChange, EntryText};
use tollgate_storage::chunk::Chunk;
use tollgate_storage::rows::{BundleRow, LateRefund, Rollover, Validity};

use super::session::{Message, Session, cdr};
use super::{Books, MONTH};
use tollgate_engine::account::AccountNumber;

/// A level above the account that sends.
#[derive(Clone)]
pub struct LevelAbove<'a> {
    pub wallet: Arc<Wallet>,
    /// Of a segment, in micros.
    pub price: i64,
    pub month: Month,
    pub earning: Earning,
    pub caps: &'a [Cap],
    /// By which its caps count.
    pub calendar: &'a Calendar,
    /// From the currency of the level below.
    pub from_below: Conversion,
}

static UTC: LazyLock<Calendar> = LazyLock::new(|| Calendar::of_zone("UTC").unwrap());

impl LevelAbove<'_> {
    /// A level that pays this price for a segment in the tests' month and currency.
    pub fn paying(wallet: Arc<Wallet>, price: i64) -> Self {
        let usd = Currency::new("USD").unwrap();
        let from_below = ExchangeRates::default().at(usd, usd, UnixMicros(0)).unwrap();
        let (month, earning) = (MONTH, Earning::Wholesale);
        Self { wallet, price, month, earning, caps: &[], calendar: &UTC, from_below }
    }
}

impl Session {
    /// Debits every level as the engine does and puts the charge into the chunk.
    pub fn charge_levels(
        &self,
        chunk: &mut Chunk,
        message: &Message<'_>,
        (caps, above): (&[Cap], &[LevelAbove<'_>]),
        now: UnixMicros,
    ) -> Result<Beside, LevelRefusal> {
        let own = LevelAbove {
            month: message.month,
            caps,
            ..LevelAbove::paying(Arc::clone(&self.wallet), message.price)
        };
        let levels: Vec<LevelAbove<'_>> = std::iter::once(own).chain(above.iter().cloned()).collect();
        self.charge_at(chunk, message, &levels, now)
    }

    /// The same where the first level, that of the account itself, is given too.
    pub fn charge_at(
        &self,
        chunk: &mut Chunk,
        message: &Message<'_>,
        levels: &[LevelAbove<'_>],
        now: UnixMicros,
    ) -> Result<Beside, LevelRefusal> {
        let destination = Destination {
            number: Number::from_digits(message.destination.as_bytes()).unwrap(),
            network: message.network,
            country: CountryCode::new("KE"),
        };
        let leg = |level: &LevelAbove<'_>| Leg {
            wallet: &self.wallet,
            credit_limit: Amount::ZERO,
            plan: &self.plan,
            unit: UnitPrice { price: Amount::from_micros(level.price), is_base: level.price > 0 },
            has_rate: true,
            month: level.month,
            segments: u32::from(message.segments),
        };
        let legs: Vec<LevelLeg<'_>> = levels
            .iter()
            .map(|level| LevelLeg {
                leg: Leg { wallet: &level.wallet, ..leg(level) },
                network: message.network,
                earning: level.earning,
                from_below: Some(level.from_below),
                destination: Some(destination),
                caps: level.caps,
                calendar: level.calendar,
            })
            .collect();
        let mut beside = Beside { country: destination.country, ..Beside::default() };
        chain::debit(&legs, now.into(), &mut beside)?;
        let posting = beside.own.posting;
        let wallets: Vec<_> = levels[1..].iter().map(|level| Arc::clone(&level.wallet)).collect();
        let fields: CdrFields<'_> = cdr(message, &posting);
        chunk.push_with(&beside, &fields, &wallets);
        let route = message.route.map(|route| super::Route { has_postings: true, ..route });
        Self::follow(chunk, &Message { route, ..*message }, &posting);
        Ok(beside)
    }
}

/// A cap of messages in a day.
pub fn day_cap(name: &str, max_messages: u64, gives_back: bool) -> Cap {
    Cap {
        id: CapId::new(name, SpanUnit::Day),
        scope: TrafficScope::All,
        max_amount: None,
        max_messages: Some(max_messages),
        is_hard: true,
        gives_back,
    }
}

/// A bundle of segments for every destination, from time zero on.
pub fn bundle(units: u64, price: i64, expires_at: UnixMicros) -> BundleRow {
    BundleRow {
        product: "hundred".to_owned(),
        unit: BundleUnit::Segments,
        scope: Arc::new(TrafficScope::All),
        priority: 0,
        units,
        left: units,
        bought_at: UnixMicros(1),
        expires_at,
        price: Amount::from_micros(price),
        late_refund: LateRefund::Forfeit,
        rollover: Rollover::None,
        validity: Validity::Days(30),
        period: 0,
        origin: String::new(),
    }
}

impl Books {
    /// Buys a bundle and waits for it.
    pub fn buy(&self, account: AccountNumber, row: BundleRow) -> BundleNumber {
        let text = EntryText::reference("test");
        let bought = BundleChange::buy(self.wallet(account), row, Amount::ZERO, text).unwrap();
        BundleNumber(self.change(|change| change.bundles.push(bought)).unwrap().entries[0].id)
    }
}
