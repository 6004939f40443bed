//! Prices rated again, as `tollgate verify --rerate` shows them.

use std::thread;

use serde_json::{Value, json};
use tollgate_management::rerate::{Difference, Rerated, rerate as rerate_store};
use tollgate_storage::store::Store;

use crate::failure::Failure;
use tollgate_console::say;

/// Rates every CDR again, on every processor.
pub fn rerate(store: &Store) -> Result<Rerated, Failure> {
    let threads = thread::available_parallelism().map_or(1, usize::from);
    rerate_store(store, threads).map_err(|error| error.to_string().into())
}

/// Prints the result for people.
pub fn print(rerated: &Rerated) {
    for line in lines(rerated) {
        say!("{line}");
    }
}

/// The result in lines; the last one says whether prices agree.
fn lines(rerated: &Rerated) -> Vec<String> {
    let Rerated { rated_again, not_rated_again, unreadable, differing, first } = rerated;
    let mut lines = unreadable.clone();
    if *not_rated_again > 0 {
        lines.push(format!("{not_rated_again} CDRs cannot be rated again (archive of an earlier version)"));
    }
    lines.push(match first {
        Some(first) => {
            format!("prices do NOT agree: {differing} of {rated_again} CDRs differ, the first: {first}")
        }
        None => format!("prices agree: {rated_again} CDRs rated again"),
    });
    lines
}

/// The same for programs.
pub fn json(rerated: &Rerated) -> Value {
    json!({
        "rated_again": rerated.rated_again,
        "not_rated_again": rerated.not_rated_again,
        "unreadable": rerated.unreadable,
        "differing": rerated.differing,
        "first": rerated.first.as_ref().map(Difference::json),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first() -> Difference {
        Difference {
            place: (1, 17),
            account: "acme".to_owned(),
            currency: "USD".to_owned(),
            charged: "0.03".parse().unwrap(),
            would_be: Some("0.02".parse().unwrap()),
            others: vec!["plan a, would be b".to_owned()],
        }
    }

    #[test]
    fn the_first_difference_is_told_and_what_could_not_be_rated() {
        let sound =
            Rerated { rated_again: 5, not_rated_again: 0, unreadable: Vec::new(), differing: 0, first: None };
        assert_eq!(lines(&sound), ["prices agree: 5 CDRs rated again"]);
        let (unreadable, first) = (vec!["tariff version x: has no plans".to_owned()], Some(first()));
        let off = Rerated { not_rated_again: 2, unreadable, differing: 3, first, ..sound };
        assert_eq!(
            lines(&off),
            [
                "tariff version x: has no plans",
                "2 CDRs cannot be rated again (archive of an earlier version)",
                "prices do NOT agree: 3 of 5 CDRs differ, the first: message 17 of account acme: \
                 charged 0.03 USD, would be 0.02 USD; plan a, would be b",
            ]
        );
        let shown = json(&off);
        assert_eq!((&shown["differing"], &shown["not_rated_again"]), (&json!(3), &json!(2)));
        assert_eq!(shown["first"]["message_id"], "17");
        assert_eq!(
            (&shown["first"]["charged"], &shown["first"]["would_be"]),
            (&json!("0.03"), &json!("0.02"))
        );
    }
}
