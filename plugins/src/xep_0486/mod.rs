//! XEP-0486, MUC Avatars: a room has a card with a picture, and service discovery says which.
//!
//! The card of a room that stays lies where those of accounts lie (XEP-0054), that of another in memory. The room has the
//! hashes of its pictures in memory either way.

use std::sync::{Arc, OnceLock};

use futures_util::future::BoxFuture;
use sestina_session::mux::{Empty, IqContext};
use sestina_session::plugin::{PluginError, Registrar, Setup};
use sestina_skeletons::xep_0486::{self as skeleton, Settings};
use sestina_types::xep_0004::Form;
use sestina_types::xep_0054::{NS, VCard};
use sestina_types::xep_0486::forms::RoomAvatar;
use sestina_wire::{Condition, FromText as _, Hex, StanzaError};

use crate::xep_0045::{Companion, Muc, Room, State};
use crate::xep_0054;

/// The server's part.
pub struct Server {
    muc: OnceLock<Arc<Muc>>,
    cards: OnceLock<Arc<xep_0054::Server>>,
}

/// What a room has of its card in memory.
struct Card {
    hashes: Vec<Hex>,
    /// All of it, where the room does not stay.
    whole: Option<VCard>,
}

impl Card {
    fn of(card: &VCard, whole: bool) -> Self {
        let pictures = card.photos.iter().filter_map(xep_0054::picture);
        let hashes = pictures.map(|picture| xep_0054::hash(&picture).into());
        Self {
            hashes: hashes
                .filter_map(|hash| Hex::from_text(hash).ok())
                .collect(),
            whole: whole.then(|| card.clone()),
        }
    }
}

impl skeleton::Server for Server {
    fn new(_: &Setup<'_, Settings>) -> Result<Self, PluginError> {
        Ok(Self {
            muc: OnceLock::new(),
            cards: OnceLock::new(),
        })
    }

    fn install(self: &Arc<Self>, registrar: &mut Registrar<'_>) -> Result<(), PluginError> {
        if let Some(cards) = xep_0054::Server::of(registrar.host()) {
            let _ = self.cards.set(cards);
        }
        if let Some(muc) = Muc::accompany(registrar.host(), self) {
            let _ = self.muc.set(muc);
        }
        Ok(())
    }

    /// Which pictures the rooms have that stay.
    async fn start(&self) -> Result<(), PluginError> {
        let (Some(muc), Some(cards)) = (self.muc.get(), self.cards.get()) else {
            return Ok(());
        };
        for room in muc.rooms() {
            match cards.of_room(room.jid()).await {
                Ok(Some(card)) => room.extensions.insert(Arc::new(Card::of(&card, false))),
                Ok(None) => {}
                Err(error) => {
                    tracing::error!(room = %room.jid(), %error, "the card of a room cannot be read: it is shown without its picture");
                }
            }
        }
        Ok(())
    }

    async fn avatar_get(&self, cx: &IqContext, _: VCard) -> Result<VCard, StanzaError> {
        let room = Muc::answering(cx)?.room_of(cx)?;
        let card = match room.extensions.get::<Card>() {
            None => None,
            Some(card) if card.whole.is_some() => card.whole.clone(),
            Some(_) => self.cards()?.of_room(room.jid()).await?,
        };
        Ok(card.unwrap_or_default())
    }

    /// Owners set it; an empty one takes it away (§4.2).
    async fn avatar_set(&self, cx: &IqContext, card: VCard) -> Result<Empty, StanzaError> {
        let room = Muc::answering(cx)?.room_of(cx)?;
        room.owner(&cx.from)?;
        let cards = self.cards()?;
        cards.check_size(&card)?;
        let stays = room.lock().is_stored();
        if card == VCard::default() {
            cards.forget_room(room.jid()).await?;
            room.extensions.remove::<Card>();
        } else {
            if stays {
                cards.put_of_room(&cx.host, room.jid(), &card).await?;
            }
            room.extensions.insert(Arc::new(Card::of(&card, !stays)));
        }
        Muc::announce_change(&cx.host, &room).await;
        Ok(Empty)
    }
}

impl Server {
    fn cards(&self) -> Result<&Arc<xep_0054::Server>, StanzaError> {
        self.cards.get().ok_or_else(|| {
            StanzaError::new(Condition::ServiceUnavailable)
                .with_text("this server keeps no cards (xep-0054 is off)")
        })
    }
}

impl Companion for Server {
    fn features(&self, _: &Room, _: &State) -> &'static [&'static str] {
        &[NS]
    }

    fn describe(&self, room: &Room, _: &State, form: &mut Form) {
        let card = room.extensions.get::<Card>();
        if let Some(card) = card.filter(|card| !card.hashes.is_empty()) {
            let avatar = RoomAvatar {
                hashes: Some(card.hashes.clone()),
                ..RoomAvatar::default()
            };
            avatar.add_to(form);
        }
    }

    fn lasts<'a>(
        &'a self,
        cx: &'a Arc<sestina_session::host::Host>,
        room: &'a Room,
        lasts: bool,
    ) -> BoxFuture<'a, Result<(), StanzaError>> {
        Box::pin(async move {
            let (Some(card), Some(cards)) = (room.extensions.get::<Card>(), self.cards.get())
            else {
                return Ok(());
            };
            if lasts {
                let Some(whole) = &card.whole else {
                    return Ok(());
                };
                cards.put_of_room(cx, room.jid(), whole).await?;
                room.extensions.insert(Arc::new(Card::of(whole, false)));
            } else {
                if let Some(kept) = cards.of_room(room.jid()).await? {
                    room.extensions.insert(Arc::new(Card::of(&kept, true)));
                }
                cards.forget_room(room.jid()).await?;
            }
            Ok(())
        })
    }
}
