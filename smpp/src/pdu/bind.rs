//! bind_transmitter, bind_receiver and bind_transceiver (SMPP 3.4 §4.1), read as clients really send them.
//!
//! A password may have 16 characters, twice what the standard says, as common servers allow. Only what is
//! used is read, so that a missing address_range, stray octets or optional parameters behind it do no harm.

use rusmpp::CommandStatus;

use super::reader::Reader;
use crate::handler::{BindMode, BindRequest};

const SYSTEM_ID_LENGTH_MAX: usize = 15;
const PASSWORD_LENGTH_MAX: usize = 16;
/// The standard says 12; a longer one is passed on, since nothing hangs on it.
const SYSTEM_TYPE_LENGTH_MAX: usize = 32;

impl BindRequest {
    /// Reads the body of a bind. The error is the `command_status` to answer with.
    pub fn parse(mode: BindMode, body: &[u8]) -> Result<Self, CommandStatus> {
        let reader = &mut Reader::new(body);
        Ok(Self {
            mode,
            system_id: reader.c_octets(SYSTEM_ID_LENGTH_MAX, CommandStatus::EsmeRinvsysid)?.to_vec(),
            password: reader.c_octets(PASSWORD_LENGTH_MAX, CommandStatus::EsmeRinvpaswd)?.to_vec(),
            system_type: reader.c_octets(SYSTEM_TYPE_LENGTH_MAX, CommandStatus::EsmeRinvsystyp)?.to_vec(),
            interface_version: reader.octet()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(body: &[u8]) -> Result<BindRequest, CommandStatus> {
        BindRequest::parse(BindMode::Transceiver, body)
    }

    #[test]
    fn what_lies_behind_the_version_is_not_looked_at() {
        for behind in
            [&b"\0\0\0"[..], b"\0\0", b"", b"\x01\x01range", b"\0\0\0\x02\x10\0\x01\x34", b"\0\0\0\0\0"]
        {
            let mut body = b"gateway\0secret\0vma\0\x34".to_vec();
            body.extend_from_slice(behind);
            let bind = parse(&body).unwrap();
            assert_eq!((&bind.system_id[..], &bind.password[..]), (&b"gateway"[..], &b"secret"[..]));
            assert_eq!((&bind.system_type[..], bind.interface_version), (&b"vma"[..], 0x34));
        }
    }

    #[test]
    fn each_field_has_its_own_status() {
        for (body, status) in [
            (&b"sixteen-letters!\0pw\0\0\x34"[..], CommandStatus::EsmeRinvsysid),
            (b"id\0seventeen-letters\0\0\x34", CommandStatus::EsmeRinvpaswd),
            (b"id\0pw\0a system type of thirty-three....\0\x34", CommandStatus::EsmeRinvsystyp),
            (b"id\0pw\0\0", CommandStatus::EsmeRinvcmdlen),
            (b"id\0pw", CommandStatus::EsmeRinvcmdlen),
            (b"", CommandStatus::EsmeRinvcmdlen),
        ] {
            assert_eq!(parse(body), Err(status), "{body:?}");
        }
        assert!(parse(b"id\0sixteen-letters!\0\0\x34").is_ok());
    }

    #[test]
    fn the_password_is_not_shown() {
        let bind = parse(b"gateway\0secret\0\0\x34").unwrap();
        assert!(!format!("{bind:?}").contains("secret"));
        assert!(!format!("{bind:?}").contains("115, 101, 99"), "nor as octets");
    }
}
