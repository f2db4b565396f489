//! XEP-0157, Contact Addresses for XMPP Services: whom to reach about the server, found by service discovery.

use std::sync::Arc;

use sestina_session::plugin::{On, PluginError, Registrar, Setup};
use sestina_skeletons::xep_0157::{self as skeleton, Settings};
use sestina_types::xep_0004::{FieldType, FormType};
use sestina_types::xep_0157::forms::ContactAddresses;
use sestina_wire::Text;

use crate::xep_0030::Forms;

/// The server's part.
pub struct Server {
    told: Option<ContactAddresses>,
}

impl skeleton::Server for Server {
    fn new(setup: &Setup<'_, Settings>) -> Result<Self, PluginError> {
        let settings = setup.settings;
        let read = |written: &[String]| addresses("xep-0157", written);
        let told = ContactAddresses {
            abuse: read(&settings.abuse)?,
            admin: read(&settings.admin)?,
            feedback: read(&settings.feedback)?,
            sales: read(&settings.sales)?,
            security: read(&settings.security)?,
            status: read(&settings.status)?,
            support: read(&settings.support)?,
            ..ContactAddresses::default()
        };
        Ok(Self {
            told: Some(told).filter(|told| *told != ContactAddresses::default()),
        })
    }

    fn install(self: &Arc<Self>, registrar: &mut Registrar<'_>) -> Result<(), PluginError> {
        if let Some(told) = &self.told {
            let mut form = told.write(FormType::Result);
            // As the XEP shows them, which clients without its registry of fields go by (§3).
            for field in form.fields.iter_mut().filter(|field| field.type_.is_none()) {
                field.type_ = Some(FieldType::ListMulti);
            }
            Forms::of(registrar.host()).add(On::Host, &form);
        }
        Ok(())
    }
}

/// Addresses of a setting: URIs; none where there are none.
pub(crate) fn addresses(
    spec: &'static str,
    written: &[String],
) -> Result<Option<Vec<Text>>, PluginError> {
    for address in written {
        if !is_uri(address) {
            return Err(PluginError::Settings {
                spec,
                message: format!("`{address}` is no URI, such as `mailto:abuse@example.org`"),
            });
        }
    }
    let all: Vec<Text> = written.iter().map(Text::from).collect();
    Ok(Some(all).filter(|all| !all.is_empty()))
}

/// Whether it begins as every URI does (RFC 3986 §3.1), and nobody forgot to quote anything.
fn is_uri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else {
        return false;
    };
    let letters = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
    scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.bytes().all(letters)
        && !rest.is_empty()
        && !text.contains(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_uri() {
        for good in [
            "mailto:a@b.example",
            "xmpp:a@b.example",
            "https://b.example/x",
        ] {
            assert!(is_uri(good), "{good}");
        }
        for bad in [
            "a@b.example",
            "mailto:",
            ":x",
            "1a:b",
            "mailto:a b",
            "https://<x>",
        ] {
            assert!(!is_uri(bad), "{bad}");
        }
    }
}
