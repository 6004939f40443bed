//! The logos of resellers: pictures that were looked at before they are kept, and removed with a word.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tollgate_api::answer::Answer;
use tollgate_api::caller::Caller;
use tollgate_api::invoice_terms::{Logo, LogoFormat};
use tollgate_api::problem::Problem;
use tollgate_billing::document::pdf::{LogoKind, check_logo};
use tollgate_storage::change::Expected;

use super::record::logo_key;
use crate::collections::INVOICES;
use crate::context::Context;
use crate::documents::stored_document;

/// A logo as the books keep it.
#[derive(Debug, Serialize, Deserialize)]
struct LogoRecord {
    kind: String,
    /// The file in Base64.
    file: String,
}

/// The logo of a reseller.
pub fn logo_of(context: &Context, account: &str) -> Answer<Option<Logo>> {
    let Some((_, record)) = stored_document::<LogoRecord>(context.store(), INVOICES, &logo_key(account))?
    else {
        return Ok(None);
    };
    let octets = STANDARD.decode(&record.file);
    let octets = octets.map_err(|_| Problem::internal(format!("the logo of {account} cannot be read")))?;
    let format = if record.kind == LogoKind::Jpeg.media_type() { LogoFormat::Jpeg } else { LogoFormat::Png };
    Ok(Some(Logo { format, octets }))
}

/// The house's logo, which is a file of the configuration.
pub fn house_logo(context: &Context) -> Option<Logo> {
    let octets = std::fs::read(context.settings.billing.issuer.logo.as_ref()?).ok()?;
    let format = match check_logo(&octets).ok()? {
        LogoKind::Png => LogoFormat::Png,
        LogoKind::Jpeg => LogoFormat::Jpeg,
    };
    Some(Logo { format, octets })
}

/// The logo of whoever issues a document: the reseller, or the house.
pub fn logo_of_issuer(context: &Context, issued_by: Option<&str>) -> Answer<Option<Logo>> {
    issued_by.map_or_else(|| Ok(house_logo(context)), |reseller| logo_of(context, reseller))
}

/// Keeps a file as the logo of a reseller, or removes the logo.
pub fn set_logo(context: &Context, caller: &Caller, account: &str, file: Option<&[u8]>) -> Answer<()> {
    let kind = file.map(check_logo).transpose();
    let kind = kind.map_err(|error| Problem::field("logo", error.to_string()))?;
    let before = logo_of(context, account)?;
    if file.is_none() && before.is_none() {
        return Ok(());
    }
    let told =
        |octets: &[u8]| json!({ "octets": octets.len(), "sha256": hex::encode(Sha256::digest(octets)) });
    let record = file.zip(kind).map(|(octets, kind)| LogoRecord {
        kind: kind.media_type().to_owned(),
        file: STANDARD.encode(octets),
    });
    let mut changes = context.change(caller);
    changes.document(INVOICES, logo_key(account).as_bytes(), Expected::Any, record.as_ref());
    let (before, after) =
        (before.map_or(Value::Null, |logo| told(&logo.octets)), file.map_or(Value::Null, told));
    changes.note("issuer_logo.set", format!("account/{account}"), &before, &after);
    changes.commit().map(drop)
}
