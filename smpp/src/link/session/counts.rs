//! The counts of a link, for metrics.

/// The events since the counts were last taken, or since the link was started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LinkCounts {
    /// Whole PDUs received.
    pub frames: u64,
    /// The number of messages sent.
    pub submits: u64,
    /// Messages answered, whether with ESME_ROK or an error.
    pub responses: u64,
    /// Messages not answered in time.
    pub timed_out: u64,
    /// Answers to messages that nobody waits for: they came too late, or twice.
    pub late_responses: u64,
    /// Other responses to nothing that we asked, such as a generic_nack that does not say to what.
    pub unknown_responses: u64,
    /// deliver_sm and data_sm taken.
    pub delivers: u64,
    /// deliver_sm and data_sm turned away: in the wrong state, while we leave, or with a bad field.
    pub delivers_refused: u64,
    /// Acknowledgements that came when their connection was gone, or twice.
    pub stale_acks: u64,
    /// Requests that no client takes.
    pub unknown_commands: u64,
    /// enquire_links that we sent.
    pub enquiries: u64,
}

impl LinkCounts {
    /// Adds what was counted elsewhere.
    pub(crate) fn add(&mut self, other: Self) {
        let Self {
            frames,
            submits,
            responses,
            timed_out,
            late_responses,
            unknown_responses,
            delivers,
            delivers_refused,
            stale_acks,
            unknown_commands,
            enquiries,
        } = other;
        self.frames += frames;
        self.submits += submits;
        self.responses += responses;
        self.timed_out += timed_out;
        self.late_responses += late_responses;
        self.unknown_responses += unknown_responses;
        self.delivers += delivers;
        self.delivers_refused += delivers_refused;
        self.stale_acks += stale_acks;
        self.unknown_commands += unknown_commands;
        self.enquiries += enquiries;
    }
}
