//! The sides of a message: the accounts whose money of it a viewer is told. All that shows money of messages asks here.
//!
//! Somebody who looks for an account is told what this account paid and earned, and its own sale, which is what the level right
//! below it paid. A level that earns a commission pays nothing, as the one above it sells to the one below it: the sale of
//! the one above then goes past it. The levels are those that stand in the CDR, whoever is above whom today; behind the
//! highest of them, and where there are none, come the parents of today.

use std::fmt::Debug;
use std::sync::Arc;

use tollgate_engine::account::AccountNumber;
use tollgate_engine::beside::{Beside, LevelCharge};
use tollgate_storage::cdr::Cdr;

/// The most levels of accounts above one another, whether they are in chains or not.
const DEPTH_MAX: usize = 16;

/// The accounts that accounts are below today.
pub trait Parents: Debug + Send + Sync {
    /// The account right above one; `None` where that is the house.
    fn parent_of(&self, account: AccountNumber) -> Option<AccountNumber>;
}

/// Somebody who looks at messages.
#[derive(Clone, Debug)]
pub enum Viewer {
    /// The house, which sees all messages and is told everything.
    House,
    /// A customer, who sees the account's own messages.
    Account(AccountNumber),
    /// A reseller, who sees its own messages and those of accounts below its own.
    Reseller(AccountNumber, Arc<dyn Parents>),
}

/// The accounts whose money of one message a viewer is told, who may see the message. The default is to be told nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sides(Told);

#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Told {
    #[default]
    Nothing,
    All,
    Some {
        own: AccountNumber,
        buyers: Vec<AccountNumber>,
    },
}

/// One level of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Level {
    /// The account of the level.
    pub account: AccountNumber,
    /// True if it earns a commission on the message, and pays nothing for it.
    pub is_agent: bool,
}

impl From<&LevelCharge> for Level {
    fn from(level: &LevelCharge) -> Self {
        Self { account: level.postings.posting.account, is_agent: level.is_agent }
    }
}

impl Viewer {
    /// The sides of a charged message; `None` where the viewer may not see it.
    pub fn sides(&self, cdr: &Cdr<'_>) -> Option<Sides> {
        let beside = if matches!(self, Self::Reseller(..)) { cdr.beside() } else { None };
        self.sides_beside(cdr.account, beside.as_ref())
    }

    /// The same of a message of an account that moved this beside its wallet.
    pub fn sides_beside(&self, sender: AccountNumber, beside: Option<&Beside>) -> Option<Sides> {
        self.sides_of(sender, beside.into_iter().flat_map(|beside| &beside.above).map(Level::from))
    }

    /// The same of a message of an account with these levels above it, from its parent up.
    pub fn sides_of(&self, sender: AccountNumber, above: impl IntoIterator<Item = Level>) -> Option<Sides> {
        let (own, parents) = match self {
            Self::House => return Some(Sides::all()),
            Self::Account(own) => return (*own == sender).then(|| Sides::of(*own, Vec::new())),
            Self::Reseller(own, parents) => (*own, parents),
        };
        let (mut at, mut buyers) = (Level { account: sender, is_agent: false }, Vec::new());
        let mut above = above.into_iter();
        for _ in 0..=DEPTH_MAX {
            if at.account == own {
                return Some(Sides::of(own, buyers));
            }
            if !at.is_agent {
                buyers.clear();
            }
            buyers.push(at.account);
            let of_today = |account| Some(Level { account, is_agent: false });
            at = above.next().or_else(|| parents.parent_of(at.account).and_then(of_today))?;
        }
        None
    }

    /// True if the viewer may see an account and what was refused to it, as accounts are below one another today.
    pub fn sees(&self, account: AccountNumber) -> bool {
        self.sides_of(account, []).is_some()
    }

    /// True if the viewer is told what an account pays today: its own, and one that buys from it or stands right below it.
    pub fn is_told_of(&self, account: AccountNumber) -> bool {
        self.sides_of(account, []).is_some_and(|sides| sides.shows(account))
    }
}

impl Sides {
    /// Those of somebody who is told everything.
    pub const fn all() -> Self {
        Self(Told::All)
    }

    fn of(own: AccountNumber, buyers: Vec<AccountNumber>) -> Self {
        Self(Told::Some { own, buyers })
    }

    /// True if the viewer is the house, which is told everything.
    pub fn are_all(&self) -> bool {
        self.0 == Told::All
    }

    /// True if they are those of this account.
    pub fn are_of(&self, account: AccountNumber) -> bool {
        matches!(&self.0, Told::Some { own, .. } if *own == account)
    }

    /// True if the viewer is told what this account paid and earned.
    pub fn shows(&self, account: AccountNumber) -> bool {
        match &self.0 {
            Told::Nothing => false,
            Told::All => true,
            Told::Some { own, buyers } => *own == account || buyers.contains(&account),
        }
    }

