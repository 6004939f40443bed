//! Numbers for names: accounts, operators and tariff versions get theirs once and keep it.

use std::collections::{HashMap, HashSet};

use tollgate_engine::account::AccountNumber;
use tollgate_engine::operator::OperatorNumber;

use super::output::Output;
use crate::change::{ProvisionChange, TariffFile};
use crate::database::Unavailable;
use crate::rows::{AccountRow, ContentDigest, FileContent, OperatorRow, Row, TariffFileRow, TariffRow};
use crate::schema::{Family, account_key, operator_key};
use crate::store::Store;

/// Numbers by name.
#[derive(Debug, Default)]
pub struct Numbers {
    accounts: HashMap<String, AccountNumber>,
    operators: HashMap<String, OperatorNumber>,
    tariffs: HashMap<String, u32>,
    /// Contents of tariff files that are kept.
    contents: HashSet<ContentDigest>,
}

/// Numbers as the commit will leave them.
#[derive(Debug)]
pub struct NumberDraft<'a> {
    durable: &'a Numbers,
    added: Numbers,
}

impl Numbers {
    /// Reads every number.
    pub fn load(store: &Store) -> Result<Self, Unavailable> {
        let provisioned = store.provisioned();
        let tariffs = provisioned.tariffs()?;
        let files = tariffs.iter().flat_map(|(_, row)| &row.files);
        let contents = files.filter_map(|file| match &file.content {
            FileContent::Stored { digest, .. } => Some(*digest),
            FileContent::Inline(_) => None,
        });
        Ok(Self {
            contents: contents.collect(),
            accounts: provisioned.accounts()?.into_iter().map(|(number, row)| (row.id, number)).collect(),
            operators: provisioned.operators()?.into_iter().map(|(number, row)| (row.code, number)).collect(),
            tariffs: tariffs.into_iter().map(|(number, row)| (row.version, number)).collect(),
        })
    }

    /// Takes over what is durable.
    pub fn advance(&mut self, added: Self) {
        self.accounts.extend(added.accounts);
        self.operators.extend(added.operators);
        self.tariffs.extend(added.tariffs);
        self.contents.extend(added.contents);
    }
}

impl<'a> NumberDraft<'a> {
    /// No number is added yet.
    pub fn new(durable: &'a Numbers) -> Self {
        Self { durable, added: Numbers::default() }
    }

    /// Checks that there is a number for each name: those of operators have two octets, and none is given out
    /// again.
    pub fn check(&self, provision: &ProvisionChange) -> Result<(), Unavailable> {
        self.check_room(provision.accounts.len(), provision.operators.len(), 1)
    }

    /// Checks that there are numbers for so many new names.
    pub fn check_room(
        &self,
        new_accounts: usize,
        new_operators: usize,
        new_tariffs: usize,
    ) -> Result<(), Unavailable> {
        let Numbers { accounts, operators, tariffs, .. } = self.durable;
        let count = |known: usize, added: usize, new: usize| known + added + new;
        let operators = count(operators.len(), self.added.operators.len(), new_operators);
        let accounts = count(accounts.len(), self.added.accounts.len(), new_accounts);
        let tariffs = count(tariffs.len(), self.added.tariffs.len(), new_tariffs);
        let none_left = |what| Err(Unavailable(format!("there are no more numbers for {what}")));
        if u16::try_from(operators).is_err() {
            return none_left("operators");
        }
        if u32::try_from(accounts).is_err() || u32::try_from(tariffs).is_err() {
            return none_left("accounts or tariffs");
        }
        Ok(())
    }

    /// True if an account of this id has a number: it was provisioned once, and has books.
    pub fn has_account(&self, id: &str) -> bool {
        self.durable.accounts.contains_key(id) || self.added.accounts.contains_key(id)
    }

    /// The number of an account that has one.
    pub fn number_of(&self, id: &str) -> Option<AccountNumber> {
        self.durable.accounts.get(id).or_else(|| self.added.accounts.get(id)).copied()
    }

    /// The number of an account, and true if it is new. [`Self::check`] has seen that there is one.
    pub fn account(&mut self, out: &mut Output, id: &str, currency: &str) -> (AccountNumber, bool) {
        if let Some(number) = self.durable.accounts.get(id).or_else(|| self.added.accounts.get(id)) {
            return (*number, false);
        }
        let taken = self.durable.accounts.len() + self.added.accounts.len();
        let number = AccountNumber(next_number(taken));
        let row = AccountRow { id: id.to_owned(), currency: currency.to_owned(), created_at: out.now };
        out.batch.insert(Family::Accounts, account_key(number), row.to_bytes());
        self.added.accounts.insert(id.to_owned(), number);
        (number, true)
    }

    /// The number of an operator.
    pub fn operator(&mut self, out: &mut Output, code: &str) -> OperatorNumber {
        if let Some(number) = self.durable.operators.get(code).or_else(|| self.added.operators.get(code)) {
            return *number;
        }
        let taken = self.durable.operators.len() + self.added.operators.len();
        let number = OperatorNumber(next_number(taken));
        let row = OperatorRow { code: code.to_owned(), created_at: out.now };
        out.batch.insert(Family::Operators, operator_key(number), row.to_bytes());
        self.added.operators.insert(code.to_owned(), number);
        number
    }

    /// The number of a tariff version, which is archived now if it is new.
    pub fn tariff(&mut self, out: &mut Output, version: &str, files: &[TariffFile]) -> u32 {
        if let Some(number) = self.durable.tariffs.get(version).or_else(|| self.added.tariffs.get(version)) {
            return *number;
        }
        let taken = self.durable.tariffs.len() + self.added.tariffs.len();
        let number: u32 = next_number(taken);
        let files = files.iter().map(|file| self.tariff_file(out, file)).collect();
        let row = TariffRow { version: version.to_owned(), applied_at: out.now, files };
        out.batch.insert(Family::Tariffs, number.to_be_bytes(), row.to_bytes());
        self.added.tariffs.insert(version.to_owned(), number);
        number
    }

    /// A file of a version that is archived. Its content is written unless another version has it.
    fn tariff_file(&mut self, out: &mut Output, file: &TariffFile) -> TariffFileRow {
        let digest = file.digest;
        if !self.durable.contents.contains(&digest) && self.added.contents.insert(digest) {
            out.batch.insert(Family::TariffFiles, digest, file.content.to_vec());
        }
        let content = FileContent::Stored { digest, octets: file.content.len() as u64 };
        TariffFileRow { name: file.name.to_string(), content }
    }

    /// The numbers that were added.
    pub fn finish(self) -> Numbers {
        self.added
    }
}

/// The number behind those that are taken. Two names must never share one.
fn next_number<N: TryFrom<usize>>(taken: usize) -> N {
    match N::try_from(taken + 1) {
        Ok(number) => number,
        Err(_) => unreachable!("it was checked that there is another number"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_go_on_from_those_taken() {
        assert_eq!((next_number::<u16>(0), next_number::<u16>(65_534)), (1, 65_535));
    }

    #[test]
    #[should_panic(expected = "there is another number")]
    fn a_number_is_never_given_twice() {
        next_number::<u16>(65_535);
    }
}
