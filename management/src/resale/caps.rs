//! Caps of an account, from what was asked for and back.

use tollgate_api::accounts::AccountCap;
use tollgate_api::answer::Answer;
use tollgate_api::choice::Word;
use tollgate_api::money::Money;
use tollgate_api::problem::Problem;
use tollgate_engine::cap::{Cap, CapId};
use tollgate_engine::network::Networks;
use tollgate_provisioning::{check_cap, check_caps, texts};

use super::scopes::{AskedScope, ShownScope};

/// The caps that were asked for; `Err` names the field that is wrong. Countries and networks are looked up in a catalogue where
/// one is given.
pub fn caps_of(asked: &[AccountCap], catalogue: Option<&Networks>) -> Answer<Vec<Cap>> {
    let caps = asked.iter().enumerate().map(|(index, cap)| cap_of(index, cap, catalogue));
    let caps: Vec<Cap> = caps.collect::<Answer<_>>()?;
    check_caps(&caps).map_err(|fault| {
        let field = format!("caps.{}.{}", fault.index, fault.key);
        Problem::field(&field, fault.message)
    })?;
    Ok(caps)
}

fn cap_of(index: usize, asked: &AccountCap, catalogue: Option<&Networks>) -> Answer<Cap> {
    let path = format!("caps.{index}.");
    let wrong = |key: &str, message: String| Problem::field(&format!("{path}{key}"), message);
    let name = texts::name(&asked.name).map_err(|message| wrong("name", message))?;
    let scope = AskedScope {
        countries: asked.countries.as_ref(),
        networks: asked.networks.as_ref(),
        prefixes: asked.prefixes.as_ref(),
    };
    let cap = Cap {
        id: CapId::new(name.as_ref(), asked.span.0),
        scope: scope.scope(&path, catalogue)?,
        max_amount: asked.max_amount.map(|money| money.0),
        max_messages: asked.max_messages,
        is_hard: asked.hard,
        gives_back: asked.gives_back,
    };
    check_cap(&cap).map_err(|(key, message)| wrong(key, message))?;
    Ok(cap)
}

/// A cap as the API shows it.
pub fn shown_cap(cap: &Cap) -> AccountCap {
    let ShownScope { countries, networks, prefixes } = ShownScope::of(&cap.scope);
    AccountCap {
        name: cap.name().to_owned(),
        span: Word(cap.span()),
        max_amount: cap.max_amount.map(Money),
        max_messages: cap.max_messages,
        countries,
        networks,
        prefixes,
        hard: cap.is_hard,
        gives_back: cap.gives_back,
    }
}
