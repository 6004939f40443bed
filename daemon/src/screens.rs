//! The screens beside the API, on one address.

use axum::Router;
use tollgate_provisioning::ApiSettings;

/// The routes with the screens, where they are switched on.
pub fn with_screens(routes: Router, api: &ApiSettings) -> Router {
    if api.enabled && api.screens { routes.merge(tollgate_web::router()) } else { routes }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    /// The first segment of a path.
    fn first(path: &str) -> &str {
        path.trim_start_matches('/').split('/').next().unwrap()
    }

    #[test]
    fn the_screens_use_no_path_of_the_api() {
        let document: Value = serde_json::from_str(&tollgate_api::router::document_text()).unwrap();
        let paths: Vec<&String> = document["paths"].as_object().unwrap().keys().collect();
        let others = ["/healthz", "/readyz", "/openapi.json", tollgate_api::router::DOCS_PATH];
        let taken: Vec<&str> = paths.iter().map(|path| path.as_str()).chain(others).collect();
        assert!(taken.len() > 150, "{taken:?}");
        for path in tollgate_web::PATHS.iter().filter(|path| **path != "/") {
            assert_eq!(first(path), "app");
        }
        for path in taken {
            assert!(path != "/" && first(path) != "app", "{path} belongs to the screens");
        }
    }

    #[test]
    fn the_screens_go_with_the_api_and_can_be_switched_off() {
        let served = |api: &ApiSettings| with_screens(Router::new(), api).has_routes();
        let on = ApiSettings::default();
        assert!(served(&on));
        assert!(!served(&ApiSettings { screens: false, ..on.clone() }));
        assert!(!served(&ApiSettings { enabled: false, ..on }));
    }
}
