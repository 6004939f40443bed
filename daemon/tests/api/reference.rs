//! Settings of files, as the API shows them: networks and countries, routing, settings of the process.

use serde_json::{Value, json};

use super::auth::{PASSWORD, make_people};
use crate::support::api::{Api, start_with_admin};
use crate::support::sandbox::Sandbox;

fn items(api: &Api, path: &str) -> Vec<Value> {
    let page = api.get(path).expect(200).json;
    page["items"].as_array().expect("a list").clone()
}

#[test]
fn networks_and_countries_are_found_by_text() {
    let sandbox = Sandbox::new();
    let (daemon, admin) = start_with_admin(&sandbox);
    make_people(&admin);
    let carl = Api::login(&daemon, "carl@example.com", PASSWORD);
    let page = carl.get("/v1/networks?limit=1").expect(200).json;
    assert!(page["total"].as_u64() > Some(1_000), "{page}");
    let found = items(&carl, "/v1/networks?search=MTN%20uganda");
    let found = if found.is_empty() { items(&carl, "/v1/networks?search=mtn&country=ug") } else { found };
    assert!(!found.is_empty());
    for network in &found {
        assert_eq!((&network["mcc"], &network["country"]), (&json!("641"), &json!("UG")), "{network}");
        assert_eq!(network["country_name"], "Uganda");
    }
    assert!(found.iter().any(|network| network["prefixes"].as_u64() > Some(0)), "{found:?}");
    assert_eq!(items(&carl, "/v1/networks?country=UG"), items(&carl, "/v1/networks?mcc=641"));
    assert_eq!(items(&carl, "/v1/networks?search=no%20such%20network"), Vec::<Value>::new());

    // Martinique has numbers, and networks by them alone: their mobile country code is that of Guadeloupe.
    let martinique = items(&carl, "/v1/countries?search=martinique").remove(0);
    assert_eq!((&martinique["iso2"], &martinique["mccs"]), (&json!("MQ"), &json!(["340"])), "{martinique}");
    let networks = items(&carl, "/v1/networks?country=mq");
    assert_eq!(martinique["networks"].as_u64(), Some(networks.len() as u64), "{networks:?}");
    let orange = networks.iter().find(|network| network["mnc"] == "01").expect("the network of Orange");
    assert_eq!(orange["country"], "GP");
    for country in ["GP", "MQ", "GF"] {
        let countries = orange["number_countries"].as_array().expect("a list");
        assert!(countries.contains(&json!(country)), "{orange}");
    }

    let kenya = items(&carl, "/v1/countries?search=KENYA").remove(0);
    assert_eq!(
        (&kenya["iso2"], &kenya["calling_code"], &kenya["mccs"]),
        (&json!("KE"), &json!("254"), &json!(["639"]))
    );
    assert!(kenya["networks"].as_u64() > Some(0) && kenya["prefixes"].as_u64() > Some(0), "{kenya}");
    assert_eq!(items(&carl, "/v1/countries?search=639").remove(0)["iso2"], "KE");
    let names: Vec<String> = items(&carl, "/v1/countries?limit=1000")
        .iter()
        .map(|country| country["name"].as_str().expect("a name").to_owned())
        .collect();
    assert!(names.is_sorted() && names.len() > 150, "{names:?}");
    daemon.stop();
}

#[test]
fn routing_and_settings_are_those_in_force() {
    let sandbox = Sandbox::new();
    sandbox.set("api", "session_idle_minutes = 45");
    let (daemon, admin) = start_with_admin(&sandbox);
    make_people(&admin);
    let routing = admin.get("/v1/routing").expect(200).json;
    let expected = json!({
        "strategy": "priority", "health_floor": null, "margin_guard": "off", "default_delivery": "charge_only", "rules": [],
        "operators": [],
    });
    assert_eq!(routing, expected);
    let of_name = |name: &str| items(&admin, &format!("/v1/settings?search={name}")).remove(0);
    let idle = of_name("api.session_idle_minutes");
    assert_eq!(
        (&idle["value"], &idle["is_default"], &idle["takes_effect"], &idle["at_next_start"]),
        (&json!(45), &json!(false), &json!("next_start"), &Value::Null)
    );
    assert_eq!(items(&admin, "/v1/settings?search=secret_key"), Vec::<Value>::new());
    let whole = admin.get("/v1/settings?limit=1000").expect(200).json;
    assert!(whole["total"].as_u64() > Some(100) && whole["next_cursor"].is_null(), "{whole}");
    let changed = items(&admin, "/v1/settings?changed=true&limit=1000");
    assert!(changed.contains(&idle) && changed.iter().all(|setting| setting["name"] != "smpp.window"));

    // One table holds from the reload on, the other from the next start on.
    sandbox.set("routing", "strategy = \"weighted\"");
    sandbox.set("smpp", "window = 77");
    admin.order("/v1/reload").expect(200);
    assert_eq!(admin.get("/v1/routing").expect(200).json["strategy"], "weighted");
    let window = of_name("smpp.window");
    assert_eq!((&window["at_next_start"], &window["value"]), (&json!(77), &window["default"]));
    let carl = Api::login(&daemon, "carl@example.com", PASSWORD);
    for path in ["/v1/exchange-rates", "/v1/routing", "/v1/settings"] {
        assert_eq!(carl.get(path).expect(403).code(), "forbidden");
    }
    daemon.stop();
}
