//! XEP-0054, vcard-temp: what an account says of itself on a card that anybody may read.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sestina_session::mux::{Empty, IqContext};
use sestina_session::plugin::{PluginError, Setup};
use sestina_skeletons::xep_0054::{self as skeleton, Settings};
use sestina_storage::{Storage, StorageError};
use sestina_types::Stores as _;
use sestina_types::xep_0054::VCard;
use sestina_types::xep_0054::tables::{VcardsRow, VcardsStore};
use sestina_wire::{AnyElement, BareJid, Condition, Payload as _, StanzaError};
use sha1::{Digest as _, Sha1};

/// The server's part.
pub struct Server {
    cards: VcardsStore,
    max_size: u64,
}

impl skeleton::Server for Server {
    fn new(setup: &Setup<'_, Settings>) -> Result<Self, PluginError> {
        let cards = setup.storage().vcards().or_else(|| {
            tracing::warn!("the storage keeps no cards: they are lost when the server stops");
            Storage::memory().vcards()
        });
        Ok(Self {
            cards: cards.ok_or_else(|| StorageError::Unsupported("vcards".into()))?,
            max_size: setup.settings.max_size.0,
        })
    }

    /// Of an account without a card its owner gets an empty one, and everybody else the same answer as of an
    /// account that does not exist (§3.1, §3.3).
    async fn vcard_get(&self, cx: &IqContext, _: VCard) -> Result<VCard, StanzaError> {
        let owner = cx.to.as_ref().unwrap_or(&cx.from).to_bare();
        match self.cards.get(&owner).await? {
            Some(row) => read(&owner, row.vcard),
            None if cx.from.bare_str() == owner.as_str() => Ok(VCard::default()),
            None => Err(StanzaError::new(Condition::ItemNotFound)),
        }
    }

    async fn vcard_set(&self, cx: &IqContext, card: VCard) -> Result<Empty, StanzaError> {
        let owner = cx.from.to_bare();
        let vcard = card.to_any().to_document();
        if vcard.len() as u64 > self.max_size {
            return Err(
                StanzaError::new(Condition::PolicyViolation).with_text(format!(
                    "a card can have no more than {} bytes, photo included; this one has {}",
                    self.max_size,
                    vcard.len()
                )),
            );
        }
        let row = VcardsRow {
            domain: owner.domain().to_owned(),
            vcard: vcard.to_string(),
            photo_hash: photo_hash(&card),
            words: words(&card),
            updated: cx.host.clock().now(),
            owner,
        };
        self.cards.put(&row).await?;
        Ok(Empty)
    }
}

fn read(owner: &BareJid, vcard: String) -> Result<VCard, StanzaError> {
    let card = AnyElement::parse(vcard)
        .ok()
        .and_then(|card| card.decode().ok());
    card.ok_or_else(|| {
        tracing::error!(account = %owner, "a stored card cannot be read");
        StanzaError::new(Condition::InternalServerError)
    })
}

/// The SHA-1 of the photo (XEP-0153 §3.1); white space in its text does not count.
fn photo_hash(card: &VCard) -> Option<String> {
    let text = card
        .photos
        .iter()
        .find_map(|photo| photo.binval.as_deref())?;
    let text: String = text.split_whitespace().collect();
    let photo = STANDARD
        .decode(text)
        .ok()
        .filter(|photo| !photo.is_empty())?;
    Some(
        Sha1::digest(&photo)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect(),
    )
}

/// What a search looks at.
fn words(card: &VCard) -> String {
    let name = card
        .n
        .iter()
        .flat_map(|name| [&name.given, &name.family, &name.middle]);
    let organisations = card.orgs.iter().map(|organisation| &organisation.orgname);
    let mail = card.emails.iter().map(|email| &email.userid);
    let all = std::iter::once(&card.full_name)
        .chain(name)
        .chain(organisations)
        .chain(mail);
    let all = all.flatten().chain(&card.nicknames);
    all.map(|text| text.trim())
        .filter(|text| !text.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_photo_is_known_by_its_hash_and_a_card_by_its_words() {
        let card = "<vCard xmlns='vcard-temp'><FN>Juliet Capulet</FN><N><GIVEN>Juliet</GIVEN></N><NICKNAME>jules</NICKNAME>\
            <EMAIL><USERID>juliet@a.example</USERID></EMAIL><PHOTO><TYPE>image/png</TYPE><BINVAL>aGV\n sbG8=</BINVAL></PHOTO></vCard>";
        let card: VCard = AnyElement::parse(card).unwrap().decode().unwrap();
        assert_eq!(
            photo_hash(&card).as_deref(),
            Some("aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d")
        );
        assert_eq!(words(&card), "Juliet Capulet Juliet juliet@a.example jules");
        assert_eq!(photo_hash(&VCard::default()), None);
    }
}
