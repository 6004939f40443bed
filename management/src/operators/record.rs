//! An operator of the API as the books keep it, and the operator that is put in force from it.

use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize, Serializer};
use tollgate_api::operators::{OperatorAccounts, OperatorCost, OperatorInput};
use tollgate_api::problem::Problem;
use tollgate_engine::account::SenderPolicy;
use tollgate_engine::network::NetworkCode;
use tollgate_engine::operator::{AccountFilter, DataCodings, Operator, OperatorNumber, ServedNetworks};
use tollgate_engine::tariff::{RateRow, RowOrigin};
use tollgate_engine::time::UnixMicros;

use super::smpp;
use tollgate_provisioning::bounds::operator as bounds;
use tollgate_provisioning::{ProvisionedOperator, RateList, Secret, check_rate, texts};

/// The operator's settings as they were asked for. [`provisioned`](Self::provisioned) checks them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperatorRecord {
    /// Everything but the password. `mcc` and `mnc` are in `networks`.
    pub input: OperatorInput,
    /// The password of its binds, in the clear as in `operators.toml`. It is in no answer and in no audit note.
    #[serde(serialize_with = "in_the_clear")]
    password: Secret,
}

fn in_the_clear<S: Serializer>(password: &Secret, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(password.expose())
}

impl OperatorRecord {
    /// A record of what was sent. Without a password in it, that of the record before is kept.
    pub fn new(mut input: OperatorInput, before: Option<&Self>) -> Result<Self, Problem> {
        let sent = input.smpp_config.password.take();
        let password = match (sent, before) {
            (Some(password), _) => password,
            (None, Some(before)) => before.password.clone(),
            (None, None) => return Err(Problem::field("smpp_config.password", "is missing")),
        };
        input.networks = networks_of(&mut input)?;
        // An operator that has another currency since long may keep it.
        if before.is_none_or(|before| before.input.currency != input.currency) {
            parsed("currency", texts::currency(input.currency.0.as_str()))?;
        }
        Ok(Self { input, password })
    }

    /// The operator as it is put in force; `Err` names the field that is wrong. Networks and accounts need not exist.
    pub fn provisioned(&self) -> Result<ProvisionedOperator, Problem> {
        let input = &self.input;
        let code = parsed("code", texts::name(&input.code))?;
        let name = input.name.as_deref().map(texts::label).transpose();
        let country = input.country.as_deref().map(texts::country).transpose();
        if input.price_per_sms.is_none() && input.costs.is_empty() {
            let message = "is missing, and so are costs: an operator without a known cost gets no messages";
            return Err(Problem::field("price_per_sms", message));
        }
        if input.price_per_sms.is_some_and(|price| price.0.is_negative()) {
            return Err(Problem::field("price_per_sms", "is below zero"));
        }
        for (number, rank) in [(bounds::PRIORITY, input.priority), (bounds::WEIGHT, input.weight)] {
            number.bounds.check(rank).map_err(|error| Problem::field(error.key, error.to_string()))?;
        }
        let password = parsed("smpp_config.password", texts::password(self.password.expose()))?;
        let operator = Operator {
            name: parsed("name", name)?.unwrap_or_else(|| Arc::clone(&code)),
            code,
            country: parsed("country", country)?,
            number: OperatorNumber::default(),
            status: input.status.0,
            networks: self.served()?,
            currency: input.currency.0,
            base_cost: input.price_per_sms.map(|price| price.0),
            costs: cost_rows(&input.costs)?,
            priority: input.priority,
            weight: input.weight,
            senders: self.senders()?,
            accounts: account_filter(input.accounts.as_ref())?,
            data_codings: self.data_codings()?,
        };
        Ok(ProvisionedOperator { operator, smpp: smpp::links(&input.smpp_config, password)? })
    }

    /// True if both have the same password.
    pub fn has_password_of(&self, other: &Self) -> bool {
        self.password == other.password
    }

    /// The file of certificates that it names; it must exist when the operator is made or changed.
    pub fn ca_file(&self) -> Option<PathBuf> {
        self.input.smpp_config.tls.as_ref()?.ca_file.as_ref().map(PathBuf::from)
    }

    fn served(&self) -> Result<ServedNetworks, Problem> {
        let Some(listed) = &self.input.networks else { return Ok(ServedNetworks::All) };
        bounded("networks", listed.len(), bounds::NETWORKS)?;
        let codes = listed.iter().map(|code| network("networks", NetworkCode::parse_joined(code), code));
        codes.collect::<Result<_, _>>().map(ServedNetworks::Listed)
    }

    fn senders(&self) -> Result<SenderPolicy, Problem> {
        let Some(listed) = &self.input.senders else { return Ok(SenderPolicy::Any) };
        bounded("senders", listed.len(), bounds::LISTED)?;
        let senders = listed.iter().map(|sender| texts::sender(sender)).collect();
        parsed("senders", senders).map(SenderPolicy::Listed)
    }

