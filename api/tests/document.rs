//! The committed OpenAPI document is that of the handlers.

#![allow(clippy::unwrap_used, missing_docs, reason = "tests stop at a surprise")]

use std::fs;
use std::path::Path;

#[test]
fn the_committed_document_is_that_of_the_handlers() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/openapi.json");
    let committed = fs::read_to_string(path).unwrap();
    assert!(
        committed == tollgate_api::router::document_text(),
        "docs/openapi.json is not what the handlers say; `tollgate openapi > docs/openapi.json` writes it anew"
    );
}
