//! An operator as the API shows it.

use std::collections::HashMap;

use serde_json::Value;
use tollgate_api::accounts::Source;
use tollgate_api::answer::Answer;
use tollgate_api::choice::Word;
use tollgate_api::money::{CurrencyCode, Money};
use tollgate_api::operators::{Operator, OperatorAccounts, OperatorCost, OperatorsQuery, UnroutedTraffic};
use tollgate_api::problem::Problem;
use tollgate_api::time::Time;
use tollgate_engine::account::SenderPolicy;
use tollgate_engine::network::NetworkCode;
use tollgate_engine::operator::{AccountFilter, DataCodings, OperatorNumber, ServedNetworks};
use tollgate_engine::tariff::RateRow;
use tollgate_engine::time::UnixMicros;
use tollgate_relay::unrouted;
use tollgate_storage::store::Store;

use super::record::OperatorRecord;
use super::smpp;
use crate::documents::Document;
use crate::problems::unavailable;
use tollgate_provisioning::ProvisionedOperator;

/// The instant at which each operator was first provisioned.
pub type CreatedAt = HashMap<OperatorNumber, UnixMicros>;

/// Reads when each operator was first provisioned.
pub fn created_at(store: &Store) -> Answer<CreatedAt> {
    let operators = store.provisioned().operators().map_err(|error| unavailable(&error))?;
    Ok(operators.into_iter().map(|(number, row)| (number, row.created_at)).collect())
}

/// An operator in force; `document` is its record where it is one of the API.
pub fn operator(
    provisioned: &ProvisionedOperator,
    document: Option<&Document<OperatorRecord>>,
    created: &CreatedAt,
) -> Operator {
    let operator = &provisioned.operator;
    let created_at = created.get(&operator.number).copied().unwrap_or_default();
    let networks = networks_of(&operator.networks);
    let (mcc, mnc) = match networks.as_deref() {
        Some([only]) => split(*only),
        _ => (None, None),
    };
    Operator {
        code: operator.code.to_string(),
        name: operator.name.to_string(),
        source: if document.is_some() { Source::Api } else { Source::File },
        country: operator.country.as_ref().map(ToString::to_string),
        status: Word(operator.status),
        mcc,
        mnc,
        networks: networks.map(|codes| codes.iter().map(ToString::to_string).collect()),
        currency: CurrencyCode(operator.currency),
        price_per_sms: operator.base_cost.map(Money),
        costs: operator.costs.iter().map(cost_of).collect(),
        priority: operator.priority,
        weight: operator.weight,
        senders: senders_of(&operator.senders),
        accounts: accounts_of(&operator.accounts),
        data_codings: data_codings_of(operator.data_codings),
        smpp_config: smpp::shown(&provisioned.smpp),
        created_at: Time(created_at),
        updated_at: Time(document.map_or(created_at, |document| document.updated_at)),
        unrouted: None,
    }
}

/// Traffic that would find no operator.
pub fn unrouted(traffic: &unrouted::UnroutedTraffic) -> UnroutedTraffic {
    UnroutedTraffic {
        account: traffic.account.to_string(),
        mcc: format!("{:03}", traffic.network.mcc),
        mnc: traffic.network.mnc.map(|mnc| mnc.to_string()),
        messages: traffic.messages,
        is_new: traffic.is_new,
    }
}

/// A record as the audit log may show it: without the password.
pub fn audited(record: &OperatorRecord) -> Value {
    serde_json::to_value(&record.input).unwrap_or_default()
}

/// Notes for the audit log that the password is another one, without either.
pub fn say_password_changed(audited: &mut Value) {
    if let Some(smpp) = audited.pointer_mut("/smpp_config").and_then(Value::as_object_mut) {
        smpp.insert("password".to_owned(), "changed".into());
    }
}

/// A test for the operators that a query asks for.
pub fn filter(query: &OperatorsQuery) -> Answer<impl Fn(&Operator) -> bool> {
    let network = match (&query.mcc, &query.mnc) {
        (None, None) => None,
        (None, Some(_)) => return Err(Problem::field("mnc", "requires mcc")),
        (Some(mcc), mnc) => {
            let code = NetworkCode::new(mcc, mnc.as_deref().unwrap_or_default());
            Some(code.ok_or_else(|| Problem::field("mcc", "is not the code of a network"))?)
        }
    };
    let search = query.search.as_ref().map(|text| text.to_lowercase());
    let query = query.clone();
    Ok(move |operator: &Operator| {
        query.status.is_none_or(|status| operator.status == status)
            && query.source.is_none_or(|source| operator.source == source)
            && query.country.as_ref().is_none_or(|country| operator.country.as_ref() == Some(country))
            && network.is_none_or(|network| serves(operator, network))
            && search.as_ref().is_none_or(|text| {
                operator.code.to_lowercase().contains(text) || operator.name.to_lowercase().contains(text)
            })
    })
}

/// True if the list of networks has this one. Other codes of the same network operator are not considered.
fn serves(operator: &Operator, network: NetworkCode) -> bool {
    let Some(networks) = &operator.networks else { return true };
    networks.iter().filter_map(|code| NetworkCode::parse_joined(code)).any(|code| {
        code == network || code == network.mcc_alone() || network.is_mcc_alone() && code.mcc == network.mcc
    })
}

fn networks_of(networks: &ServedNetworks) -> Option<Vec<NetworkCode>> {
    match networks {
        ServedNetworks::All => None,
        ServedNetworks::Listed(codes) => Some(codes.clone()),
    }
}

fn split(code: NetworkCode) -> (Option<String>, Option<String>) {
    (Some(format!("{:03}", code.mcc)), code.mnc.map(|mnc| mnc.to_string()))
}

fn cost_of(row: &RateRow) -> OperatorCost {
    let (mcc, mnc) = split(row.network);
    OperatorCost {
        mcc: mcc.unwrap_or_default(),
        mnc,
        cost: Money(row.price),
        effective_from: (row.effective_from != UnixMicros::default()).then_some(Time(row.effective_from)),
        effective_to: row.effective_to.map(Time),
    }
}

fn senders_of(senders: &SenderPolicy) -> Option<Vec<String>> {
    match senders {
        SenderPolicy::Listed(list) => {
            Some(list.iter().map(|sender| String::from_utf8_lossy(sender).into_owned()).collect())
        }
        SenderPolicy::Any | SenderPolicy::Approved => None,
    }
}

fn accounts_of(filter: &AccountFilter) -> Option<OperatorAccounts> {
    let list = |ids: &[std::sync::Arc<str>]| ids.iter().map(ToString::to_string).collect();
    match filter {
        AccountFilter::Any => None,
        AccountFilter::Only(ids) => Some(OperatorAccounts { only: list(ids), except: Vec::new() }),
        AccountFilter::Except(ids) => Some(OperatorAccounts { only: Vec::new(), except: list(ids) }),
    }
}

fn data_codings_of(codings: DataCodings) -> Option<Vec<u8>> {
    (codings != DataCodings::all()).then(|| (0..=u8::MAX).filter(|value| codings.takes(*value)).collect())
}
