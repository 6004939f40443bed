//! Webhook endpoints as the books keep them, and when one is switched off.

use serde::{Deserialize, Serialize};
use tollgate_api::time::Time;
use tollgate_api::webhook_endpoints::{SwitchedOffBy, WebhookEndpoint};
use tollgate_engine::time::UnixMicros;

use crate::filter::any_admits;

/// A webhook endpoint.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndpointRecord {
    /// The account that it is of; `None` for the house.
    pub account: Option<String>,
    /// The URL that events are posted to.
    pub url: String,
    /// A text for people.
    pub description: String,
    /// The filters of event types.
    pub event_types: Vec<String>,
    /// True if it gets the events of accounts below too.
    pub accounts_below: bool,
    /// True if events are posted to it.
    pub enabled: bool,
    /// The reason that it is switched off for.
    #[serde(default)]
    pub switched_off_by: Option<SwitchedOffBy>,
    /// The secret that signs posts.
    pub secret: String,
    /// The secret before, which signs too for a while.
    #[serde(default)]
    pub previous: Option<PreviousSecret>,
    /// The time since when no post was answered well.
    #[serde(default)]
    pub failing_since: Option<Time>,
}

/// A secret that was replaced.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreviousSecret {
    /// The secret itself.
    pub secret: String,
    /// The time until which it signs too.
    pub until: Time,
}

/// The secrets are not printed.
impl std::fmt::Debug for EndpointRecord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EndpointRecord").field("account", &self.account).finish_non_exhaustive()
    }
}

/// The secret is not printed.
impl std::fmt::Debug for PreviousSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PreviousSecret").field("until", &self.until).finish_non_exhaustive()
    }
}

impl EndpointRecord {
    /// True if it takes an event of this type of this account. `is_below` says whether an account is below another.
    pub fn takes(
        &self,
        kind: &str,
        account: Option<&str>,
        is_below: impl FnOnce(&str, &str) -> bool,
    ) -> bool {
        let reaches = match (self.account.as_deref(), account) {
            (None, _) => true,
            (Some(own), Some(account)) => own == account || self.accounts_below && is_below(account, own),
            (Some(_), None) => false,
        };
        self.enabled && reaches && any_admits(&self.event_types, kind)
    }

    /// The secrets that sign now, the latest first.
    pub fn secrets(&self, now: UnixMicros) -> Vec<&str> {
        let previous = self.previous.as_ref().filter(|previous| previous.until.0 > now);
        std::iter::once(&*self.secret).chain(previous.map(|previous| &*previous.secret)).collect()
    }

    /// The endpoint with another secret, beside which the present one signs until then.
    #[must_use]
    pub fn rotated(&self, secret: String, until: Option<Time>) -> Self {
        let previous = until.map(|until| PreviousSecret { secret: self.secret.clone(), until });
        Self { secret, previous, ..self.clone() }
    }

    /// The endpoint switched on or off by somebody.
    #[must_use]
    pub fn switched(&self, enabled: bool) -> Self {
        let switched_off_by = (!enabled).then(|| self.switched_off_by.unwrap_or(SwitchedOffBy::Caller));
        let failing_since = self.failing_since.filter(|_| !enabled || self.enabled);
        Self { enabled, switched_off_by, failing_since, ..self.clone() }
    }

    /// The endpoint after a post that was answered well, or was not; `None` where nothing changes. One that has failed for so
    /// long is switched off.
    pub fn after_post(&self, is_well: bool, now: UnixMicros, failing_max_micros: u64) -> Option<Self> {
        match (is_well, self.failing_since) {
            (true, Some(_)) => Some(Self { failing_since: None, ..self.clone() }),
            (false, None) => Some(Self { failing_since: Some(Time(now)), ..self.clone() }),
            (false, Some(since)) if self.enabled && now.0.saturating_sub(since.0.0) >= failing_max_micros => {
                let switched_off_by = Some(SwitchedOffBy::Failures);
                Some(Self { enabled: false, switched_off_by, ..self.clone() })
            }
            (true, None) | (false, Some(_)) => None,
        }
    }

