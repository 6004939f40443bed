//! The search for messages of all accounts, charged and refused, and the counts of refused ones. What is read, and when enough
//! is, storage decides; here is who may see what, and in which words.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tollgate_api::answer::Answer;
use tollgate_api::caller::Caller;
use tollgate_api::messages::{
    ListedMessage, MessageList, MessageTimeline, MessagesQuery, MessagesService, RefusalList, RefusalsQuery,
};
use tollgate_api::page::cursor;
use tollgate_api::problem::Problem;
use tollgate_api::time::Time;
use tollgate_engine::account::AccountNumber;
use tollgate_engine::time::UnixMicros;
use tollgate_exports::cdr::Names;
use tollgate_exports::messages::{
    Counting, Criteria, Filter, FollowedMessage, charged_view, count_refusals, refused_view,
    timeline_of_charged, timeline_of_refused,
};
use tollgate_provisioning::texts;
use tollgate_storage::clock::now;
use tollgate_storage::id_times::IdRanges;
use tollgate_storage::rows::{REFUSALS_KEPT_MICROS, RefusedMessage};
use tollgate_storage::store::Store;
use tollgate_storage::store::search::{Budget, Sought};

use super::lookup::{Lookup, no_message};
use super::paging::foreign_cursor;
use crate::context::Context;
use crate::identity::visibility::Visibility;
use crate::problems::unavailable;

/// The span that is searched where the query says none: seven days.
const SPAN_MICROS: u64 = 7 * 86_400 * 1_000_000;
/// The time that finding a page may take.
const PAGE_TIME: Duration = Duration::from_millis(800);
/// The time after which messages behind a full page are not counted any more.
const TOTAL_TIME: Duration = Duration::from_millis(250);
/// The time that counting refused messages may take.
const COUNT_TIME: Duration = Duration::from_secs(1);
/// Messages that an operator gave one id to, at most.
const SHARED_ID_MAX: usize = 100;

/// Searches messages for those who may see them.
#[derive(Debug)]
pub struct Messages {
    context: Arc<Context>,
    visibility: Arc<Visibility>,
    lookup: Arc<Lookup>,
}

/// The place at which a page begins, and what the pages before it told.
#[derive(Clone, Copy)]
struct Position {
    below: u64,
    from: UnixMicros,
    to: UnixMicros,
    total: u64,
    is_exact: bool,
}

/// A message that was refused, and the caller may see.
struct FoundRefusal {
    id: u64,
    message: RefusedMessage,
    names: Arc<Names>,
}

impl MessagesService for Messages {
    fn messages(&self, caller: &Caller, query: &MessagesQuery) -> Answer<MessageList> {
        let paging = query.paging()?;
        let names = self.lookup.names()?;
        let country = query.country.as_deref().map(country).transpose()?;
        let viewer = self.lookup.viewer(caller, &names)?;
        let asked = Criteria::read(query.clone(), &names, country, caller.reaches_all(), now())?;
        let filter = Filter::new(&asked, &names, &viewer);
        let position = paging.after.as_deref().map(Position::read).transpose()?;
        let accounts = self.lookup.senders(caller, &names, query.account.as_deref())?;
        let ids = self.ids(query, accounts.as_ref(), &names)?;
        let (from, to) = match position {
            Some(Position { from, to, .. }) => (from, to),
            None => span(query.from, query.to, ids.is_some())?,
        };
        let (charged, refused) = asked.kinds();
        if refused && position.is_none() {
            self.context.core.clients.wait_for_refusals();
        }
        let sought = Sought {
            accounts: accounts.as_ref(),
            times: from..to,
            ids: ids.unwrap_or_else(IdRanges::all).below(position.map_or(u64::MAX, |at| at.below)),
            keys: asked.keys(),
            charged,
            refused,
        };
        let started = Instant::now();
        let budget = Budget {
            items: paging.limit,
            offset: paging.offset,
            page_until: started + PAGE_TIME,
            count_until: position.is_none().then(|| started + TOTAL_TIME),
            looks_max: u64::MAX,
        };
        let found = self.store().search().page(&sought, &budget, &filter);
        let found = found.map_err(|error| unavailable(&error))?;
        if !found.is_offset_passed && !found.is_counted {
            return Err(Problem::field("offset", "skips more than one page looks at; use a cursor"));
        }
        let (total, total_is_exact) =
            position.map_or((found.count, found.is_counted), |at| (at.total, at.is_exact));
        let next = |below| Position { below, from, to, total, is_exact: total_is_exact };
        Ok(MessageList {
            items: found.items,
            next_cursor: found.next_below.map(|below| next(below).cursor()),
            from: (from.0 > 0).then_some(Time(from)),
            to: Time(to),
            total,
            total_is_exact,
        })
    }

    fn message(&self, caller: &Caller, id: &str) -> Answer<ListedMessage> {
        if let Some(found) = self.refused(caller, id)? {
            return Ok(refused_view(&found.names, found.id, &found.message));
        }
        let found = self.lookup.message(caller, id)?;
        let (account, message_id, sees_all) = (found.account, found.message_id, caller.reaches_all());
        let messages = self.store().messages();
        let state = messages.state(account, message_id).map_err(|error| unavailable(&error))?;
        let read = messages.cdr(account, message_id, |cdr| {
            charged_view(&found.names, cdr, state.as_ref(), (sees_all, &found.sides))
        });
        read.map_err(|error| unavailable(&error))?.ok_or_else(|| no_message(id))
    }

