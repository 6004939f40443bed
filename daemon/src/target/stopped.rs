//! The books of a data directory on which no daemon runs. They are opened for what is asked, and closed again.

use rustix::process::getuid;
use serde_json::{Value, json};
use tollgate_management::offline::{NewAdmin, OfflineBooks, OfflineReader, OfflineTopup};
use tollgate_provisioning::Loaded;
use tollgate_storage::store::{Store, Unavailable};

use super::ask::{Answered, Ask};
use crate::data_dir::DataDir;
use crate::failure::Failure;
use crate::owner::KeptOwner;

/// Hours for which an idempotency key is remembered where no configuration says.
const KEY_HOURS: u32 = 72;

/// A data directory on which no daemon runs.
#[derive(Debug)]
pub struct StoppedBooks {
    data_dir: DataDir,
}

impl StoppedBooks {
    /// The books of this directory.
    pub fn new(data_dir: DataDir) -> Self {
        Self { data_dir }
    }

    /// Answers in the words of the management API. What only a running daemon has is an empty list.
    pub fn answer(&self, ask: &Ask) -> Result<Answered, Failure> {
        let mut replayed = false;
        let value = match ask {
            Ask::Accounts => self.read(|reader| reader.accounts().map(listed))?,
            Ask::Account(id) => self.read(|reader| reader.account(id))?.ok_or_else(|| no_account(id))?,
            Ask::Balance(id) => self.read(|reader| reader.balance(id))?.ok_or_else(|| no_account(id))?,
            Ask::Operators => self.read(|reader| reader.operators().map(listed))?,
            Ask::Cdrs { account, from } => {
                let cdrs = self.read(|reader| reader.cdrs(account.as_deref(), *from))?;
                listed(cdrs.ok_or_else(|| no_account(account.as_deref().unwrap_or_default()))?)
            }
            Ask::Binds => listed(Vec::new()),
            Ask::OperatorHealth(_) | Ask::Clock => return Err(self.not_running()),
            Ask::TopUp { account, amount, reference, key } => {
                let topup = OfflineTopup {
                    account: account.clone(),
                    amount: *amount,
                    reference: reference.clone(),
                    idempotency_key: key.clone(),
                    key_hours: self.key_hours(),
                };
                let (transaction, before) = self.write(false, |books| books.top_up(&topup))?;
                replayed = before;
                transaction
            }
            Ask::SetOperatorStatus(code, status) => {
                let loaded = self.loaded()?;
                self.write(false, |books| books.set_operator_status(loaded, code, *status))?
            }
            Ask::NewAdmin { email, name, password } => {
                let admin = NewAdmin { email: email.clone(), name: name.clone(), password: password.clone() };
                self.write(true, |books| books.create_admin(&admin))?
            }
        };
        Ok(Answered { value, replayed })
    }

    fn not_running(&self) -> Failure {
        format!("no daemon runs on {}", self.data_dir.path.display()).into()
    }

    fn key_hours(&self) -> u32 {
        let loaded = self.data_dir.loaded.as_ref();
        loaded.map_or(KEY_HOURS, |loaded| loaded.settings.api.idempotency_hours)
    }

    fn loaded(&self) -> Result<&Loaded, Failure> {
        self.data_dir.loaded.as_ref().map_err(Failure::repeated)
    }

    fn read<T>(&self, read: impl FnOnce(&OfflineReader<'_>) -> Result<T, Unavailable>) -> Result<T, Failure> {
        let loaded = self.loaded()?;
        let store = Store::open_read_only(&self.data_dir.path).map_err(|error| error.to_string())?;
        Ok(read(&OfflineReader::new(&store, loaded)).map_err(|error| error.to_string())?)
    }

    /// Opens the books for a change. `makes_books` says whether they are made where there are none.
    fn write<T>(
        &self,
        makes_books: bool,
        write: impl FnOnce(&OfflineBooks) -> Result<T, String>,
    ) -> Result<T, Failure> {
        let path = &self.data_dir.path;
        if !makes_books {
            self.data_dir.check_books()?;
        } else if !path.exists() {
            crate::commands::backup::make(path)?;
        }
        let _owner = KeptOwner::of(path);
        let books = OfflineBooks::open(self.data_dir.store_options(), getuid().as_raw())?;
        Ok(write(&books)?)
    }
}

fn listed(items: Vec<Value>) -> Value {
    let mut list = json!({});
    list["items"] = items.into();
    list
}

fn no_account(id: &str) -> Failure {
    format!("there is no account `{id}` in the data directory").into()
}