    /// As it is shown, with its id and the times at which it was made and changed.
    pub fn view(&self, id: &str, (created_at, updated_at): (UnixMicros, UnixMicros)) -> WebhookEndpoint {
        WebhookEndpoint {
            id: id.to_owned(),
            account: self.account.clone(),
            url: self.url.clone(),
            description: self.description.clone(),
            event_types: self.event_types.clone(),
            accounts_below: self.accounts_below,
            enabled: self.enabled,
            switched_off_by: self.switched_off_by,
            failing_since: self.failing_since,
            previous_secret_until: self.previous.as_ref().map(|previous| previous.until),
            created_at: Time(created_at),
            updated_at: Time(updated_at),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: u64 = 86_400_000_000;

    fn endpoint(account: Option<&str>) -> EndpointRecord {
        EndpointRecord {
            account: account.map(ToOwned::to_owned),
            url: "https://example.com/".to_owned(),
            description: String::new(),
            event_types: vec!["payment.*".to_owned()],
            accounts_below: false,
            enabled: true,
            switched_off_by: None,
            secret: "whsec_new".to_owned(),
            previous: None,
            failing_since: None,
        }
    }

    #[test]
    fn an_endpoint_takes_what_is_of_its_account_and_in_its_filter() {
        let is_below = |account: &str, above: &str| (account, above) == ("child", "parent");
        let (house, parent) = (endpoint(None), endpoint(Some("parent")));
        let wide = EndpointRecord { accounts_below: true, ..parent.clone() };
        for (record, account, expected) in [
            (&house, Some("child"), true),
            (&house, None, true),
            (&parent, Some("parent"), true),
            (&parent, Some("child"), false),
            (&parent, Some("other"), false),
            (&parent, None, false),
            (&wide, Some("child"), true),
            (&wide, Some("other"), false),
        ] {
            assert_eq!(record.takes("payment.failed", account, is_below), expected, "{record:?} {account:?}");
        }
        assert!(!house.takes("invoice.sent", None, is_below));
        assert!(!house.switched(false).takes("payment.failed", None, is_below));
    }

    #[test]
    fn the_secret_before_signs_until_its_end() {
        let after = endpoint(None).rotated("whsec_newer".to_owned(), Some(Time(UnixMicros(10))));
        assert_eq!(after.secrets(UnixMicros(9)), ["whsec_newer", "whsec_new"]);
        assert_eq!(after.secrets(UnixMicros(10)), ["whsec_newer"]);
        assert_eq!(endpoint(None).rotated("x".to_owned(), None).secrets(UnixMicros(0)), ["x"]);
    }

    #[test]
    fn an_endpoint_that_fails_for_days_is_switched_off_and_not_before() {
        let at = |micros: u64| UnixMicros(1_000 + micros);
        let well = endpoint(None);
        assert_eq!(well.after_post(true, at(0), 5 * DAY), None);
        let failing = well.after_post(false, at(0), 5 * DAY).unwrap();
        assert_eq!(failing.failing_since, Some(Time(at(0))));
        assert_eq!(failing.after_post(false, at(5 * DAY - 1), 5 * DAY), None);
        let off = failing.after_post(false, at(5 * DAY), 5 * DAY).unwrap();
        assert_eq!((off.enabled, off.switched_off_by), (false, Some(SwitchedOffBy::Failures)));
        assert_eq!(off.after_post(false, at(6 * DAY), 5 * DAY), None, "it is told once");
        let recovered = failing.after_post(true, at(DAY), 5 * DAY).unwrap();
        assert_eq!(recovered, well);
        let on = off.switched(true);
        assert_eq!((on.enabled, on.switched_off_by, on.failing_since), (true, None, None));
        assert_eq!(off.switched(false).switched_off_by, Some(SwitchedOffBy::Failures));
        assert_eq!(well.switched(false).switched_off_by, Some(SwitchedOffBy::Caller));
    }

    #[test]
    fn secrets_are_not_printed() {
        let rotated = endpoint(None).rotated("whsec_newer".to_owned(), Some(Time(UnixMicros(10))));
        assert!(!format!("{rotated:?}{:?}", rotated.previous).contains("whsec"));
    }
}
