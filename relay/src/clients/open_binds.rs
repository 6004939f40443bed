//! The binds that are open, for those who ask who is connected. Nothing on the way of a message looks at them.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use parking_lot::Mutex;
use tollgate_engine::time::UnixMicros;
use tollgate_smpp::BindMode;

use super::bind_activity::BindActivity;

/// An open bind.
#[derive(Clone, Debug)]
pub struct OpenBind {
    /// The id of the account.
    pub account: Arc<str>,
    /// The name that it has bound with.
    pub system_id: Arc<str>,
    /// The system_type that it has bound with, which is only shown.
    pub system_type: Arc<str>,
    /// The kind of the bind.
    pub mode: BindMode,
    /// The version of SMPP, such as 0x34.
    pub interface_version: u8,
    /// The address that it comes from.
    pub peer: IpAddr,
    /// Requests that it may have unanswered.
    pub window: u32,
    /// The time at which it was bound.
    pub bound_at: UnixMicros,
    /// The activity that its session shows.
    pub activity: Arc<BindActivity>,
}

/// All of them, by a number that counts up.
#[derive(Debug, Default)]
pub struct OpenBinds(Mutex<Numbered>);

#[derive(Debug, Default)]
struct Numbered {
    last: u64,
    ended: u64,
    binds: BTreeMap<u64, OpenBind>,
}

/// The place of a bind in the list. The bind is listed as long as this value lives.
#[derive(Debug)]
pub struct ListedBind {
    all: Arc<OpenBinds>,
    number: u64,
}

impl OpenBinds {
    /// Lists a bind.
    pub fn list(self: &Arc<Self>, bind: OpenBind) -> ListedBind {
        let mut numbered = self.0.lock();
        numbered.last += 1;
        let number = numbered.last;
        numbered.binds.insert(number, bind);
        ListedBind { all: Arc::clone(self), number }
    }

    /// The bind of this number, if it is open.
    pub fn get(&self, number: u64) -> Option<OpenBind> {
        self.0.lock().binds.get(&number).cloned()
    }

    /// The number of open ones.
    pub fn len(&self) -> usize {
        self.0.lock().binds.len()
    }

    /// True if nobody is bound.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The number of an account's binds, and of the messages that they submitted in the last whole second.
    pub fn of_account(&self, account: &str, now: UnixMicros) -> (u64, u64) {
        let numbered = self.0.lock();
        let own = numbered.binds.values().filter(|bind| &*bind.account == account);
        own.fold((0, 0), |(binds, rate), bind| {
            (binds + 1, rate + u64::from(bind.activity.view(now).per_second))
        })
    }

    /// Counts up with each bind that begins or ends.
    pub fn revision(&self) -> u64 {
        let numbered = self.0.lock();
        numbered.last + numbered.ended
    }

    /// Number and state of each, the earliest first.
    pub fn all(&self) -> Vec<(u64, OpenBind)> {
        self.0.lock().binds.iter().map(|(number, bind)| (*number, bind.clone())).collect()
    }
}

impl Drop for ListedBind {
    fn drop(&mut self) {
        let mut numbered = self.all.0.lock();
        numbered.ended += 1;
        numbered.binds.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bind(system_id: &str) -> OpenBind {
        OpenBind {
            account: "business".into(),
            system_id: system_id.into(),
            system_type: "".into(),
            mode: BindMode::Transceiver,
            interface_version: 0x34,
            peer: [192, 0, 2, 7].into(),
            window: 10,
            bound_at: UnixMicros(1),
            activity: Arc::default(),
        }
    }

    #[test]
    fn a_bind_is_listed_as_long_as_it_is_open() {
        let all = Arc::new(OpenBinds::default());
        let first = all.list(bind("first"));
        let second = all.list(bind("second"));
        drop(first);
        let third = all.list(bind("third"));
        let names: Vec<_> = all.all().into_iter().map(|(number, bind)| (number, bind.system_id)).collect();
        assert_eq!(names, [(2, "second".into()), (3, "third".into())]);
        drop((second, third));
        assert!(all.all().is_empty() && all.is_empty());
        assert_eq!(all.revision(), 6, "three have begun and ended");
    }
}
