//! Relations of accounts to those above them: whether a chain holds together. Files, reloads and the management API all ask
//! here.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

use tollgate_engine::chain::LEVELS_MAX;
use tollgate_engine::exchange::ExchangeRates;
use tollgate_engine::reselling::Earning;

use crate::accounts::ProvisionedAccount;
use crate::read::no_such;
use crate::read::texts::Parsed;
use crate::resale::ProvisionedPriceList;

/// A contradiction between an account and those above it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainFault {
    /// The account that is wrong.
    pub account: Arc<str>,
    /// The key of the account that is wrong.
    pub key: &'static str,
    /// The mistake, in words that follow the key.
    pub message: String,
    /// True if the account pays alone in any case, so that nothing is priced by what is wrong.
    pub pays_alone: bool,
}

/// `account NAME: key: message`.
impl fmt::Display for ChainFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "account `{}`: {}: {}", self.account, self.key, self.message)
    }
}

/// `Ok` for the name of something that there is, even if more is wrong with it.
type Knows<'a> = &'a dyn Fn(&str) -> Parsed<()>;

/// Accounts by id, with what their chains depend on.
pub struct Chains<'a> {
    accounts: HashMap<&'a str, &'a ProvisionedAccount>,
    order: &'a [ProvisionedAccount],
    lists: HashMap<&'a str, &'a ProvisionedPriceList>,
    knows_account: Knows<'a>,
    knows_list: Knows<'a>,
    exchange: Option<&'a ExchangeRates>,
}

impl<'a> Chains<'a> {
    /// Of these accounts and price lists. Exchange rates are `None` where they could not be read.
    pub fn new(
        accounts: &'a [ProvisionedAccount],
        lists: &'a [ProvisionedPriceList],
        exchange: Option<&'a ExchangeRates>,
        (knows_account, knows_list): (Knows<'a>, Knows<'a>),
    ) -> Self {
        let by_id = accounts.iter().map(|account| (&*account.account.id, account)).collect();
        let lists = lists.iter().map(|list| (&*list.name, list)).collect();
        Self { accounts: by_id, order: accounts, lists, knows_account, knows_list, exchange }
    }

    /// Every contradiction, in the order of the accounts.
    pub fn faults(&self) -> Vec<ChainFault> {
        let mut faults = Vec::new();
        for provisioned in self.order {
            let account = &provisioned.account;
            let mut fault = |key, message: String| {
                let account = Arc::clone(&account.id);
                faults.push(ChainFault { account, key, message, pays_alone: false });
            };
            if account.reselling.chain && !provisioned.resale.is_reseller {
                fault("chain", "is only for an account with is_reseller: it would sell to nobody".to_owned());
            }
            let wrong = match &account.reselling.parent {
                None => without_parent(provisioned),
                Some(parent) => match self.parent(parent) {
                    Ok(seller) => seller.map_or(Ok(()), |seller| self.with_parent(provisioned, seller)),
                    Err(message) => {
                        let account = Arc::clone(&account.id);
                        let pays_alone = !self.is_priced_by_parent(provisioned);
                        faults.push(ChainFault { account, key: "parent", message, pays_alone });
                        Ok(())
                    }
                },
            };
            // The parent comes first: whose price lists there are follows from it.
            for (key, message) in [wrong, self.price_list(provisioned)].into_iter().filter_map(Result::err) {
                let account = Arc::clone(&account.id);
                faults.push(ChainFault { account, key, message, pays_alone: false });
            }
        }
        faults
    }

    /// True if something about the account follows from its parent.
    fn is_priced_by_parent(&self, provisioned: &ProvisionedAccount) -> bool {
        self.chain_parent(provisioned).is_some() || provisioned.resale.price_list.is_some()
    }

