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

/// The settings of a plan or an account that differ from those of all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PumpingOverrides {
    /// The treatment of pumping.
    pub mode: Option<PumpingMode>,
    /// Different numbers in sequence from which on a range is found.
    pub sequence_numbers: Option<u32>,
    /// Different numbers close together from which on a range is found.
    pub narrow_numbers: Option<u32>,
    /// The share, in percent, from which on new and expensive networks are found.
    pub share_percent: Option<u32>,
    /// The price, in percent of the usual one, from which on a destination is expensive.
    pub expensive_percent: Option<u32>,
    /// The share of ended messages, in percent, up to which a range counts as not delivered.
    pub delivered_percent: Option<u32>,
    /// Messages that a range whose rate is stepped down may still have in a minute.
    pub step_down_per_minute: Option<u32>,
    /// Minutes without a sign after which a finding ends.
    pub quiet_minutes: Option<u32>,
}

impl PumpingOverrides {
    /// True if none differs.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The settings that hold: these, over those that are more general.
    #[must_use]
    pub fn over(&self, general: PumpingSettings) -> PumpingSettings {
        PumpingSettings {
            mode: self.mode.unwrap_or(general.mode),
            sequence_numbers: self.sequence_numbers.unwrap_or(general.sequence_numbers),
            narrow_numbers: self.narrow_numbers.unwrap_or(general.narrow_numbers),
            share_percent: self.share_percent.unwrap_or(general.share_percent),
            expensive_percent: self.expensive_percent.unwrap_or(general.expensive_percent),
            delivered_percent: self.delivered_percent.unwrap_or(general.delivered_percent),
            step_down_per_minute: self.step_down_per_minute.unwrap_or(general.step_down_per_minute),
            quiet_minutes: self.quiet_minutes.unwrap_or(general.quiet_minutes),
        }
    }
}
