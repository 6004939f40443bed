//! Changes of a reload, as lines for the log. There is no password, hash or address in them.

use std::collections::{BTreeMap, BTreeSet};

use tollgate_engine::settlement::Outcome;
use tollgate_engine::tariff::Plan;

use crate::Choice;
use crate::accounts::ProvisionedAccount;
use crate::bundle_products::BundleProduct;
use crate::change_lines::{Lines, by_name, compare_rates};
use crate::load::Loaded;
use crate::operator_changes::{compare_exchange, compare_operators, compare_routing};
use crate::provisioning::Provisioning;
use crate::resale::ProvisionedPriceList;
use crate::settings::Settings;

/// Tables of `tollgate.toml` that a reload applies, `[routing]` aside. The rest is about sockets, threads,
/// queues and the disk, which are there from start to end.
const RELOADABLE: [&str; 5] = ["tlv.", "refusals.", "tariff.", "operators.", "traffic_pumping."];

impl Loaded {
    /// The differences from `old` in at most 51 lines, of which the last one counts those that are left out.
    pub fn changes_since(&self, old: &Self) -> Vec<String> {
        let mut lines = Lines::default();
        compare_settings(&old.settings, &self.settings, &mut lines);
        compare_plans(&old.provisioning.plans, &self.provisioning.plans, &mut lines);
        compare_accounts(&old.provisioning.accounts, &self.provisioning.accounts, &mut lines);
        compare_price_lists(&old.provisioning.price_lists, &self.provisioning.price_lists, &mut lines);
        compare_bundles(&old.provisioning.bundles, &self.provisioning.bundles, &mut lines);
        compare_operators(&old.provisioning.operators, &self.provisioning.operators, &mut lines);
        compare_routing(&old.provisioning.routing, &self.provisioning.routing, &mut lines);
        compare_exchange(&old.provisioning.exchange, &self.provisioning.exchange, &mut lines);
        compare_files(&old.provisioning, &self.provisioning, &mut lines);
        lines.finish()
    }

    /// The state that a reload makes of `old`: settings that a reload does not apply stay as they are.
    #[must_use]
    pub fn reloaded_over(self, old: &Self) -> Self {
        let Settings { tlv, refusals, tariff, operators, traffic_pumping, .. } = self.settings;
        let settings = Settings { tlv, refusals, tariff, operators, traffic_pumping, ..old.settings.clone() };
        Self { settings, ..self }
    }
}

fn compare_settings(old: &Settings, new: &Settings, lines: &mut Lines) {
    let (old, new) = (by_key(old), by_key(new));
    let shown = |value: Option<&String>| value.map_or_else(|| "none".to_owned(), String::clone);
    let keys: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    for key in keys {
        let (was, is) = (old.get(key), new.get(key));
        if was != is {
            let reloadable = RELOADABLE.iter().any(|table| key.starts_with(table));
            let when = if reloadable { "" } else { " (at the next start)" };
            lines.add(|| format!("{key}: {} → {}{when}", shown(was), shown(is)));
        }
    }
}

/// Every key with its tables, and its value as TOML writes it.
fn by_key(settings: &Settings) -> BTreeMap<String, String> {
    fn collect(path: &str, value: &toml::Value, keys: &mut BTreeMap<String, String>) {
        match value {
            toml::Value::Table(table) => {
                for (key, value) in table {
                    let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                    collect(&path, value, keys);
                }
            }
            value => {
                keys.insert(path.to_owned(), value.to_string());
            }
        }
    }
    let mut keys = BTreeMap::new();
    // Settings are plain values and tables of them, which TOML can hold.
    if let Ok(value) = toml::Value::try_from(settings) {
        collect("", &value, &mut keys);
    }
    keys
}

fn compare_plans(old: &[Plan], new: &[Plan], lines: &mut Lines) {
    by_name(
        "plan",
        old,
        new,
        |plan| &plan.name,
        lines,
        |was, is, lines| {
            let owner = format!("plan {}", is.name);
            let base =
                |plan: &Plan| plan.base_price.map_or_else(|| "refuse".to_owned(), |price| price.to_string());
            lines.moved(format_args!("{owner}: currency"), &was.currency, &is.currency);
            lines.moved(format_args!("{owner}: time zone"), &was.time_zone, &is.time_zone);
            lines.moved(format_args!("{owner}: base price"), &base(was), &base(is));
            if was.tiers != is.tiers {
                lines.add(|| format!("{owner}: tiers changed"));
            }
            let charge_on = |plan: &Plan| plan.settlement.charge_on.name();
            lines.moved(format_args!("{owner}: charge_on"), &charge_on(was), &charge_on(is));
            lines.moved(format_args!("{owner}: refund_on"), &refund_on(was), &refund_on(is));
            let counts = |plan: &Plan| plan.bundle_segments_count;
            lines.moved(format_args!("{owner}: bundle_segments_count"), &counts(was), &counts(is));
            lines.moved(format_args!("{owner}: delivery"), &was.delivery.word(), &is.delivery.word());
            if was.pumping != is.pumping {
                lines.add(|| format!("{owner}: traffic_pumping changed"));
            }
            compare_rates("rate", &owner, &was.rates, &is.rates, lines);
            compare_rates("rate", &owner, &was.common_rates, &is.common_rates, lines);
        },
    );
}

