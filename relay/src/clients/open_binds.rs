//! The binds that are open, for those who ask who is connected. Nothing on the way of a message looks at them.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use parking_lot::Mutex;
use tollgate_engine::time::UnixMicros;
use tollgate_smpp::BindMode;

/// An open bind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenBind {
    /// The id of the account.
    pub account: Arc<str>,
    /// The name that it has bound with.
    pub system_id: Arc<str>,
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
}

/// All of them, by a number that counts up.
#[derive(Debug, Default)]
pub struct OpenBinds(Mutex<Numbered>);

#[derive(Debug, Default)]
struct Numbered {
    last: u64,
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

    /// Number and state of each, the earliest first.
    pub fn all(&self) -> Vec<(u64, OpenBind)> {
        self.0.lock().binds.iter().map(|(number, bind)| (*number, bind.clone())).collect()
    }
}

impl Drop for ListedBind {
    fn drop(&mut self) {
        self.all.0.lock().binds.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bind(system_id: &str) -> OpenBind {
        OpenBind {
            account: "business".into(),
            system_id: system_id.into(),
            mode: BindMode::Transceiver,
            interface_version: 0x34,
            peer: [192, 0, 2, 7].into(),
            window: 10,
            bound_at: UnixMicros(1),
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
        assert!(all.all().is_empty());
    }
}