    fn data_codings(&self) -> Result<DataCodings, Problem> {
        let Some(listed) = &self.input.data_codings else { return Ok(DataCodings::all()) };
        bounded("data_codings", listed.len(), bounds::DATA_CODINGS)?;
        Ok(DataCodings::of(listed))
    }
}

/// Networks in one form: those that are listed, or the one that `mcc` and `mnc` name.
fn networks_of(input: &mut OperatorInput) -> Result<Option<Vec<String>>, Problem> {
    let written = |field: &str, code: Option<NetworkCode>, text: &str| {
        network(field, code, text).map(|code| code.to_string())
    };
    match (input.networks.take(), input.mcc.take(), input.mnc.take()) {
        (None, None, None) => Ok(None),
        (Some(listed), None, None) => {
            let codes = listed.iter().map(|code| written("networks", NetworkCode::parse_joined(code), code));
            codes.collect::<Result<_, _>>().map(Some)
        }
        (None, Some(mcc), mnc) => {
            let mnc = mnc.unwrap_or_default();
            let text = format!("{mcc} {mnc}");
            written("mcc", NetworkCode::new(&mcc, &mnc), text.trim()).map(|code| Some(vec![code]))
        }
        (Some(_), _, _) => Err(Problem::field("mcc", "cannot be set together with networks")),
        (None, None, Some(_)) => Err(Problem::field("mnc", "requires mcc")),
    }
}

fn network(field: &str, code: Option<NetworkCode>, text: &str) -> Result<NetworkCode, Problem> {
    code.ok_or_else(|| {
        let text = texts::quoted(text);
        Problem::field(field, format!("{text} is neither a network such as 434/05 nor an MCC such as 434"))
    })
}

fn cost_rows(costs: &[OperatorCost]) -> Result<Vec<RateRow>, Problem> {
    if costs.len() > bounds::NETWORKS {
        return Err(Problem::field("costs", format!("more than {}", bounds::NETWORKS)));
    }
    let mut list = RateList::default();
    for (cost, line) in costs.iter().zip(1..) {
        let field = |name: &str| format!("costs.{}.{name}", line - 1);
        let mnc = cost.mnc.as_deref().unwrap_or_default();
        let row = RateRow {
            network: network(&field("mcc"), NetworkCode::new(&cost.mcc, mnc), &cost.mcc)?,
            price: cost.cost.0,
            effective_from: cost.effective_from.map_or(UnixMicros::default(), |at| at.0),
            effective_to: cost.effective_to.map(|at| at.0),
            // It stands in no file, so that the archive writes it out.
            origin: RowOrigin { file: Arc::from(""), line },
        };
        check_rate(&row).map_err(|error| Problem::field(&field(error.key("cost")), error.to_string()))?;
        list.add(row).map_err(|error| Problem::field("costs", error.to_string()))?;
    }
    Ok(list.into_rows())
}

fn account_filter(filter: Option<&OperatorAccounts>) -> Result<AccountFilter, Problem> {
    let Some(OperatorAccounts { only, except }) = filter else { return Ok(AccountFilter::Any) };
    let list = |field: &str, ids: &[String]| -> Result<Vec<Arc<str>>, Problem> {
        bounded(field, ids.len(), bounds::LISTED)?;
        parsed(field, ids.iter().map(|id| texts::name(id)).collect())
    };
    match (only.is_empty(), except.is_empty()) {
        (false, true) => list("accounts.only", only).map(AccountFilter::Only),
        (true, false) => list("accounts.except", except).map(AccountFilter::Except),
        (true, true) => Err(Problem::field("accounts", "lists no account; set it to null for all accounts")),
        (false, false) => Err(Problem::field("accounts", "must have either only or except")),
    }
}

/// Refuses a list that is empty or too long.
fn bounded(field: &str, length: usize, most: usize) -> Result<(), Problem> {
    if (1..=most).contains(&length) {
        Ok(())
    } else {
        Err(Problem::field(field, format!("must have from 1 to {most} entries, or be null for all")))
    }
}

