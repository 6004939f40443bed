//! The way in which a parent earns on an account, from what was asked for and back.

use tollgate_api::accounts::{Earning, EarningKind};
use tollgate_api::answer::Answer;
use tollgate_api::choice::Word;
use tollgate_api::percent::Percent;
use tollgate_api::problem::Problem;
use tollgate_engine::reselling;
use tollgate_provisioning::{commission, commission_of};

/// The earning that was asked for; `Err` names the field that is wrong.
pub fn earning_of(asked: Earning) -> Answer<reselling::Earning> {
    let Earning { kind, percent, of } = asked;
    match (kind, percent, of) {
        (EarningKind::Wholesale, None, None) => Ok(reselling::Earning::Wholesale),
        (EarningKind::Wholesale, Some(_), _) => {
            Err(Problem::field("earning.percent", "is only for a commission"))
        }
        (EarningKind::Wholesale, None, Some(_)) => {
            Err(Problem::field("earning.of", "is only for a commission"))
        }
        (EarningKind::Commission, Some(percent), Some(of)) => {
            commission(percent.0, of.0).map_err(|message| Problem::field("earning.percent", message))
        }
        (EarningKind::Commission, None, _) => {
            Err(Problem::field("earning.percent", "is needed for a commission"))
        }
        (EarningKind::Commission, _, None) => Err(Problem::field("earning.of", "is needed for a commission")),
    }
}

/// An earning as the API shows it.
pub fn shown_earning(earning: reselling::Earning) -> Earning {
    match commission_of(earning) {
        None => Earning::default(),
        Some((share, of)) => Earning {
            kind: EarningKind::Commission,
            percent: Some(Percent(share.percent())),
            of: Some(Word(of)),
        },
    }
}

#[cfg(test)]
mod tests {
    use tollgate_provisioning::CommissionBase;

    use super::*;

    #[test]
    fn an_earning_is_whole_or_names_what_it_lacks() {
        let percent = |text: &str| Some(Percent(text.parse().unwrap()));
        let whole = Earning {
            kind: EarningKind::Commission,
            percent: percent("12.5"),
            of: Some(Word(CommissionBase::Margin)),
        };
        assert_eq!(shown_earning(earning_of(whole).unwrap()), whole);
        assert_eq!(shown_earning(earning_of(Earning::default()).unwrap()), Earning::default());
        for (wrong, field) in [
            (Earning { percent: None, ..whole }, "earning.percent"),
            (Earning { of: None, ..whole }, "earning.of"),
            (Earning { percent: percent("100.5"), ..whole }, "earning.percent"),
            (Earning { kind: EarningKind::Wholesale, ..whole }, "earning.percent"),
            (Earning { kind: EarningKind::Wholesale, percent: None, ..whole }, "earning.of"),
        ] {
            assert_eq!(earning_of(wrong).unwrap_err().errors[0].field, field);
        }
    }
}
