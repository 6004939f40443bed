//! Accounts, operators and tariff versions, by their numbers.

use std::collections::HashMap;

use tollgate_engine::account::AccountNumber;
use tollgate_engine::operator::OperatorNumber;

use crate::database::{Database, Unavailable, damaged};
use crate::rows::{
    AccountRow, ChainPlace, ContentDigest, FileContent, OperatorRow, Row, TariffRow, content_digest,
};
use crate::schema::{CHAIN_PLACE_PREFIX, DEFAULT_DELIVERY_KEY, Family, account_key, chain_place_key};

/// Reads the rows of accounts, operators and tariff versions.
#[derive(Clone, Copy, Debug)]
pub struct ProvisionedRows<'a> {
    pub(super) database: &'a Database,
}

impl ProvisionedRows<'_> {
    /// Every account that was ever provisioned.
    pub fn accounts(&self) -> Result<Vec<(AccountNumber, AccountRow)>, Unavailable> {
        numbered(self.database, Family::Accounts)
    }

    /// An account that was provisioned once.
    pub fn account(&self, number: AccountNumber) -> Result<Option<AccountRow>, Unavailable> {
        self.database.row(Family::Accounts, &account_key(number))
    }

    /// The place of one account in a chain.
    pub fn chain_place(&self, account: AccountNumber) -> Result<Option<ChainPlace>, Unavailable> {
        self.database.row(Family::Meta, &chain_place_key(account))
    }

    /// The places of accounts in chains, as they were put in force last, by id. Empty in a directory of an earlier version.
    pub fn chain_places(&self) -> Result<HashMap<String, ChainPlace>, Unavailable> {
        let mut by_number = Vec::new();
        let end = [CHAIN_PLACE_PREFIX, &[u8::MAX; 5]].concat();
        self.database.range(Family::Meta, CHAIN_PLACE_PREFIX..&end[..], |key, value| {
            let number = key.strip_prefix(CHAIN_PLACE_PREFIX).and_then(|key| key.try_into().ok());
            let read = number.map(u32::from_be_bytes).zip(ChainPlace::read(value));
            by_number.push(read.ok_or_else(|| damaged(Family::Meta))?);
            Ok(true)
        })?;
        if by_number.is_empty() {
            return Ok(HashMap::new());
        }
        let ids: HashMap<u32, String> =
            self.accounts()?.into_iter().map(|(number, row)| (number.0, row.id)).collect();
        let named = |(number, place)| ids.get(&number).map(|id| (id.clone(), place));
        Ok(by_number.into_iter().filter_map(named).collect())
    }

    /// Every operator that was ever provisioned.
    pub fn operators(&self) -> Result<Vec<(OperatorNumber, OperatorRow)>, Unavailable> {
        let mut operators = Vec::new();
        self.database.range(Family::Operators, &[]..&[u8::MAX; 3], |key, value| {
            let number = key.try_into().map(u16::from_be_bytes).ok();
            let read = number.zip(OperatorRow::read(value)).ok_or_else(|| damaged(Family::Operators))?;
            operators.push((OperatorNumber(read.0), read.1));
            Ok(true)
        })?;
        Ok(operators)
    }

    /// The delivery of accounts that set none, as it was when the directory was first asked for it: true for operators.
    pub fn default_delivery(&self) -> Result<Option<bool>, Unavailable> {
        let kept = self.database.get(Family::Meta, DEFAULT_DELIVERY_KEY)?;
        match kept.as_deref() {
            None => Ok(None),
            Some([0]) => Ok(Some(false)),
            Some([1]) => Ok(Some(true)),
            Some(_) => Err(damaged(Family::Meta)),
        }
    }

    /// Every tariff version ever applied, by the number that CDRs name it with.
    pub fn tariffs(&self) -> Result<Vec<(u32, TariffRow)>, Unavailable> {
        Ok(numbered(self.database, Family::Tariffs)?
            .into_iter()
            .map(|(number, row)| (number.0, row))
            .collect())
    }

    /// A tariff version, by the number that CDRs name it with.
    pub fn tariff(&self, number: u32) -> Result<Option<TariffRow>, Unavailable> {
        self.database.row(Family::Tariffs, &number.to_be_bytes())
    }

    /// The content of an archived file. One that is not there is an error, as is one of another digest.
    pub fn tariff_content(&self, content: &FileContent) -> Result<Vec<u8>, Unavailable> {
        match content {
            FileContent::Inline(content) => Ok(content.clone()),
            FileContent::Stored { digest, .. } => self.stored_content(digest),
        }
    }

    fn stored_content(self, digest: &ContentDigest) -> Result<Vec<u8>, Unavailable> {
        let content = self.database.get(Family::TariffFiles, digest)?;
        content
            .filter(|content| content_digest(content) == *digest)
            .ok_or_else(|| Unavailable("an archived tariff file is not what it was".to_owned()))
    }
}

/// Rows of a family whose keys are account numbers or numbers of the same width.
pub(super) fn numbered<R: Row>(
    database: &Database,
    family: Family,
) -> Result<Vec<(AccountNumber, R)>, Unavailable> {
    let (mut rows, mut sound) = (Vec::new(), true);
    database.scan(family, &[], |key, value| {
        match (key.try_into(), R::read(value)) {
            (Ok(number), Some(row)) => rows.push((AccountNumber(u32::from_be_bytes(number)), row)),
            _ => sound = false,
        }
        sound
    })?;
    if sound { Ok(rows) } else { Err(damaged(family)) }
}
