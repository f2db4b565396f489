//! Items are asked for (§6.5): the newest, certain ones, or page by page (XEP-0059).

use std::sync::Arc;

use sestina_session::host::Host;
use sestina_storage::{Range, StorageError};
use sestina_types::xep_0059::{First, Set};
use sestina_types::xep_0060::pubsub::{Item, Items, Pubsub, PubsubChoice};
use sestina_types::xep_0060::tables::PubsubItemsRow;
use sestina_wire::{BareJid, Condition, Jid, StanzaError};

use super::book::{Node, is_live};
use super::{Server, notify, standing};

/// Items read at a time.
const STEP: u32 = 50;
/// Octets of items past which an answer ends; the rest is there page by page.
const LARGEST: usize = 1 << 20;

/// Answers a request for items.
pub(super) async fn answer(
    server: &Server,
    host: &Arc<Host>,
    owner: &BareJid,
    who: &Jid,
    request: Items,
    page: Option<Set>,
) -> Result<Pubsub, StanzaError> {
    let node = server.node(host, owner, &request.node).await?;
    standing::may_read(host, owner, &node, who).await?;
    let (rows, page) = if !request.items.is_empty() {
        (
            by_ids(server, host, owner, &node, &request.items).await?,
            None,
        )
    } else if let Some(set) = page {
        let rows = paged(server, host, owner, &node, &set).await?;
        let set = set_of(&rows);
        (rows, Some(set))
    } else {
        let most = request.max_items.unwrap_or(u64::MAX).max(1);
        let (mut rows, complete) =
            read(server, host, owner, &node, Range::all(), most, true).await?;
        rows.reverse();
        let cut = !complete && rows.len() as u64 != most;
        let set = cut.then(|| set_of(&rows));
        (rows, set)
    };
    let items = rows.iter().map(|row| Item {
        id: Some(row.item.as_str().into()),
        publisher: notify::publisher(owner, row),
        payload: notify::payload(row).into_iter().collect(),
        ..Item::default()
    });
    let answer = Items {
        items: items.collect(),
        ..Items::new(request.node)
    };
    Ok(Pubsub {
        action: Some(PubsubChoice::Items(answer)),
        page,
        ..Pubsub::default()
    })
}

fn set_of(rows: &[PubsubItemsRow]) -> Set {
    Set {
        first: rows.first().map(|row| First::new(row.item.as_str().into())),
        last: rows.last().map(|row| row.item.as_str().into()),
        ..Set::default()
    }
}

/// Those of the ids that are there (§6.5.8).
async fn by_ids(
    server: &Server,
    host: &Host,
    owner: &BareJid,
    node: &Node,
    wanted: &[Item],
) -> Result<Vec<PubsubItemsRow>, StanzaError> {
    let mut rows = Vec::new();
    let mut length = 0;
    for item in wanted {
        let Some(id) = &item.id else {
            return Err(StanzaError::new(Condition::BadRequest)
                .with_text("an item that is asked for has an id"));
        };
        let row = server.book.items().get(owner, &node.name, id).await?;
        let Some(row) = row.filter(|row| is_live(row, host.clock().now())) else {
            continue;
        };
        length += size(&row);
        if length > LARGEST && !rows.is_empty() {
            return Err(
                StanzaError::new(Condition::ResourceConstraint).with_text(format!(
                    "these items have more than {LARGEST} octets together; ask for fewer"
                )),
            );
        }
        rows.push(row);
    }
    Ok(rows)
}

/// The items after one or before one, in the order of their publication.
async fn paged(
    server: &Server,
    host: &Host,
    owner: &BareJid,
    node: &Node,
    set: &Set,
) -> Result<Vec<PubsubItemsRow>, StanzaError> {
    let position = async |id: &str| match server.book.items().get(owner, &node.name, id).await {
        Ok(Some(row)) => Ok(row.position),
        Ok(None) => Err(StanzaError::new(Condition::ItemNotFound)),
        Err(error) => Err(error.into()),
    };
    let mut range = Range::all();
    if let Some(after) = &set.after {
        range = range.and_after(position(after).await?);
    }
    let before = set.before.as_ref().filter(|id| !id.is_empty());
    if let Some(before) = before {
        range = range.and_before(position(before).await?);
    }
    let most = set.max.map_or(u64::MAX, u64::from);
    if most == 0 {
        return Ok(Vec::new());
    }
    let reverse = set.before.is_some();
    let (mut rows, _) = read(server, host, owner, node, range, most, reverse).await?;
    if reverse {
        rows.reverse();
    }
    Ok(rows)
}

/// Items of a range, up to a number and a size, and whether there are no more in it.
async fn read(
    server: &Server,
    host: &Host,
    owner: &BareJid,
    node: &Node,
    range: Range,
    most: u64,
    reverse: bool,
) -> Result<(Vec<PubsubItemsRow>, bool), StorageError> {
    let mut found: Vec<PubsubItemsRow> = Vec::new();
    let mut length = 0;
    let mut range = range;
    let now = host.clock().now();
    loop {
        let left = most.saturating_sub(found.len() as u64);
        if left == 0 {
            return Ok((found, false));
        }
        let limit = u32::try_from(left).unwrap_or(u32::MAX).min(STEP);
        let rows = server
            .book
            .items()
            .of_node_page(owner, &node.name, range.clone(), limit, reverse)
            .await?;
        let is_last = rows.len() < limit as usize;
        range = match rows.last() {
            Some(last) if reverse => range.and_before(last.position),
            Some(last) => range.and_after(last.position),
            None => range,
        };
        // Those whose time is over may not have been swept out yet.
        for row in rows.into_iter().filter(|row| is_live(row, now)) {
            length += size(&row);
            if length > LARGEST && !found.is_empty() {
                return Ok((found, false));
            }
            found.push(row);
        }
        if is_last {
            return Ok((found, true));
        }
    }
}

fn size(row: &PubsubItemsRow) -> usize {
    row.payload.as_ref().map_or(0, String::len) + row.item.len()
}
