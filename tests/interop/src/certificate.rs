//! Self-signed certificates for servers that do not make their own.

use std::fs;
use std::path::Path;

use crate::Failure;

/// Writes `cert.pem` and `key.pem` for the domains into the folder.
pub fn write(folder: &Path, domains: &[&str]) -> Result<(), Failure> {
    let names: Vec<String> = domains.iter().map(|&domain| domain.to_owned()).collect();
    let made = rcgen::generate_simple_self_signed(names)?;
    fs::write(folder.join("cert.pem"), made.cert.pem())?;
    fs::write(folder.join("key.pem"), made.signing_key.serialize_pem())?;
    Ok(())
}
