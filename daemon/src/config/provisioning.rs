//! What the tariff files say: plans, accounts, networks and numbering, checked against one another.

use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use tollgate_engine::account::Account;
use tollgate_engine::money::Amount;
use tollgate_engine::network::Networks;
use tollgate_engine::numbering::{NumberingPlan, PortedNumbers};
use tollgate_engine::refusal::StatusTable;
use tollgate_engine::tables::Definition;
use tollgate_engine::tariff::Plan;

use super::accounts::{Surroundings, read_accounts};
use super::archive::{archive, version};
use super::catalogue::Catalogue;
use super::passwords::PasswordHash;
use super::plans::read_plans;
use super::rates::RateBook;
use super::read::{Problems, Sources};
use super::settings::{Settings, TlvTags};
use super::settings_reader::TariffSources;

/// Everything that messages are rated by and accounts bind with. All names resolve: every account's plan is here and
/// has its currency, every rate's network is in the catalogue.
#[derive(Clone, Debug)]
pub struct Provisioning {
    /// Names the content of [`Self::archive`], in 16 hexadecimal digits.
    pub version: Arc<str>,
    /// In the order of the file.
    pub plans: Vec<Plan>,
    /// In the order of the file; ids and `system_id`s are unique.
    pub accounts: Vec<ProvisionedAccount>,
    /// The catalogue of networks.
    pub networks: Networks,
    /// Prefix → network.
    pub numbering: NumberingPlan,
    /// Number → network, before the numbering plan.
    pub ported: PortedNumbers,
    /// What a price depends on, as it was read.
    pub archive: Vec<ArchivedFile>,
}

/// An account, with what it takes to bind for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvisionedAccount {
    /// As the engine charges it.
    pub account: Account,
    /// The name it binds with, at most 15 octets.
    pub system_id: Arc<str>,
    /// What its password is verified against.
    pub password_hash: PasswordHash,
    /// Posted once, when the account is first seen; a later change has no effect.
    pub opening_balance: Amount,
    /// Binds at once.
    pub max_binds: u32,
    /// Requests that one bind may have unanswered; `None` for the server's number.
    pub window: Option<u32>,
    /// Where it may bind from; empty for anywhere.
    pub allowed_ips: Vec<IpNet>,
    /// How long `user_message_reference` with source and destination serves as the idempotency key; `None` for never.
    pub idempotency_by_user_message_reference: Option<Duration>,
    /// Whether every response carries the reply TLVs, asked for or not.
    pub reply_tlvs: bool,
    /// Tags of the TLVs that carry Tollgate's own fields.
    pub tlv: TlvTags,
}

/// One file of the tariff, kept so that a price can be explained later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArchivedFile {
    /// As configured, such as `rates/samples.csv`.
    pub name: Arc<str>,
    /// SHA-256 of the content, so that a store keeps each content once.
    pub digest: [u8; 32],
    /// The content; `None` for ported numbers, of which only the hash is kept.
    pub bytes: Option<Arc<[u8]>>,
}

impl Provisioning {
    /// Reads the files of the tariff and checks them against one another. What is wrong is left in `problems`; then
    /// the result is not to be used.
    pub(super) fn read(
        tariff: &TariffSources,
        settings: &Settings,
        sources: &mut Sources,
        problems: &mut Problems,
    ) -> Self {
        let catalogue = Catalogue::read(tariff, problems);
        let known = catalogue.known();
        let (mut plans, plan_names) = read_plans(tariff.plans.as_deref(), problems);
        let mut rates = RateBook::default();
        for source in &tariff.rates {
            rates.read_file(source, &plan_names, known, problems);
        }
        for plan in &mut plans {
            plan.rates = rates.rates_of(&plan.name);
        }
        let around = Surroundings { settings, plans: &plan_names, known, sources };
        let accounts = read_accounts(tariff.accounts.as_deref(), around, problems);
        let archive = archive(tariff, &accounts);
        let Catalogue { networks, numbering, ported, .. } = catalogue;
        Self { version: version(&archive), plans, accounts, networks, numbering, ported, archive }
    }

    /// What the engine makes its tables from.
    pub fn definition(&self, statuses: &StatusTable) -> Definition {
        Definition {
            version: Arc::clone(&self.version),
            networks: self.networks.clone(),
            numbering: self.numbering.clone(),
            ported: self.ported.clone(),
            plans: self.plans.clone(),
            accounts: self.accounts.iter().map(|provisioned| provisioned.account.clone()).collect(),
            statuses: statuses.clone(),
        }
    }
}