fn refund_on(plan: &Plan) -> String {
    let outcomes: Vec<&str> = plan.settlement.refund_on.outcomes().map(Outcome::name).collect();
    if outcomes.is_empty() { "none".to_owned() } else { outcomes.join(", ") }
}

fn compare_price_lists(old: &[ProvisionedPriceList], new: &[ProvisionedPriceList], lines: &mut Lines) {
    by_name(
        "price list",
        old,
        new,
        |list| &list.name,
        lines,
        |was, is, lines| {
            let owner = format!("price list {}", is.name);
            lines.moved(format_args!("{owner}: owner"), &was.owner, &is.owner);
            lines.moved(format_args!("{owner}: currency"), &was.currency, &is.currency);
            if was.list.mark_ups != is.list.mark_ups {
                lines.add(|| format!("{owner}: mark-ups changed"));
            }
            compare_rates("rate", &owner, &was.list.rates, &is.list.rates, lines);
        },
    );
}

fn compare_bundles(old: &[BundleProduct], new: &[BundleProduct], lines: &mut Lines) {
    by_name(
        "bundle",
        old,
        new,
        |bundle| &bundle.name,
        lines,
        |was, is, lines| {
            lines.moved(format_args!("bundle {}: price", is.name), &was.price, &is.price);
            if (BundleProduct { price: is.price, ..was.clone() }) != *is {
                lines.add(|| format!("bundle {} changed", is.name));
            }
        },
    );
}

fn compare_accounts(old: &[ProvisionedAccount], new: &[ProvisionedAccount], lines: &mut Lines) {
    by_name(
        "account",
        old,
        new,
        |account| &account.account.id,
        lines,
        |was, is, lines| {
            let changed = changed_keys(was, is);
            if !changed.is_empty() {
                lines.add(|| format!("account {} changed: {}", is.account.id, changed.join(", ")));
            }
            let owner = format!("account {}", is.account.id);
            compare_rates("rate", &owner, &was.account.rates, &is.account.rates, lines);
        },
    );
}

/// The keys of `accounts.toml` in which two versions of an account differ, its rates aside.
fn changed_keys(was: &ProvisionedAccount, is: &ProvisionedAccount) -> Vec<&'static str> {
    let (old, new) = (&was.account, &is.account);
    [
        ("system_id", was.system_id != is.system_id),
        ("password_hash", was.password_hash != is.password_hash),
        ("plan", old.plan != new.plan),
        ("currency", old.currency != new.currency),
        ("opening_balance (without effect once posted)", was.opening_balance != is.opening_balance),
        ("credit_limit", old.credit_limit != new.credit_limit),
        ("suspended", old.suspended != new.suspended),
        ("low_balance_threshold", old.low_balance_threshold != new.low_balance_threshold),
        ("default_calling_code", old.default_calling_code != new.default_calling_code),
        ("number_lengths", old.number_lengths != new.number_lengths),
        ("trusts_network_tlv", old.trusts_network_tlv != new.trusts_network_tlv),
        ("senders", old.senders != new.senders),
        ("templates", old.texts != new.texts),
        ("rate_limit", old.rate_limit != new.rate_limit),
        ("max_binds", was.max_binds != is.max_binds),
        ("window", was.window != is.window),
        ("allowed_ips", was.allowed_ips != is.allowed_ips),
        (
            "idempotency_by_user_message_reference_seconds",
            was.idempotency_by_user_message_reference != is.idempotency_by_user_message_reference,
        ),
        ("reply_tlvs", was.reply_tlvs != is.reply_tlvs),
        ("smpp33_receipt_ids", was.smpp33_receipt_ids != is.smpp33_receipt_ids),
        ("tlv", was.tlv != is.tlv),
        ("email", was.contact.email != is.contact.email),
        ("alert_webhook_url", was.contact.webhook_url != is.contact.webhook_url),
        ("traffic_pumping", was.pumping != is.pumping),
        ("refusals", old.statuses != new.statuses),
        ("default_coding", old.default_coding != new.default_coding),
        ("delivery", old.delivery != new.delivery),
        ("caps", old.caps != new.caps),
        ("is_reseller", was.resale.is_reseller != is.resale.is_reseller),
        ("below_cost", was.resale.below_cost != is.resale.below_cost),
        ("parent", old.reselling.parent != new.reselling.parent),
        ("chain", old.reselling.chain != new.reselling.chain),
        ("earning", old.reselling.earning != new.reselling.earning),
        ("price_list", was.resale.price_list != is.resale.price_list),
    ]
    .into_iter()
    .filter_map(|(key, differs)| differs.then_some(key))
    .collect()
}

fn compare_files(old: &Provisioning, new: &Provisioning, lines: &mut Lines) {
    by_name(
        "tariff file",
        &old.archive,
        &new.archive,
        |file| &file.name,
        lines,
        |was, is, lines| {
            if was.digest != is.digest {
                lines.add(|| format!("{} changed", is.name));
            }
        },
    );
    lines.moved("networks", &old.networks.len(), &new.networks.len());
    lines.moved("prefixes of the numbering plan", &old.numbering.len(), &new.numbering.len());
    lines.moved("ported numbers", &old.ported.len(), &new.ported.len());
    lines.moved("tariff version", &old.version, &new.version);
}
