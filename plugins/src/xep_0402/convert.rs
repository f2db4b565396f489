//! One list of bookmarks (XEP-0048) and the same as items (XEP-0402).

use sestina_types::xep_0048::{Conference as Listed, Storage};
use sestina_types::xep_0402::{Conference, Extensions};
use sestina_wire::{AnyElement, Jid, Payload as _, Text};

use crate::xep_0060::Edit;

/// What has to be done to the items so that they say what a list says. A room that is listed twice counts once, as it is
/// listed last.
pub(super) fn differences(before: &[(Text, AnyElement)], list: &Storage) -> Edit {
    let mut edit = Edit {
        node: Conference::NS.to_owned(),
        ..Edit::default()
    };
    let mut rooms: Vec<(Text, Conference)> = Vec::new();
    for listed in &list.conferences {
        let room = Text::from(listed.jid.bare_str());
        rooms.retain(|(other, _)| *other != room);
        rooms.push((room, item(listed)));
    }
    for (room, wanted) in &rooms {
        let known = before.iter().find(|(id, _)| id == room);
        let known = known.and_then(|(_, item)| item.decode::<Conference>().ok());
        if known.as_ref().map(plain).as_ref() != Some(&plain(wanted)) {
            edit.put.push((room.clone(), wanted.to_any()));
        }
    }
    // What is no address of a room has no place in a list, and is not missed there.
    edit.retract = before
        .iter()
        .map(|(id, _)| id)
        .filter(|id| Jid::parse(id).is_ok() && !rooms.iter().any(|(room, _)| room == *id))
        .cloned()
        .collect();
    edit
}

/// The list with these items, and what else it had.
pub(super) fn list(before: Storage, items: &[(Text, AnyElement)]) -> Storage {
    let conferences = items.iter().filter_map(|(id, item)| {
        let room = Jid::parse(id).ok()?;
        Some(listed(room, &item.decode().ok()?))
    });
    Storage {
        conferences: conferences.collect(),
        urls: before.urls,
        ..Storage::default()
    }
}

/// What stands in an item beside the rest, clients of the old form keep as further children, and the other way round.
fn item(listed: &Listed) -> Conference {
    let further = listed.extra.children();
    Conference {
        autojoin: listed.autojoin,
        name: listed.name.clone(),
        nick: listed.nick.clone(),
        password: listed.password.clone(),
        extensions: (!further.is_empty()).then(|| Extensions {
            any: further.to_vec(),
            ..Extensions::default()
        }),
        ..Conference::default()
    }
}

fn listed(room: Jid, item: &Conference) -> Listed {
    let mut listed = Listed {
        autojoin: item.autojoin,
        name: item.name.clone(),
        nick: item.nick.clone(),
        password: item.password.clone(),
        ..Listed::new(room)
    };
    for extension in item
        .extensions
        .iter()
        .flat_map(|extensions| &extensions.any)
    {
        listed.extra.push_child(extension.clone());
    }
    listed
}

/// What a bookmark says, however it is written: to enter no room by itself is what is meant where nothing is said.
fn plain(item: &Conference) -> Conference {
    Conference {
        autojoin: Some(item.autojoin.unwrap_or_default()),
        ..item.clone()
    }
}