fn parsed<T>(field: &str, parsed: Result<T, String>) -> Result<T, Problem> {
    parsed.map_err(|message| Problem::field(field, message))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use tollgate_engine::operator::OperatorStatus;
    use tollgate_provisioning::{OperatorBind, UnknownPolicy};

    use super::*;

    fn input(change: impl FnOnce(&mut Value)) -> OperatorInput {
        let mut body = json!({
            "code": "UZ_UCELL", "mcc": "434", "mnc": "05", "currency": "USD", "price_per_sms": "0.011",
            "smpp_config": { "host": "smsc.example.com", "system_id": "tollgate", "password": "hunter22" },
        });
        change(&mut body);
        serde_json::from_value(body).unwrap()
    }

    fn field(input: OperatorInput) -> String {
        let record = OperatorRecord::new(input, None);
        let problem = record.and_then(|record| record.provisioned().map(|_| ())).unwrap_err();
        problem.errors.first().map(|error| error.field.clone()).unwrap_or_default()
    }

    #[test]
    fn what_is_sent_becomes_an_operator() {
        let record = OperatorRecord::new(input(|_| ()), None).unwrap();
        let operator = record.provisioned().unwrap();
        let network = NetworkCode::new("434", "05").unwrap();
        assert_eq!(operator.operator.networks, ServedNetworks::Listed(vec![network]));
        assert_eq!(operator.operator.base_cost, "0.011".parse().ok());
        assert_eq!(&*operator.operator.name, "UZ_UCELL");
        assert_eq!(operator.smpp.password.expose(), "hunter22");
        assert_eq!((operator.smpp.port, operator.smpp.window, operator.smpp.binds), (2775, 100, 1));
    }

    #[test]
    fn the_books_have_the_password_and_nobody_else() {
        let record = OperatorRecord::new(input(|_| ()), None).unwrap();
        assert!(!format!("{record:?}").contains("hunter22"));
        assert!(!serde_json::to_string(&record.input).unwrap().contains("hunter22"));
        let document: OperatorRecord =
            serde_json::from_str(&serde_json::to_string(&record).unwrap()).unwrap();
        assert_eq!(document, record);
        let without = input(|body| {
            body["smpp_config"].as_object_mut().unwrap().remove("password");
        });
        let changed = OperatorRecord::new(without.clone(), Some(&record)).unwrap();
        assert_eq!(changed.provisioned().unwrap().smpp.password.expose(), "hunter22");
        assert!(OperatorRecord::new(without, None).is_err(), "a new one has to say it");
    }

    #[test]
    fn what_is_wrong_is_named() {
        let wrong: [(&str, Value, &str); 12] = [
            ("code", json!("a b"), "code"),
            ("country", json!("Uzbekistan"), "country"),
            ("price_per_sms", Value::Null, "price_per_sms"),
            ("price_per_sms", json!("-1"), "price_per_sms"),
            ("networks", json!(["434"]), "mcc"),
            ("mcc", json!("43"), "mcc"),
            ("mcc", Value::Null, "mnc"),
            ("priority", json!(1_000_001), "priority"),
            ("senders", json!([]), "senders"),
            ("accounts", json!({}), "accounts"),
            ("accounts", json!({ "only": ["a"], "except": ["b"] }), "accounts"),
            ("costs", json!([{ "mcc": "434", "cost": "1" }, { "mcc": "434", "cost": "2" }]), "costs"),
        ];
        for (key, value, named) in wrong {
            assert_eq!(field(input(|body| body[key] = value.clone())), named, "{key} = {value}");
        }
    }

    #[test]
    fn what_was_written_before_is_read_and_written_the_same() {
        let written = concat!(
            r#"{"input":{"code":"UZ_UCELL","name":"Ucell","country":"UZ","status":"draining","#,
            r#""networks":["434/05"],"mcc":null,"mnc":null,"currency":"USD","price_per_sms":"0.011","#,
            r#""costs":[{"mcc":"434","mnc":null,"cost":"0.02","effective_from":null,"effective_to":null}],"#,
            r#""priority":50,"weight":2,"senders":["ACME"],"accounts":{"only":["first"]},"#,
            r#""data_codings":[0,8],"smpp_config":{"host":"smsc.example.com","port":3550,"#,
            r#""tls":{"ca_file":null,"server_name":null,"insecure":true},"system_id":"tollgate","#,
            r#""system_type":"VMA","interface_version":"5.0","bind":"separate","binds":3,"window":7,"#,
            r#""throughput":500,"enquire_link_seconds":1,"response_seconds":2,"connect_seconds":3,"#,
            r#""reconnect_min_ms":10,"reconnect_max_ms":20,"number_format":"national","#,
            r#""national_calling_code":"998","receipt_ids":"hex_to_decimal","receipts":false,"retries":0,"#,
            r#""long_messages":"payload","unknown_outcome":"settle"}},"password":"hunter22"}"#,
        );
        let record: OperatorRecord = serde_json::from_str(written).unwrap();
        assert_eq!(serde_json::to_string(&record).unwrap(), written);
        let operator = record.provisioned().unwrap();
        assert_eq!(operator.operator.status, OperatorStatus::Draining);
        assert_eq!(operator.smpp.interface_version.octet(), 0x50);
        assert_eq!(operator.smpp.bind, OperatorBind::TransmitterReceiver);
        assert_eq!(operator.smpp.unknown_outcome, Some(UnknownPolicy::Settle));
    }
}
