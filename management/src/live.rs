//! The source of all streams: live figures of the process as the API shows them, and changes that are found by looking.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use parking_lot::Mutex;
use tollgate_api::caller::Caller;
use tollgate_api::stream::{
    AccountFigures, Change, Hub, LiveAnswers, LiveFigures, LiveOperator, LiveRates, LiveRefusal, Owner,
    StreamService, Topic,
};
use tollgate_api::time::Time;
use tollgate_api::wallets::{BalanceQuery, WalletsService};
use tollgate_relay::live::{self, Live, LiveSampler};
use tollgate_relay::snapshot::Snapshot;
use tollgate_storage::clock::now;

use crate::billing::wallets::Wallets;
use crate::context::Context;
use crate::identity::browser_sessions::BrowserSessions;
use crate::identity::visibility::Visibility;
use crate::operators::condition::breaker_state;

/// The id of a change of many things.
const MANY: &str = "*";

/// The source of all streams.
pub struct LiveFeed {
    context: Arc<Context>,
    visibility: Arc<Visibility>,
    browsers: Arc<BrowserSessions>,
    wallets: Arc<Wallets>,
    sampler: LiveSampler,
    seen: Mutex<Seen>,
}

/// The state that was seen last.
struct Seen {
    snapshot: Arc<Snapshot>,
    binds_revision: u64,
    /// The account of each open bind.
    binds: BTreeMap<u64, Arc<str>>,
}

impl std::fmt::Debug for LiveFeed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LiveFeed").finish_non_exhaustive()
    }
}

impl LiveFeed {
    /// Of this process, from now on.
    pub fn new(
        context: Arc<Context>,
        visibility: Arc<Visibility>,
        browsers: Arc<BrowserSessions>,
        wallets: Arc<Wallets>,
    ) -> Self {
        let sampler = LiveSampler::new(Arc::clone(&context.core));
        let snapshot = context.core.snapshot.load_full();
        let seen = Mutex::new(Seen { snapshot, binds_revision: 0, binds: BTreeMap::new() });
        Self { context, visibility, browsers, wallets, sampler, seen }
    }
}

impl Seen {
    /// The accounts whose binds are others than before.
    fn accounts_with_other_binds(&mut self, after: BTreeMap<u64, Arc<str>>) -> BTreeSet<Arc<str>> {
        let before = std::mem::replace(&mut self.binds, after);
        let ended = before.iter().filter(|(number, _)| !self.binds.contains_key(number));
        let begun = self.binds.iter().filter(|(number, _)| !before.contains_key(number));
        ended.chain(begun).map(|(_, account)| Arc::clone(account)).collect()
    }
}

impl StreamService for LiveFeed {
    fn hub(&self) -> &Arc<Hub> {
        &self.context.hub
    }

    fn goes_on(&self, caller: &Caller) -> bool {
        self.browsers.goes_on(caller)
    }

    fn may_see(&self, caller: &Caller, account: &str) -> bool {
        self.visibility.may_see(caller, account)
    }

    fn found(&self) -> Vec<Change> {
        let (core, mut seen) = (&self.context.core, self.seen.lock());
        let (mut found, at) = (Vec::new(), now().0);
        let snapshot = core.snapshot.load_full();
        if !Arc::ptr_eq(&snapshot, &seen.snapshot) {
            let version = snapshot.tables.version.to_string();
            for (topic, id) in
                [(Topic::Tariff, version.as_str()), (Topic::Accounts, MANY), (Topic::Operators, MANY)]
            {
                found.push(Change { topic, id: id.to_owned(), revision: at, of: Owner::Everybody });
            }
            seen.snapshot = snapshot;
        }
        let open_binds = core.clients.open_binds();
        let revision = open_binds.revision();
        if std::mem::replace(&mut seen.binds_revision, revision) != revision {
            let binds = open_binds.all().into_iter().map(|(number, bind)| (number, bind.account));
            found.extend(seen.accounts_with_other_binds(binds.collect()).into_iter().map(|account| {
                let of = Owner::Account(account.to_string());
                Change { topic: Topic::Binds, id: account.to_string(), revision, of }
            }));
        }
        found
    }

    fn house(&self) -> Option<LiveFigures> {
        let live = self.sampler.look();
        let live = live.inspect_err(|error| tracing::warn!(%error, "live figures cannot be worked out"));
        live.ok().map(|live| figures(&live))
    }

    fn account(&self, account: &str) -> Option<AccountFigures> {
        let balance = self.wallets.balance(&Caller::system(), account, BalanceQuery::default()).ok()?;
        let (binds, per_second) = self.context.core.clients.open_binds().of_account(account, now());
        Some(AccountFigures { balance, per_second, binds })
    }
}

fn figures(live: &Live) -> LiveFigures {
    let live::Rates { charged, refused, replayed, segments, commits } = live.rates;
    let queue_ages = live.operators.iter().filter_map(|operator| operator.queue_age);
    LiveFigures {
        at: Time(live.at),
        per_second: LiveRates { charged, refused, replayed, segments, commits },
        refusals: live
            .refusals
            .iter()
            .map(|(refusal, rate)| LiveRefusal { reason: refusal.name().to_owned(), per_second: *rate })
            .collect(),
        answers: LiveAnswers { p50_micros: live.p50_micros, p99_micros: live.p99_micros },
        queued: live.operators.iter().map(|operator| operator.queued).sum(),
        queue_age_seconds: queue_ages.max().map(|age| age.as_secs()),
        commit_queue: live.commit_queue as u64,
        binds: live.binds as u64,
        operators: live.operators.iter().map(operator).collect(),
    }
}

fn operator(operator: &live::LiveOperator) -> LiveOperator {
    let view = &operator.view;
    LiveOperator {
        code: operator.code.to_string(),
        available: view.is_available,
        links_bound: view.links,
        links: u32::try_from(operator.links).unwrap_or(u32::MAX),
        breaker: breaker_state(view.breaker),
        score: view.health.score,
        per_second: view.health.per_second,
        throughput_per_second: operator.throughput_per_second,
        queued: operator.queued,
        queue_age_seconds: operator.queue_age.map(|age| age.as_secs()),
        in_flight: view.in_flight,
        window: view.windows,
        latency_p99_micros: view.health.p99_micros,
    }
}
