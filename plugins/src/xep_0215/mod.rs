//! XEP-0215, External Service Discovery: which STUN and TURN servers help calls through, and how to log in there.
//!
//! TURN servers that share a secret with this one (coturn's `use-auth-secret`) need no accounts: a user name says until
//! when it is good, and its password is made from it and the secret.

mod service;

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sestina_session::mux::IqContext;
use sestina_session::plugin::{Handles, On, PluginError, Registrar, Setup};
use sestina_session::settings::SecretText;
use sestina_skeletons::xep_0215::{self as skeleton, Settings};
use sestina_types::xep_0215::{Credentials, Service, Services, Version};
use sestina_wire::{Condition, DateTime, Payload as _, StanzaError, Text, Timestamp};
use sha1::Sha1;

use service::Known;

/// The server's part.
pub struct Server {
    services: Vec<Known>,
    secret: SecretText,
    lifetime: Duration,
    username: String,
    password: SecretText,
}

impl skeleton::Server for Server {
    fn new(setup: &Setup<'_, Settings>) -> Result<Self, PluginError> {
        let settings = setup.settings;
        let services = settings.services.iter().map(|written| {
            service::read(written).ok_or_else(|| PluginError::Settings {
                spec: "xep-0215",
                message: format!(
                    "`{written}` is no service: write type, host, port and transport, such as `turn:turn.example.org:3478?transport=udp`"
                ),
            })
        });
        Ok(Self {
            services: services.collect::<Result<_, _>>()?,
            secret: settings.secret.clone(),
            lifetime: settings.lifetime.duration(),
            username: settings.username.clone(),
            password: settings.password.clone(),
        })
    }

    async fn services(&self, cx: &IqContext, request: Services) -> Result<Services, StanzaError> {
        allow(cx)?;
        let wanted = request.type_.as_deref().filter(|type_| !type_.is_empty());
        let services = self
            .services
            .iter()
            .filter(|known| wanted.is_none_or(|wanted| wanted == known.type_));
        Ok(Services {
            services: services
                .map(|known| self.describe(cx, known, request.version))
                .collect(),
            type_: request.type_,
            version: request.version,
            ..Services::default()
        })
    }

    async fn credentials(
        &self,
        cx: &IqContext,
        request: Credentials,
    ) -> Result<Credentials, StanzaError> {
        allow(cx)?;
        if request.services.is_empty() {
            return Err(
                StanzaError::new(Condition::BadRequest).with_text("which service is meant?")
            );
        }
        let is_meant = |known: &&Known| {
            request.services.iter().any(|service| {
                *service.host == *known.host
                    && *service.type_ == *known.type_
                    && service.port.is_none_or(|port| Some(port) == known.port)
            })
        };
        let found = self.services.iter().filter(is_meant);
        let services: Vec<Service> = found
            .map(|known| self.describe(cx, known, request.version))
            .filter(|service| service.password.is_some())
            .collect();
        if services.is_empty() {
            return Err(StanzaError::new(Condition::ItemNotFound)
                .with_text("nothing is known with which to log in there"));
        }
        Ok(Credentials {
            services,
            version: request.version,
            ..Credentials::default()
        })
    }

    fn install(self: &Arc<Self>, registrar: &mut Registrar<'_>) -> Result<(), PluginError> {
        // Nobody asks for a list with nothing in it.
        if !self.services.is_empty() {
            for var in Services::NAMESPACES {
                registrar.feature(&Handles::skeleton(), On::Host, var);
            }
        }
        Ok(())
    }
}

/// What helps calls through costs whoever runs it: it is for those who are logged in here.
fn allow(cx: &IqContext) -> Result<(), StanzaError> {
    if cx.session.is_none() || !cx.host.serves(&cx.from) {
        return Err(StanzaError::new(Condition::Forbidden));
    }
    Ok(())
}

impl Server {
    /// A service with what its user needs there.
    fn describe(&self, cx: &IqContext, known: &Known, version: Version) -> Service {
        let mut service = Service {
            port: known.port,
            transport: known.transport.as_deref().map(Text::from),
            version,
            ..Service::new(known.host.as_str().into(), known.type_.as_str().into())
        };
        if !known.is_restricted() {
            return service;
        }
        if !self.secret.is_empty() {
            let expires = cx.host.clock().now().checked_add(self.lifetime);
            let expires = expires.unwrap_or(Timestamp::MAX);
            // Whose it is the TURN server need not know, but may count by it.
            let account = cx
                .host
                .key("turn", &[cx.from.to_bare().as_str().as_bytes()]);
            let account = account.expose_secret().iter().take(8);
            let account: String = account.map(|octet| format!("{octet:02x}")).collect();
            let username = format!("{}:{account}", expires.as_second());
            service.password = Some(password(&self.secret, &username).into());
            service.username = Some(username.into());
            service.expires = Some(DateTime::from_timestamp(expires));
            service.restricted = Some(true);
        } else if !self.username.is_empty() {
            service.username = Some(self.username.as_str().into());
            service.password = Some(self.password.expose_secret().into());
            service.restricted = Some(true);
        }
        service
    }
}

/// The password of a user name, as TURN servers make it from the secret that they share.
fn password(secret: &SecretText, username: &str) -> String {
    // Keys of any length are taken.
    let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(secret.expose_secret().as_bytes()) else {
        return String::new();
    };
    mac.update(username.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As `openssl dgst -sha1 -hmac` says.
    #[test]
    fn passwords_are_those_of_the_turn_server() {
        let secret = SecretText::new("north");
        assert_eq!(
            password(&secret, "1774822105:laura"),
            "cyo8557bPo9fY6j+MPJesRPl7lY="
        );
    }
}
