//! The photo of a card, and the picture that is published (§3).

use std::sync::{Arc, Weak};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use sestina_session::host::Host;
use sestina_types::xep_0054::Photo;
use sestina_types::xep_0060::forms::{AccessModel, NodeConfig};
use sestina_types::xep_0084::data::Data;
use sestina_types::xep_0084::metadata::{Info, Metadata};
use sestina_wire::{AnyElement, BareJid, Base64, Jid, Payload as _, StanzaError, Text};

use crate::xep_0054::{self, Photos};
use crate::xep_0060::{self, Edit};

/// The picture that is at the account itself, of those that are announced (§3.1).
pub(super) fn here(metadata: &AnyElement) -> Option<Info> {
    let metadata: Metadata = metadata.decode().ok()?;
    metadata.info.into_iter().find(|info| info.url.is_none())
}

/// Photos as they are published.
pub(super) struct Published(pub(super) Weak<xep_0060::Server>);

impl Published {
    async fn find(
        &self,
        host: &Arc<Host>,
        owner: &BareJid,
        reader: &Jid,
    ) -> Result<Option<Photo>, StanzaError> {
        let Some(nodes) = self.0.upgrade() else {
            return Ok(None);
        };
        let metadata = nodes
            .item_for(host, owner, Metadata::NS, None, reader)
            .await?;
        let Some(info) = metadata.and_then(|(_, metadata)| here(&metadata)) else {
            return Ok(None);
        };
        let data = nodes
            .item_for(host, owner, Data::NS, Some(&info.id), reader)
            .await?;
        let Some(data) = data.and_then(|(_, data)| data.decode::<Data>().ok()) else {
            return Ok(None);
        };
        // What is called by the hash of something else is not the picture that was announced.
        if !xep_0054::hash(&data.text.0).eq_ignore_ascii_case(&info.id) {
            return Ok(None);
        }
        Ok(Some(Photo {
            type_: Some(info.type_),
            binval: Some(STANDARD.encode(&data.text.0).into()),
            ..Photo::default()
        }))
    }

    async fn publish(
        &self,
        host: &Arc<Host>,
        session: &Jid,
        photo: Option<&Photo>,
    ) -> Result<bool, StanzaError> {
        let Some(nodes) = self.0.upgrade() else {
            return Ok(false);
        };
        let account = session.to_bare();
        let picture = photo.and_then(xep_0054::picture);
        if photo.is_some() && picture.is_none() {
            // An address, or nothing that can be read: it stays on the card.
            return Ok(false);
        }
        let metadata = nodes
            .item_for(host, &account, Metadata::NS, None, session)
            .await?;
        let shown = metadata.and_then(|(_, metadata)| here(&metadata));
        let (Some(photo), Some(picture)) = (photo, picture) else {
            if shown.is_some() {
                let none = (Text::from_static("none"), Metadata::default().to_any());
                let edit = edit(Metadata::NS, none);
                nodes.edit(host, &account, session, edit).await?;
            }
            return Ok(true);
        };
        let id = Text::from(xep_0054::hash(&picture));
        if shown.is_some_and(|info| info.id == id) {
            return Ok(true);
        }
        let info = Info::new(
            u32::try_from(picture.len()).unwrap_or(u32::MAX),
            id.clone(),
            type_of(photo, &picture),
        );
        let data = Data::new(Base64::from(picture));
        let metadata = Metadata {
            info: vec![info],
            ..Metadata::default()
        };
        for edit in [
            edit(Data::NS, (id.clone(), data.to_any())),
            edit(Metadata::NS, (id, metadata.to_any())),
        ] {
            nodes.edit(host, &account, session, edit).await?;
        }
        Ok(true)
    }
}

/// A card is there for everybody; so is what is published of it, where nothing was said before of who may see it.
fn edit(node: &str, item: (Text, AnyElement)) -> Edit {
    Edit {
        node: node.to_owned(),
        put: vec![item],
        options: NodeConfig {
            access_model: Some(AccessModel::Open),
            ..NodeConfig::default()
        },
        ..Edit::default()
    }
}

/// What the card says the picture is, or what it looks like.
fn type_of(photo: &Photo, picture: &[u8]) -> Text {
    let said = photo.type_.as_ref().map(|said| said.trim());
    if let Some(said) = said.filter(|said| !said.is_empty()) {
        return said.into();
    }
    let known: [(&[u8], &'static str); 4] = [
        (b"\x89PNG", "image/png"),
        (b"\xff\xd8\xff", "image/jpeg"),
        (b"GIF8", "image/gif"),
        (b"RIFF", "image/webp"),
    ];
    let found = known.iter().find(|(start, _)| picture.starts_with(start));
    Text::from_static(found.map_or("application/octet-stream", |(_, type_)| type_))
}

impl Photos for Published {
    fn get<'a>(
        &'a self,
        host: &'a Arc<Host>,
        owner: &'a BareJid,
        reader: &'a Jid,
    ) -> BoxFuture<'a, Result<Option<Photo>, StanzaError>> {
        self.find(host, owner, reader).boxed()
    }

    fn set<'a>(
        &'a self,
        host: &'a Arc<Host>,
        session: &'a Jid,
        photo: Option<&'a Photo>,
    ) -> BoxFuture<'a, Result<bool, StanzaError>> {
        self.publish(host, session, photo).boxed()
    }
}