    /// The reseller of this name. `None` for one with mistakes of its own, which are told of by themselves.
    fn parent(&self, name: &str) -> Parsed<Option<&'a ProvisionedAccount>> {
        (self.knows_account)(name)?;
        match self.accounts.get(name) {
            Some(seller) if !seller.resale.is_reseller => {
                Err(format!("`{name}` is not a reseller: it has no is_reseller"))
            }
            found => Ok(found.copied()),
        }
    }

    fn with_parent(
        &self,
        provisioned: &ProvisionedAccount,
        seller: &ProvisionedAccount,
    ) -> Result<(), (&'static str, String)> {
        let parent = &seller.account.id;
        match self.way_up(provisioned) {
            Way::Circle(above) => {
                let shown: Vec<String> = above.iter().take(LEVELS_MAX).map(|id| format!("`{id}`")).collect();
                let more = if above.len() > shown.len() { " …" } else { "" };
                let (id, way) = (&provisioned.account.id, shown.join(" above "));
                return Err(("parent", format!("`{id}` would be above itself, by {way}{more}")));
            }
            Way::Up(above) if above == LEVELS_MAX => {
                let message = format!(
                    "`{parent}` is account {LEVELS_MAX} of its chain, and a chain has at most {LEVELS_MAX} accounts"
                );
                return Err(("parent", message));
            }
            Way::Up(_) | Way::IntoCircle => {}
        }
        let (of_seller, own) = (seller.account.currency, provisioned.account.currency);
        let is_covered = self.exchange.is_none_or(|rates| rates.covers(of_seller, own));
        if seller.account.reselling.chain && !is_covered {
            let message = format!(
                "there is no exchange rate between {own} and {of_seller}, the currency of its parent `{parent}`"
            );
            return Err(("currency", message));
        }
        Ok(())
    }

    fn price_list(&self, provisioned: &ProvisionedAccount) -> Result<(), (&'static str, String)> {
        let Some(name) = &provisioned.resale.price_list else { return Ok(()) };
        let wrong = |message: String| Err(("price_list", message));
        let Some(parent) = &provisioned.account.reselling.parent else {
            return wrong("is given by the account's parent, and it has no parent".to_owned());
        };
        (self.knows_list)(name).map_err(|message| ("price_list", message))?;
        let Some(list) = self.lists.get(&**name) else { return Ok(()) };
        if list.owner != *parent {
            return wrong(format!(
                "`{name}` is a list of `{}`, and the parent is `{parent}`: an account is given a price list of its parent, \
                 or none, together with the parent",
                list.owner
            ));
        }
        if list.currency != provisioned.account.currency {
            let own = provisioned.account.currency;
            return wrong(format!("`{name}` is in {}, and the account pays in {own}", list.currency));
        }
        if self.accounts.contains_key(&**parent) && self.chain_parent(provisioned).is_none() {
            return wrong(format!("`{parent}` sells to nobody, by `{name}` or otherwise: it has no chain"));
        }
        Ok(())
    }

    /// The account that this one buys from in its chain.
    pub fn chain_parent(&self, provisioned: &ProvisionedAccount) -> Option<&'a ProvisionedAccount> {
        let parent = self.accounts.get(&**provisioned.account.reselling.parent.as_ref()?)?;
        parent.account.reselling.chain.then_some(*parent)
    }

    fn way_up(&self, provisioned: &'a ProvisionedAccount) -> Way<'a> {
        let (mut at, mut passed, mut levels, mut in_chain) = (provisioned, Vec::new(), 0, true);
        let mut seen: HashSet<&str> = HashSet::new();
        let own = &*provisioned.account.id;
        while let Some(parent) = &at.account.reselling.parent {
            passed.push(&**parent);
            if **parent == *own {
                // Told once, of the account that stands first.
                let first = self.order.iter().find(|account| passed.contains(&&*account.account.id));
                let is_first = first.is_some_and(|first| *first.account.id == *own);
                return if is_first { Way::Circle(passed) } else { Way::IntoCircle };
            }
            if !seen.insert(parent) {
                return Way::IntoCircle;
            }
            let Some(above) = self.accounts.get(&**parent) else { break };
            in_chain &= above.account.reselling.chain;
            levels += usize::from(in_chain);
            at = above;
        }
        Way::Up(levels)
    }
}

fn without_parent(provisioned: &ProvisionedAccount) -> Result<(), (&'static str, String)> {
    if provisioned.account.reselling.earning != Earning::Wholesale {
        return Err(("earning", "says how its parent earns, and it has no parent".to_owned()));
    }
    Ok(())
}

/// The accounts above one.
enum Way<'a> {
    /// So many of its chain.
    Up(usize),
    /// It comes back to the account, past these.
    Circle(Vec<&'a str>),
    /// It comes back to another account, or was told of already.
    IntoCircle,
}

/// The faults of accounts that all stand beside one another.
pub fn chain_faults(
    accounts: &[ProvisionedAccount],
    lists: &[ProvisionedPriceList],
    exchange: &ExchangeRates,
) -> Vec<ChainFault> {
    let ids: HashSet<&str> = accounts.iter().map(|account| &*account.account.id).collect();
    let names: HashSet<&str> = lists.iter().map(|list| &*list.name).collect();
    let knows_account = |id: &str| known(&ids, "account", id);
    let knows_list = |name: &str| known(&names, "price list", name);
    Chains::new(accounts, lists, Some(exchange), (&knows_account, &knows_list)).faults()
}

fn known(names: &HashSet<&str>, kind: &str, name: &str) -> Parsed<()> {
    if names.contains(name) { Ok(()) } else { Err(no_such(kind, name, names.iter().copied())) }
}

/// Gives each account that names a price list the list of that name.
pub fn give_price_lists(accounts: &mut [ProvisionedAccount], lists: &[ProvisionedPriceList]) {
    if accounts.iter().all(|account| account.resale.price_list.is_none()) {
        return;
    }
    let lists: HashMap<&str, &ProvisionedPriceList> = lists.iter().map(|list| (&*list.name, list)).collect();
    for account in accounts {
        let named = account.resale.price_list.as_ref().and_then(|name| lists.get(&**name));
        account.account.reselling.price_list = named.map(|list| Arc::clone(&list.list));
    }
}