    /// True if the viewer is told how the price of what this account sold came about: of its own sale alone.
    pub fn shows_sales_of(&self, account: AccountNumber) -> bool {
        match &self.0 {
            Told::Nothing => false,
            Told::All => true,
            Told::Some { own, .. } => *own == account,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The parent of each account today, by number.
    #[derive(Debug)]
    struct Today(&'static [(u32, u32)]);

    impl Parents for Today {
        fn parent_of(&self, account: AccountNumber) -> Option<AccountNumber> {
            let found = self.0.iter().find(|(child, _)| *child == account.0);
            found.map(|(_, parent)| AccountNumber(*parent))
        }
    }

    const SENDER: u32 = 1;
    const SHOP: u32 = 2;
    const IMPORTER: u32 = 3;
    const TOP: u32 = 4;
    const RIVAL: u32 = 5;

    /// The accounts of a message whose money a viewer is told; `None` where it may not see the message.
    fn told(viewer: &Viewer, above: &[(u32, bool)]) -> Option<Vec<u32>> {
        let above = above
            .iter()
            .map(|(account, is_agent)| Level { account: AccountNumber(*account), is_agent: *is_agent });
        let sides = viewer.sides_of(AccountNumber(SENDER), above)?;
        Some((SENDER..=RIVAL).filter(|account| sides.shows(AccountNumber(*account))).collect())
    }

    fn reseller(account: u32, today: &'static [(u32, u32)]) -> Viewer {
        Viewer::Reseller(AccountNumber(account), Arc::new(Today(today)))
    }

    const LINE: &[(u32, u32)] = &[(SENDER, SHOP), (SHOP, IMPORTER), (IMPORTER, TOP)];
    const MOVED: &[(u32, u32)] = &[(SENDER, RIVAL), (SHOP, IMPORTER), (RIVAL, IMPORTER), (IMPORTER, TOP)];

    #[test]
    fn each_level_is_told_its_own_side_and_what_the_one_right_below_it_paid() {
        let (pays, earns) = (false, true);
        let wholesale = &[(SHOP, pays), (IMPORTER, pays), (TOP, pays)][..];
        let agent = &[(SHOP, earns), (IMPORTER, pays), (TOP, pays)][..];
        let agents = &[(SHOP, earns), (IMPORTER, earns), (TOP, pays)][..];
        let short = &[(SHOP, pays)][..];
        let cases = [
            ("the sender", SENDER, LINE, wholesale, Some(vec![SENDER])),
            ("its reseller", SHOP, LINE, wholesale, Some(vec![SENDER, SHOP])),
            ("two levels above", IMPORTER, LINE, wholesale, Some(vec![SHOP, IMPORTER])),
            ("three levels above", TOP, LINE, wholesale, Some(vec![IMPORTER, TOP])),
            ("no level of it", RIVAL, LINE, wholesale, None),
            ("an agent", SHOP, LINE, agent, Some(vec![SENDER, SHOP])),
            ("who sells past an agent", IMPORTER, LINE, agent, Some(vec![SENDER, SHOP, IMPORTER])),
            ("who is above that one", TOP, LINE, agent, Some(vec![IMPORTER, TOP])),
            ("who sells past two agents", TOP, LINE, agents, Some(vec![SENDER, SHOP, IMPORTER, TOP])),
            ("the old parent after a move", SHOP, MOVED, wholesale, Some(vec![SENDER, SHOP])),
            ("the new parent after a move", RIVAL, MOVED, wholesale, None),
            ("above both after a move", IMPORTER, MOVED, wholesale, Some(vec![SHOP, IMPORTER])),
            ("the sender after a move", SENDER, MOVED, wholesale, Some(vec![SENDER])),
            ("today's parent of the highest level", IMPORTER, LINE, short, Some(vec![SHOP, IMPORTER])),
            ("above today's parent of the highest level", TOP, LINE, short, Some(vec![IMPORTER, TOP])),
            ("today's parent of who paid alone", SHOP, LINE, &[], Some(vec![SENDER, SHOP])),
            ("two above who paid alone", IMPORTER, LINE, &[], Some(vec![SHOP, IMPORTER])),
            ("the parent that one has left who paid alone", SHOP, MOVED, &[], None),
        ];
        for (who, account, today, above, expected) in cases {
            assert_eq!(told(&reseller(account, today), above), expected, "{who}");
        }
        assert_eq!(told(&Viewer::House, wholesale), Some((SENDER..=RIVAL).collect()));
        assert_eq!(told(&Viewer::Account(AccountNumber(SENDER)), wholesale), Some(vec![SENDER]));
        assert_eq!(told(&Viewer::Account(AccountNumber(SHOP)), wholesale), None);
    }

    #[test]
    fn how_a_price_came_about_is_told_of_the_own_sale_alone() {
        let above =
            [SHOP, IMPORTER, TOP].map(|account| Level { account: AccountNumber(account), is_agent: false });
        let sales = |viewer: &Viewer| {
            let sides = viewer.sides_of(AccountNumber(SENDER), above).unwrap();
            (SENDER..=RIVAL)
                .filter(|account| sides.shows_sales_of(AccountNumber(*account)))
                .collect::<Vec<_>>()
        };
        assert_eq!(sales(&reseller(IMPORTER, LINE)), [IMPORTER]);
        assert_eq!(sales(&Viewer::House), (SENDER..=RIVAL).collect::<Vec<_>>());
    }

    #[test]
    fn parents_that_are_below_one_another_come_to_an_end() {
        let circle = &[(SENDER, SHOP), (SHOP, SENDER)];
        assert!(!reseller(TOP, circle).sees(AccountNumber(SENDER)));
        assert!(reseller(SHOP, circle).is_told_of(AccountNumber(SENDER)));
        assert!(!reseller(IMPORTER, LINE).is_told_of(AccountNumber(SENDER)));
    }
}
