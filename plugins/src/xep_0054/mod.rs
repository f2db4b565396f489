//! XEP-0054, vcard-temp: what an account says of itself on a card that anybody may read.

use std::sync::{Arc, OnceLock};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::future::BoxFuture;
use sestina_session::host::Host;
use sestina_session::mux::{Empty, IqContext};
use sestina_session::plugin::{PluginError, Registrar, Setup};
use sestina_skeletons::xep_0054::{self as skeleton, Settings};
use sestina_storage::{Storage, StorageError};
use sestina_types::Stores as _;
use sestina_types::xep_0054::tables::{VcardsRow, VcardsStore};
use sestina_types::xep_0054::{Photo, VCard};
use sestina_wire::{AnyElement, BareJid, Condition, Jid, Payload as _, StanzaError};
use sha1::{Digest as _, Sha1};

/// Whoever keeps the photos of cards itself, so that they are the same here and where else they are set (XEP-0398).
pub trait Photos: Send + Sync {
    /// The photo of an account as somebody may see it, if there is one.
    ///
    /// # Errors
    /// What the one who asks is told instead.
    fn get<'a>(
        &'a self,
        host: &'a Arc<Host>,
        owner: &'a BareJid,
        reader: &'a Jid,
    ) -> BoxFuture<'a, Result<Option<Photo>, StanzaError>>;

    /// A session sets a photo, or takes it away; whether it is kept here, so that the card does without.
    ///
    /// # Errors
    /// What the session is told instead.
    fn set<'a>(
        &'a self,
        host: &'a Arc<Host>,
        session: &'a Jid,
        photo: Option<&'a Photo>,
    ) -> BoxFuture<'a, Result<bool, StanzaError>>;
}

/// The server's part.
pub struct Server {
    photos: OnceLock<Arc<dyn Photos>>,
    cards: VcardsStore,
    max_size: u64,
}

impl Server {
    /// The plugin of a host, for others that keep photos.
    #[must_use]
    pub fn of(host: &Host) -> Option<Arc<Self>> {
        host.extensions().get()
    }

    /// Says who keeps photos. The first to do so is it.
    pub fn set_photos(&self, photos: Arc<dyn Photos>) {
        let _ = self.photos.set(photos);
    }
}

impl skeleton::Server for Server {
    fn new(setup: &Setup<'_, Settings>) -> Result<Self, PluginError> {
        let cards = setup.storage().vcards().or_else(|| {
            tracing::warn!("the storage keeps no cards: they are lost when the server stops");
            Storage::memory().vcards()
        });
        Ok(Self {
            photos: OnceLock::new(),
            cards: cards.ok_or_else(|| StorageError::Unsupported("vcards".into()))?,
            max_size: setup.settings.max_size.0,
        })
    }

    fn install(self: &Arc<Self>, registrar: &mut Registrar<'_>) -> Result<(), PluginError> {
        registrar.host().extensions().insert(Arc::clone(self));
        Ok(())
    }

    /// Of an account without a card its owner gets an empty one, and everybody else the same answer as of an
    /// account that does not exist (§3.1, §3.3).
    async fn vcard_get(&self, cx: &IqContext, _: VCard) -> Result<VCard, StanzaError> {
        let owner = cx.to.as_ref().unwrap_or(&cx.from).to_bare();
        let photo = match self.photos.get() {
            Some(photos) => photos.get(&cx.host, &owner, &cx.from).await?,
            None => None,
        };
        let mut card = match self.cards.get(&owner).await? {
            Some(row) => read(&owner, row.vcard)?,
            None if photo.is_some() || cx.from.bare_str() == owner.as_str() => VCard::default(),
            None => return Err(StanzaError::new(Condition::ItemNotFound)),
        };
        if let Some(photo) = photo {
            card.photos = vec![photo];
        }
        Ok(card)
    }

    async fn vcard_set(&self, cx: &IqContext, mut card: VCard) -> Result<Empty, StanzaError> {
        let owner = cx.from.to_bare();
        let vcard = card.to_any().to_document();
        self.check_length(vcard.len())?;
        let photo_hash = photo_hash(&card);
        let photo = card.photos.first();
        let is_kept = match self.photos.get() {
            Some(photos) => photos.set(&cx.host, &cx.from, photo).await?,
            None => false,
        };
        if is_kept {
            card.photos.clear();
        }
        let row = row(&cx.host, owner, &card, photo_hash);
        self.cards.put(&row).await?;
        Ok(Empty)
    }
}

/// The cards of rooms lie beside those of accounts (XEP-0486).
impl Server {
    /// Whether a card is short enough.
    pub(crate) fn check_size(&self, card: &VCard) -> Result<(), StanzaError> {
        self.check_length(card.to_any().to_document().len())
    }

    fn check_length(&self, length: usize) -> Result<(), StanzaError> {
        if length as u64 <= self.max_size {
            return Ok(());
        }
        Err(
            StanzaError::new(Condition::PolicyViolation).with_text(format!(
                "a card can have no more than {} bytes, photo included; this one has {length}",
                self.max_size
            )),
        )
    }

    /// The card of a room, if it has one.
    pub(crate) async fn of_room(&self, room: &BareJid) -> Result<Option<VCard>, StanzaError> {
        let row = self.cards.get(room).await?;
        row.map(|row| read(room, row.vcard)).transpose()
    }

    /// Keeps the card of a room.
    pub(crate) async fn put_of_room(
        &self,
        host: &Host,
        room: &BareJid,
        card: &VCard,
    ) -> Result<(), StanzaError> {
        let row = row(host, room.clone(), card, photo_hash(card));
        Ok(self.cards.put(&row).await?)
    }

    /// A room has no card any more.
    pub(crate) async fn forget_room(&self, room: &BareJid) -> Result<(), StanzaError> {
        self.cards.delete(room).await?;
        Ok(())
    }
}

/// A card as it is stored.
fn row(host: &Host, owner: BareJid, card: &VCard, photo_hash: Option<String>) -> VcardsRow {
    VcardsRow {
        domain: owner.domain().to_owned(),
        vcard: card.to_any().to_document().to_string(),
        photo_hash,
        words: words(card),
        updated: host.clock().now(),
        owner,
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

/// The picture of a photo, where it has one; white space in its text does not count.
#[must_use]
pub fn picture(photo: &Photo) -> Option<Vec<u8>> {
    let text = photo.binval.as_deref()?;
    let text: String = text.split_whitespace().collect();
    let picture = STANDARD.decode(text).ok();
    picture.filter(|picture| !picture.is_empty())
}

/// The SHA-1 of a picture, as it is announced (XEP-0153 §3.1) and as the id of what is published (XEP-0084 §4).
#[must_use]
pub fn hash(picture: &[u8]) -> String {
    let hash = Sha1::digest(picture);
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn photo_hash(card: &VCard) -> Option<String> {
    let photo = card.photos.iter().find(|photo| photo.binval.is_some())?;
    picture(photo).map(|picture| hash(&picture))
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
