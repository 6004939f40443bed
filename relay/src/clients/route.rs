//! The operator that a message goes to first, chosen after the message is rated and before anything is debited.

use std::hash::{BuildHasher, Hasher};
use std::sync::OnceLock;

use tollgate_engine::charging::Rated;
use tollgate_engine::money::Amount;
use tollgate_engine::operator::{OperatorNumber, OperatorStatus};
use tollgate_engine::refusal::Refusal;
use tollgate_engine::routing::{NoRoute, RouteAsk, RouteStage};
use tollgate_engine::segments::Body;
use tollgate_engine::time::UnixMicros;
use tollgate_storage::clock::steady;

use super::session::EsmeSession;
use crate::snapshot::ActiveAccount;

/// The operator that a message is queued for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FirstChoice {
    /// The operator in whose backlog it waits.
    pub operator: OperatorNumber,
    /// The number that weighted routing draws with, now and when the message has to go elsewhere.
    pub spread: u64,
}

/// The properties of a message that routing looks at, beside its rating.
#[derive(Clone, Copy, Debug)]
pub struct Routing<'a> {
    /// The account that sends it.
    pub account: &'a ActiveAccount,
    /// The time at which it came.
    pub now: UnixMicros,
    /// The source address as submitted.
    pub source: &'a [u8],
    /// The text with its coding and header.
    pub body: &'a Body<'a>,
}

impl EsmeSession {
    /// The operator that a message is queued for; `None` where messages are charged only.
    pub(crate) fn route(
        &self,
        routing: &Routing<'_>,
        rated: &Rated,
        expected_price: &dyn Fn() -> Amount,
    ) -> Result<Option<FirstChoice>, Refusal> {
        let snapshot = self.snapshot();
        let account = &routing.account.provisioned.account;
        if !routing.account.terms.delivery().goes_to_operators(snapshot.delivers_by_default) {
            return Ok(None);
        }
        let long_message = part_of(routing.body).map(|part| {
            let number = rated.number;
            hash(&[account.id.as_bytes(), routing.source, number.as_bytes(), &part])
        });
        let long_message_routes = &self.context.long_message_routes;
        if let Some(spread) = long_message
            && let Some(operator) = long_message_routes.operator(spread, steady().0)
            && snapshot.routes.operator(operator).is_some_and(|known| known.status == OperatorStatus::Active)
        {
            return Ok(Some(FirstChoice { operator, spread }));
        }
        let spread = long_message.unwrap_or_else(|| self.spread.next());
        let ask = RouteAsk {
            network: rated.network,
            account: &account.id,
            source: routing.source,
            data_coding: routing.body.data_coding,
            segments: rated.segments,
            price: expected_price(),
            currency: account.currency,
            now: routing.now,
            spread,
            tried: &[],
            stage: RouteStage::Submit,
        };
        let choice =
            snapshot.routes.choose(&ask, &*snapshot.operator_queues).map_err(|no_route| match no_route {
                NoRoute::NoCandidate => Refusal::NoRoute,
                NoRoute::AbovePrice => Refusal::AbovePrice,
            })?;
        if choice.above_price {
            self.context.metrics.above_price.increment(1);
        }
        if long_message.is_some() {
            long_message_routes.remember(spread, choice.operator, steady().0);
        }
        Ok(Some(FirstChoice { operator: choice.operator, spread }))
    }
}

/// Reference and number of parts, where the body is one part of a longer message (SMPP 3.4 §5.3.2.22, 3GPP TS 23.040
/// §9.2.3.24.1 and §9.2.3.24.8).
fn part_of(body: &Body<'_>) -> Option<[u8; 3]> {
    if let Some(sar) = body.sar {
        let [high, low] = sar.reference.to_be_bytes();
        return (sar.total > 1).then_some([high, low, sar.total]);
    }
    if !body.udhi {
        return None;
    }
    let (length, rest) = body.octets.split_first()?;
    let mut elements = rest.get(..usize::from(*length))?;
    while let [identifier, length, rest @ ..] = elements {
        let (value, behind) = rest.split_at_checked(usize::from(*length))?;
        match (*identifier, value) {
            (0x00, [reference, total, _]) => return Some([0, *reference, *total]),
            (0x08, [high, low, total, _]) => return Some([*high, *low, *total]),
            _ => elements = behind,
        }
    }
    None
}

/// A hash that is the same for all parts of a message as long as the process lives.
fn hash(long_message_routes: &[&[u8]]) -> u64 {
    static STATE: OnceLock<std::hash::RandomState> = OnceLock::new();
    let mut hasher = STATE.get_or_init(std::hash::RandomState::new).build_hasher();
    for part in long_message_routes {
        hasher.write(part);
        hasher.write_u8(0xFF);
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tollgate_engine::segments::Sar;

    fn body(octets: &[u8], udhi: bool, sar: Option<Sar>) -> Body<'_> {
        Body { data_coding: 0, udhi, sar, octets, in_payload: false }
    }

    #[test]
    fn parts_are_known_by_header_and_by_parameters() {
        let short = body(&[0x05, 0x00, 0x03, 0x2A, 0x02, 0x01, b'x'], true, None);
        assert_eq!(part_of(&short), Some([0, 0x2A, 2]));
        let behind_a_port = [0x0C, 0x05, 0x04, 0x15, 0x81, 0, 0, 0x08, 0x04, 0x12, 0x34, 3, 1];
        assert_eq!(part_of(&body(&behind_a_port, true, None)), Some([0x12, 0x34, 3]));
        let sar = Sar { reference: 0x1234, total: 2, sequence: 1 };
        assert_eq!(part_of(&body(b"x", false, Some(sar))), Some([0x12, 0x34, 2]));
    }

    #[test]
    fn whole_messages_are_not_parts() {
        assert_eq!(part_of(&body(b"\x05\0\x03text", false, None)), None);
        assert_eq!(part_of(&body(&[0x05, 0x00, 0x03, 0x2A], true, None)), None, "a header that is cut short");
        let only = Sar { reference: 1, total: 1, sequence: 1 };
        assert_eq!(part_of(&body(b"x", false, Some(only))), None);
    }
}
