//! The binds of gateways as callers see them.

use std::sync::Arc;

use serde_json::{Value, json};
use tollgate_api::answer::Answer;
use tollgate_api::binds::{Bind, BindMode, BindsQuery, BindsService};
use tollgate_api::caller::Caller;
use tollgate_api::page::Page;
use tollgate_api::problem::Problem;
use tollgate_api::time::Time;
use tollgate_relay::clients::{OpenBind, OpenBindMode};
use tollgate_storage::clock::now;

use crate::context::Context;
use crate::identity::visibility::Visibility;

/// Digits of a bind's number as a key, so that keys sort by number.
const KEY_DIGITS: usize = 20;

/// The binds that are open now.
#[derive(Debug)]
pub struct Binds {
    context: Arc<Context>,
    visibility: Arc<Visibility>,
}

impl Binds {
    /// Of the accounts that callers may see.
    pub fn new(context: Arc<Context>, visibility: Arc<Visibility>) -> Self {
        Self { context, visibility }
    }
}

impl BindsService for Binds {
    fn binds(&self, caller: &Caller, query: &BindsQuery) -> Answer<Page<Bind>> {
        if let Some(account) = &query.account {
            self.visibility.readable_account(caller, account)?;
        }
        let paging = query.paging()?;
        let mut open = self.context.core.clients.open_binds().all();
        open.retain(|(_, bind)| {
            query.account.as_ref().is_none_or(|account| *bind.account == **account)
                && self.visibility.may_see(caller, &bind.account)
        });
        let keyed = open.iter().map(|(number, bind)| (format!("{number:0KEY_DIGITS$}"), view(*number, bind)));
        Ok(paging.page(keyed, |key, after| key > after))
    }

    fn disconnect(&self, caller: &Caller, id: &str) -> Answer<()> {
        let number = id.parse().ok();
        let open = number.and_then(|number| self.context.core.clients.open_binds().get(number));
        let open = open.filter(|bind| self.visibility.may_see(caller, &bind.account));
        let bind = open.ok_or_else(|| Problem::not_found(format!("there is no bind `{id}`")))?;
        let mut work = self.context.change(caller);
        let (account, system_id, address) = (&*bind.account, &*bind.system_id, bind.peer.to_string());
        let before = json!({ "account": account, "system_id": system_id, "address": address });
        work.note("bind.disconnect", format!("bind/{id}"), &before, &Value::Null);
        work.after_commit(|| bind.activity.leave());
        work.commit().map(drop)
    }
}

fn view(number: u64, bind: &OpenBind) -> Bind {
    let activity = bind.activity.view(now());
    Bind {
        id: number.to_string(),
        account: bind.account.to_string(),
        system_id: bind.system_id.to_string(),
        system_type: bind.system_type.to_string(),
        mode: match bind.mode {
            OpenBindMode::Transmitter => BindMode::Transmitter,
            OpenBindMode::Receiver => BindMode::Receiver,
            OpenBindMode::Transceiver => BindMode::Transceiver,
        },
        version: format!("{}.{}", bind.interface_version >> 4, bind.interface_version & 0x0F),
        address: bind.peer.to_string(),
        window: bind.window,
        in_flight: activity.in_flight,
        messages: activity.messages,
        per_second: activity.per_second,
        last_message_at: activity.last_at.map(Time),
        bound_at: Time(bind.bound_at),
    }
}