    fn timeline(&self, caller: &Caller, id: &str) -> Answer<MessageTimeline> {
        if let Some(found) = self.refused(caller, id)? {
            return Ok(timeline_of_refused(&found.names, found.id, &found.message));
        }
        let found = self.lookup.message(caller, id)?;
        let followed = FollowedMessage {
            account: found.account,
            message_id: found.message_id,
            names: &found.names,
            sees_all: caller.reaches_all(),
            sides: &found.sides,
        };
        let read = timeline_of_charged(self.store(), &followed);
        read.map_err(|error| unavailable(&error))?.ok_or_else(|| no_message(id))
    }

    fn refusals(&self, caller: &Caller, query: &RefusalsQuery) -> Answer<RefusalList> {
        let names = self.lookup.names()?;
        let accounts = self.accounts(caller, &names, query.account.as_deref())?;
        let (from, to) = span(query.from, query.to, false)?;
        self.context.core.clients.wait_for_refusals();
        let (accounts, kept_from) = (accounts.as_ref(), kept_from());
        let counting = Counting { accounts, times: from..to, kept_from, time: COUNT_TIME };
        count_refusals(self.store(), &names, query, &counting)?.map_err(|error| unavailable(&error))
    }
}

impl Messages {
    /// Over the books of `context`.
    pub fn new(context: Arc<Context>, visibility: Arc<Visibility>, lookup: Arc<Lookup>) -> Self {
        Self { context, visibility, lookup }
    }

    fn store(&self) -> &Store {
        self.context.store()
    }

    /// The accounts whose messages are sought; `None` for all.
    fn accounts(
        &self,
        caller: &Caller,
        names: &Names,
        asked: Option<&str>,
    ) -> Answer<Option<BTreeSet<AccountNumber>>> {
        if let Some(id) = asked {
            return Ok(Some([self.lookup.account(caller, names, id)?.0].into()));
        }
        if caller.reaches_all() {
            return Ok(None);
        }
        let visible = self.visibility.readable_accounts(caller);
        Ok(Some(visible.iter().map(|account| account.runtime.wallet.number()).collect()))
    }

    /// The ids of messages, where the query names one by an id; `None` where any may be meant.
    fn ids(
        &self,
        query: &MessagesQuery,
        accounts: Option<&BTreeSet<AccountNumber>>,
        names: &Names,
    ) -> Answer<Option<IdRanges>> {
        if let Some(id) = &query.message_id {
            let id: u64 = id.parse().map_err(|_| Problem::field("message_id", "must be a number"))?;
            let mut ids = vec![id];
            // The ids of SMPP 3.3 binds have 32 bits, and each account has its own.
            if let Ok(short_id) = u32::try_from(id) {
                let accounts: Vec<_> =
                    accounts.map_or_else(|| names.account_numbers(), |some| some.iter().copied().collect());
                for account in accounts {
                    let found = self.store().messages().of_short_id(account, short_id);
                    ids.extend(found.map_err(|error| unavailable(&error))?);
                }
            }
            return Ok(Some(IdRanges::of_ids(ids)));
        }
        let Some(id) = &query.operator_message_id else { return Ok(None) };
        let ids = self.store().upstream().messages_of(id.as_bytes(), SHARED_ID_MAX);
        let ids = ids.map_err(|error| unavailable(&error))?;
        Ok((!ids.is_empty()).then(|| IdRanges::of_ids(ids)))
    }

    /// A message that was refused, where the id is that of one that the caller may see; `None` where it is not one.
    fn refused(&self, caller: &Caller, id: &str) -> Answer<Option<FoundRefusal>> {
        let Ok(number) = id.parse() else { return Ok(None) };
        let found = self.store().search().refused(number).map_err(|error| unavailable(&error))?;
        let Some(message) = found.filter(|message| message.at >= kept_from()) else { return Ok(None) };
        let names = self.lookup.names()?;
        let named = names.named_account(message.account);
        if named.is_none_or(|named| !self.visibility.may_see(caller, &named.id)) {
            return Err(no_message(id));
        }
        Ok(Some(FoundRefusal { id: number, message, names }))
    }
}

impl Position {
    fn read(key: &str) -> Answer<Self> {
        let numbers = key.split(' ').map(str::parse).collect::<Result<Vec<u64>, _>>();
        match numbers.ok().as_deref() {
            Some(&[below, from, to, total, is_exact @ (0 | 1)]) => {
                let (from, to) = (UnixMicros(from), UnixMicros(to));
                Ok(Self { below, from, to, total, is_exact: is_exact == 1 })
            }
            _ => Err(foreign_cursor()),
        }
    }

    fn cursor(&self) -> String {
        let Self { below, from, to, total, is_exact } = *self;
        cursor(&format!("{below} {} {} {total} {}", from.0, to.0, u8::from(is_exact)))
    }
}

/// The span that is searched: as asked, or the seven days before its end, or all time.
fn span(from: Option<Time>, to: Option<Time>, is_all_time: bool) -> Answer<(UnixMicros, UnixMicros)> {
    // What comes in this very microsecond is in it.
    let (is_bounded, to) = (to.is_some(), to.map_or_else(|| UnixMicros(now().0 + 1), |to| to.0));
    let usual = if is_all_time { 0 } else { to.0.saturating_sub(SPAN_MICROS) };
    let from = from.map_or(UnixMicros(usual), |from| from.0);
    if from > to && is_bounded {
        return Err(Problem::field("from", "is later than the end of the span"));
    }
    Ok((from, to))
}

/// The time from which on refused messages are kept.
fn kept_from() -> UnixMicros {
    UnixMicros(now().0.saturating_sub(REFUSALS_KEPT_MICROS))
}

/// The code of a country in capitals, where there is one.
pub fn country(name: &str) -> Answer<String> {
    let name = name.to_uppercase();
    texts::country(&name).map_err(|message| Problem::field("country", message))?;
    Ok(name)
}
