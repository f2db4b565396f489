//! The parts of an address.

use super::{Jid, JidError};
use crate::Text;

pub(super) fn parse(_text: Text) -> Result<Jid, JidError> {
    todo!()
}

pub(super) fn assemble(_local: Option<&str>, _domain: &str, _resource: Option<&str>) -> Result<Jid, JidError> {
    todo!()
}

pub(super) fn with_resource(_bare: &Jid, _resource: &str) -> Result<Jid, JidError> {
    todo!()
}
