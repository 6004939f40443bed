//! Networks, routing and settings in force, for those who read them.

use std::sync::Arc;

use tollgate_api::reference::{OperatorPlace, ReferenceService};
use tollgate_provisioning::{Loaded, Settings};

use crate::context::Context;

/// The configuration in force, as it is.
#[derive(Debug)]
pub struct Reference(pub Arc<Context>);

impl ReferenceService for Reference {
    fn loaded(&self) -> Arc<Loaded> {
        self.0.core.configuration.files()
    }

    fn operators(&self) -> Vec<OperatorPlace> {
        let snapshot = self.0.core.snapshot.load();
        let place = |operator: &tollgate_engine::operator::Operator| OperatorPlace {
            code: operator.code.to_string(),
            status: operator.status,
            priority: operator.priority,
            weight: operator.weight,
        };
        snapshot.routes.operators().map(place).collect()
    }

    fn delivers_by_default(&self) -> bool {
        self.0.core.snapshot.load().delivers_by_default
    }

    fn started_with(&self) -> Settings {
        self.0.settings.clone()
    }
}
