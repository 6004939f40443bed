//! The fate of a network, as a list says it.

/// The fate of a row's network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowStatus {
    /// The price holds, whether it changes or not.
    Open,
    /// The network was not in the list before.
    New,
    /// The price goes up.
    Increase,
    /// The price goes down.
    Decrease,
    /// The price stays.
    Unchanged,
    /// The network is no longer served.
    Closed,
}

const WORDS: &[(RowStatus, &[&str])] = &[
    (
        RowStatus::Open,
        &[
            "",
            "active",
            "open",
            "live",
            "operational",
            "enabled",
            "ok",
            "available",
            "valid",
            "yes",
            "true",
            "on",
            "change",
            "changed",
            "update",
            "updated",
            "modified",
            "add/change",
            "working",
            "full",
        ],
    ),
    (
        RowStatus::New,
        &["new", "added", "add", "new destination", "new network", "neu", "nouveau", "nuevo", "n"],
    ),
    (
        RowStatus::Increase,
        &[
            "increase",
            "increased",
            "rate increase",
            "price increase",
            "up",
            "higher",
            "+",
            "i",
            "↑",
            "raise",
            "raised",
        ],
    ),
    (
        RowStatus::Decrease,
        &[
            "decrease",
            "decreased",
            "rate decrease",
            "price decrease",
            "down",
            "lower",
            "-",
            "d",
            "↓",
            "reduction",
            "reduced",
        ],
    ),
    (
        RowStatus::Unchanged,
        &[
            "unchanged",
            "no change",
            "same",
            "current",
            "existing",
            "=",
            "s",
            "not changed",
            "no changes",
            "u",
            "nochange",
        ],
    ),
    (
        RowStatus::Closed,
        &[
            "closed",
            "deleted",
            "delete",
            "removed",
            "remove",
            "blocked",
            "suspended",
            "discontinued",
            "withdrawn",
            "terminated",
            "not available",
            "unavailable",
            "inactive",
            "disabled",
            "disconnected",
            "close",
            "cancelled",
            "canceled",
            "stopped",
            "no",
            "off",
            "expired",
            "ceased",
            "end",
            "ended",
            "closed destination",
            "dropped",
            "not operational",
        ],
    ),
];

impl RowStatus {
    /// The status of a word, however it is written; `None` for a word that is not known.
    pub fn of_word(text: &str) -> Option<Self> {
        let small = text.trim().to_lowercase().replace('_', " ");
        WORDS.iter().find(|(_, words)| words.contains(&small.as_str())).map(|(status, _)| *status)
    }

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::New => "new",
            Self::Increase => "increase",
            Self::Decrease => "decrease",
            Self::Unchanged => "unchanged",
            Self::Closed => "closed",
        }
    }
}
