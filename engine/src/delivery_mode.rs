//! The step that follows once messages are charged: they are delivered, or somebody else delivers them.

/// The delivery of messages once they are charged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DeliveryMode {
    /// As the plan of an account says, and of a plan as the house's default says.
    #[default]
    Routed,
    /// They are handed to an operator, and refused where none takes them.
    Operators,
    /// Nothing: whoever sent them delivers them.
    ChargeOnly,
}

impl DeliveryMode {
    /// The delivery of an account on a plan: its own, or else that of the plan.
    #[must_use]
    pub const fn or(self, plan: Self) -> Self {
        match self {
            Self::Routed => plan,
            own => own,
        }
    }

    /// True if messages go to operators, where `by_default` is the house's default.
    pub const fn goes_to_operators(self, by_default: bool) -> bool {
        match self {
            Self::Routed => by_default,
            Self::Operators => true,
            Self::ChargeOnly => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::DeliveryMode::{ChargeOnly, Operators, Routed};

    #[test]
    fn an_account_goes_before_its_plan_and_the_plan_before_the_default() {
        for (account, plan, to_operators) in [
            (Routed, Routed, [false, true]),
            (Routed, Operators, [true, true]),
            (Routed, ChargeOnly, [false, false]),
            (Operators, ChargeOnly, [true, true]),
            (ChargeOnly, Operators, [false, false]),
        ] {
            let found = [false, true].map(|default| account.or(plan).goes_to_operators(default));
            assert_eq!(found, to_operators, "{account:?} on {plan:?}");
        }
    }
}
