//! Filters of event types: `*` for all, a group such as `payment.*`, or the name of one type.

use tollgate_api::events::types::EventType;

/// Checks one filter; the error is for people.
pub fn check(filter: &str) -> Result<(), String> {
    if EventType::ALL.iter().any(|kind| admits(filter, kind.name())) {
        return Ok(());
    }
    Err(format!("`{filter}` is no event type, nor a group of them; GET /v1/event-types has them all"))
}

/// True if a filter admits the event type of this name.
pub fn admits(filter: &str, name: &str) -> bool {
    match filter.strip_suffix('*') {
        Some("") => true,
        Some(group) => group.ends_with('.') && name.starts_with(group),
        None => filter == name,
    }
}

/// True if one of the filters admits the event type of this name.
pub fn any_admits(filters: &[String], name: &str) -> bool {
    filters.iter().any(|filter| admits(filter, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_admits_a_name_a_group_or_all() {
        for (filter, name, expected) in [
            ("*", "payment.succeeded", true),
            ("payment.*", "payment.succeeded", true),
            ("payment.*", "payment.refund_failed", true),
            ("payment.*", "invoice.paid", false),
            ("payment.succeeded", "payment.succeeded", true),
            ("payment.succeeded", "payment.failed", false),
            ("pay*", "payment.succeeded", false),
            ("payment*", "payment.succeeded", false),
            ("", "payment.succeeded", false),
        ] {
            assert_eq!(admits(filter, name), expected, "{filter} and {name}");
        }
        let some = ["invoice.sent".to_owned(), "wallet.*".to_owned()];
        assert!(any_admits(&some, "wallet.low") && !any_admits(&some, "invoice.paid"));
        assert!(!any_admits(&[], "wallet.low"));
    }

    #[test]
    fn what_admits_nothing_is_refused() {
        for filter in ["*", "payment.*", "subscription.renewed"] {
            assert_eq!(check(filter), Ok(()), "{filter}");
        }
        for filter in ["", "payment", "payments.*", "payment.succeed", "**", ".*", "Payment.*"] {
            assert!(check(filter).is_err(), "{filter}");
        }
    }
}
