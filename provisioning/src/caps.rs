//! Caps of an account: read from its table, and checked wherever they come from.

use std::collections::HashMap;

use tollgate_engine::calendar::SpanUnit;
use tollgate_engine::cap::{Cap, CapId, CapNumber};
use tollgate_engine::money::Amount;

use crate::bounds::cap as bounds;
use crate::catalogue::Known;
use crate::choice::Choice;
use crate::read::TableReader;
use crate::read::texts;
use crate::read::values::{boolean, decimal, one_of, text};
use crate::traffic_scopes::read_scope;

impl Choice for SpanUnit {
    const ALL: &'static [Self] = &Self::ALL;

    fn word(self) -> &'static str {
        self.name()
    }
}

/// A mistake in a list of caps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CapFault {
    /// The place of the cap in the list.
    pub index: usize,
    /// The key that is wrong.
    pub key: &'static str,
    /// The mistake, in words that follow the key.
    pub message: String,
}

/// Checks a cap by itself. The error names the key.
pub fn check_cap(cap: &Cap) -> Result<(), (&'static str, String)> {
    if cap.max_amount.is_some_and(|most| most <= Amount::ZERO) {
        return Err(("max_amount", "must be above zero; suspend the account to stop it".to_owned()));
    }
    if let Some(most) = cap.max_messages {
        bounds::MAX_MESSAGES.check(most).map_err(|error| (error.key, error.to_string()))?;
    }
    if cap.max_amount.is_none() && cap.max_messages.is_none() {
        return Err((
            "max_amount",
            "is missing, and so is max_messages: the cap would limit nothing".to_owned(),
        ));
    }
    Ok(())
}

/// Checks the caps of one account against one another: neither names nor numbers occur twice.
pub fn check_caps(caps: &[Cap]) -> Result<(), CapFault> {
    if caps.len() > bounds::CAPS {
        let message = format!("more than {}", bounds::CAPS);
        return Err(CapFault { index: bounds::CAPS, key: "name", message });
    }
    let mut names: HashMap<&str, usize> = HashMap::new();
    let mut numbers: HashMap<CapNumber, &str> = HashMap::new();
    for (index, cap) in caps.iter().enumerate() {
        let fault = |message| CapFault { index, key: "name", message };
        if names.insert(cap.name(), index).is_some() {
            return Err(fault(format!("there is another cap `{}` of the account", cap.name())));
        }
        if let Some(other) = numbers.insert(cap.number(), cap.name()) {
            return Err(fault(format!(
                "`{}` has the same number as the cap `{other}`: use another name",
                cap.name()
            )));
        }
    }
    Ok(())
}

/// Reads the caps of an account.
pub fn read_caps(table: &mut TableReader, known: &Known) -> Vec<Cap> {
    let mut read: Vec<Cap> = Vec::new();
    table.tables("caps", |table| {
        let Some(cap) = read_cap(table, known) else { return };
        read.push(cap);
        // Only the newest one can be wrong beside the others, which were right so far.
        if let Err(fault) = check_caps(&read) {
            table.problem(fault.key, fault.message);
            read.pop();
        }
    });
    read
}

fn read_cap(table: &mut TableReader, known: &Known) -> Option<Cap> {
    let name = table.required("name", text(texts::name));
    let scope = read_scope(table, known, true);
    let span = table.required("span", one_of);
    let max_amount = table.optional("max_amount", decimal(texts::amount));
    let max_messages = table.optional_number(&bounds::MAX_MESSAGES);
    let is_hard = table.or("hard", true, boolean);
    let gives_back = table.or("gives_back", true, boolean);
    if (table.has("max_amount") && max_amount.is_none())
        || (table.has("max_messages") && max_messages.is_none())
    {
        return None;
    }
    let id = CapId::new(name?.as_ref(), span?);
    let cap = Cap { id, scope, max_amount, max_messages, is_hard, gives_back };
    check_cap(&cap).map_err(|(key, message)| table.problem(key, message)).ok()?;
    Some(cap)
}

#[cfg(test)]
mod tests {
    use tollgate_engine::traffic::TrafficScope;

    use super::*;

    fn cap(name: &str, span: SpanUnit) -> Cap {
        let (max_amount, max_messages) = (Some(Amount::from_micros(1)), None);
        let (scope, is_hard, gives_back) = (TrafficScope::All, true, true);
        Cap { id: CapId::new(name, span), scope, max_amount, max_messages, is_hard, gives_back }
    }

    #[test]
    fn a_cap_limits_something() {
        let day = cap("a", SpanUnit::Day);
        assert_eq!(check_cap(&day), Ok(()));
        for (wrong, key) in [
            (Cap { max_amount: Some(Amount::ZERO), ..day.clone() }, "max_amount"),
            (Cap { max_amount: Some(Amount::from_micros(-1)), ..day.clone() }, "max_amount"),
            (Cap { max_amount: None, ..day.clone() }, "max_amount"),
            (Cap { max_messages: Some(0), ..day.clone() }, "max_messages"),
            (Cap { max_messages: Some(u64::MAX), ..day.clone() }, "max_messages"),
        ] {
            assert_eq!(check_cap(&wrong).unwrap_err().0, key, "{wrong:?}");
        }
    }

    #[test]
    fn two_caps_have_two_names_and_two_numbers() {
        let (day, month) = (cap("a", SpanUnit::Day), cap("b", SpanUnit::Month));
        assert_eq!(check_caps(&[day.clone(), month.clone()]), Ok(()));
        let twice = check_caps(&[day.clone(), month, cap("a", SpanUnit::Hour)]).unwrap_err();
        assert_eq!((twice.index, twice.key), (2, "name"));
        let many: Vec<Cap> = (0..=bounds::CAPS).map(|at| cap(&format!("cap{at}"), SpanUnit::Day)).collect();
        assert_eq!(check_caps(&many).unwrap_err().index, bounds::CAPS);
        // Found by counting up: FNV-1a gives both the same 32 bits.
        let (one, other) = same_number();
        let fault = check_caps(&[cap(&one, SpanUnit::Day), cap(&other, SpanUnit::Day)]).unwrap_err();
        assert!(fault.message.contains("the same number"), "{}", fault.message);
    }

    /// Two names with the same number: a birthday among some hundred thousand.
    fn same_number() -> (String, String) {
        let mut seen: HashMap<CapNumber, String> = HashMap::new();
        for at in 0_u32.. {
            let name = format!("{at:x}");
            if let Some(other) = seen.insert(CapNumber::of(&name, SpanUnit::Day), name.clone()) {
                return (other, name);
            }
        }
        unreachable!("more names than numbers")
    }
}
