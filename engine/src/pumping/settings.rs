//! The treatment of traffic pumping: whether it is looked for, from where on it is found, and what follows.

/// The treatment of pumping by one account's traffic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PumpingMode {
    /// Nobody looks for it, and the account costs nothing.
    #[default]
    Off,
    /// Findings are reported.
    Alert,
    /// Findings are reported, and the rate of a range is stepped down where the evidence is strong.
    StepDown,
}

impl PumpingMode {
    /// Every mode of treatment.
    pub const ALL: [Self; 3] = [Self::Off, Self::Alert, Self::StepDown];

    /// The name in config keys and over the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Alert => "alert",
            Self::StepDown => "step_down",
        }
    }
}

/// The mode and the thresholds of one account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PumpingSettings {
    /// The treatment of pumping.
    pub mode: PumpingMode,
    /// Different numbers in sequence from which on a range is found.
    pub sequence_numbers: u32,
    /// Different numbers close together, in no order, from which on a range is found.
    pub narrow_numbers: u32,
    /// The share of the last messages, in percent, from which on new and expensive networks are found.
    pub share_percent: u32,
    /// The price, in percent of what the account usually pays, from which on a destination is expensive.
    pub expensive_percent: u32,
    /// The share of ended messages, in percent, up to which a range counts as not delivered.
    pub delivered_percent: u32,
    /// Messages that a range whose rate is stepped down may still have in a minute.
    pub step_down_per_minute: u32,
    /// Minutes without a sign after which a finding ends and a step-down is lifted.
    pub quiet_minutes: u32,
}

impl PumpingSettings {
    /// The settings where nothing is configured.
    pub const DEFAULT: Self = Self {
        mode: PumpingMode::Off,
        sequence_numbers: 16,
        narrow_numbers: 20,
        share_percent: 30,
        expensive_percent: 150,
        delivered_percent: 50,
        step_down_per_minute: 6,
        quiet_minutes: 30,
    };
}

impl Default for PumpingSettings {
    fn default() -> Self {
        Self::DEFAULT
    }
}
