//! Queries of an archive: what is asked for, the page that answers, the messages of the page (§4).

use std::ops::Bound;

use sestina_session::host::Host;
use sestina_session::mux::IqContext;
use sestina_storage::{Range, Search, StorageError, Value};
use sestina_types::xep_0004::{Field, Form, FormType};
use sestina_types::xep_0059::{First, Set};
use sestina_types::xep_0122::Validate;
use sestina_types::xep_0203::Delay;
use sestina_types::xep_0297::Forwarded;
use sestina_types::xep_0313::forms::Filter;
use sestina_types::xep_0313::tables::ArchiveRow;
use sestina_types::xep_0313::{Fin, Query, ResultElement};
use sestina_types::xep_0431::forms::FullText;
use sestina_wire::dispatch::Extensible as _;
use sestina_wire::form::FormError;
use sestina_wire::{
    BareJid, Condition, DateTime, Extra, Frame, Jid, Stanza, StanzaError, StanzaType, Text,
    Timestamp, ns,
};

use super::{Server, fetched};
use crate::xep_0431;

/// How many rows are looked at for one page, where the storage cannot look for all that is asked for.
const MOST_READ: usize = 20_000;

/// The form that says what can be asked for (§4.1.6).
pub(super) fn fields(host: &Host) -> Query {
    let mut form = Filter::default().write(FormType::Form);
    // What rooms send is in the archives of rooms.
    form.fields
        .retain(|field| field.var.as_deref() != Some("include-groupchat"));
    if xep_0431::is_offered(host) {
        FullText::default().add_to(&mut form);
    }
    let ids = form
        .fields
        .iter_mut()
        .find(|field| field.var.as_deref() == Some("ids"));
    if let Some(ids) = ids {
        // Any ids, not some of a list.
        ids.extend(&Validate {
            open: Some(Text::new()),
            datatype: Some("xs:string".into()),
            ..Validate::default()
        });
    }
    Query {
        form: Some(form),
        ..Query::default()
    }
}

/// The beginning of the ids of a moment: ids are compared as texts, and so times are too.
pub(super) fn id_of(micros: i64) -> String {
    format!("{:016x}", micros.max(0))
}

/// What is asked for.
struct Wanted {
    with: Option<Jid>,
    words: Option<Search>,
    range: Range,
    ids: Option<Vec<Text>>,
    /// From the end backwards.
    reverse: bool,
    max: u32,
}

/// Sends the messages of the page, and says which page it was.
pub(super) async fn answer(
    server: &Server,
    cx: &IqContext,
    owner: &BareJid,
    request: Query,
) -> Result<Fin, StanzaError> {
    // An account has no nodes with archives.
    if request.node.is_some() {
        return Err(StanzaError::new(Condition::ItemNotFound));
    }
    let wanted = read(server, cx, owner, &request).await?;
    let (mut rows, complete) = match &wanted.ids {
        Some(ids) => by_ids(server, owner, ids, &wanted).await?,
        None => page(server, owner, &wanted).await?,
    };
    if wanted.reverse {
        rows.reverse();
    }
    let set = Set {
        first: rows.first().map(|row| First::new(row.id.as_str().into())),
        last: rows.last().map(|row| row.id.as_str().into()),
        ..Set::default()
    };
    let own = cx.from.bare_str() == owner.as_str();
    if let Some(session) = cx
        .session
        .as_ref()
        .filter(|_| own && wanted.is_everything())
    {
        fetched::note(session, &wanted.range, &rows, complete);
    }
    if request.flip_page {
        rows.reverse();
    }
    for row in rows {
        send(cx, owner, &request, row).await;
    }
    Ok(Fin {
        complete: complete.then_some(true),
        page: Some(set),
        ..Fin::default()
    })
}

/// Reads form and page, and makes sure that the ids in them are there (§4.1.4, §4.1.5; XEP-0059 §2.2).
async fn read(
    server: &Server,
    cx: &IqContext,
    owner: &BareJid,
    request: &Query,
) -> Result<Wanted, StanzaError> {
    let (filter, words) = match &request.form {
        Some(form) => filter(&cx.host, form)?,
        None => (Filter::default(), None),
    };
    let set = request.page.clone().unwrap_or_default();
    let known = async |id: &Text| match server.archive.get(owner, id).await {
        Ok(Some(_)) => Ok(()),
        Ok(None) => Err(StanzaError::new(Condition::ItemNotFound)
            .with_text(format!("there is no message {id:?} in the archive"))),
        Err(error) => Err(error.into()),
    };
    let before = set.before.clone().filter(|id| !id.is_empty());
    for id in [&filter.before_id, &filter.after_id, &before, &set.after]
        .into_iter()
        .flatten()
    {
        known(id).await?;
    }
    let mut lowest = vec![];
    let mut highest = vec![];
    if let Some(start) = &filter.start {
        lowest.push(Bound::Included(id_of(micros(start))));
    }
    if let Some(end) = &filter.end {
        highest.push(Bound::Excluded(id_of(micros(end).saturating_add(1))));
    }
    lowest.extend(
        [filter.after_id, set.after]
            .into_iter()
            .flatten()
            .map(|id| Bound::Excluded(id.to_string())),
    );
    highest.extend(
        [filter.before_id, before]
            .into_iter()
            .flatten()
            .map(|id| Bound::Excluded(id.to_string())),
    );
    let narrowest = |bounds: Vec<Bound<String>>, highest: bool| {
        let chosen = bounds.into_iter().reduce(|one, other| {
            let (a, b) = (text(&one), text(&other));
            // At the same place the bound that leaves the id out is the narrower one.
            let first = if a == b {
                matches!(one, Bound::Excluded(_))
            } else {
                (a < b) == highest
            };
            if first { one } else { other }
        });
        match chosen {
            Some(Bound::Included(id)) => Bound::Included(Value::from(id)),
            Some(Bound::Excluded(id)) => Bound::Excluded(Value::from(id)),
            _ => Bound::Unbounded,
        }
    };
    Ok(Wanted {
        with: filter.with,
        words,
        range: Range {
            lower: narrowest(lowest, false),
            upper: narrowest(highest, true),
        },
        ids: filter.ids,
        reverse: set.before.is_some(),
        max: set
            .max
            .map_or(server.max_page, |max| max.min(server.max_page)),
    })
}

fn text(bound: &Bound<String>) -> &str {
    match bound {
        Bound::Included(id) | Bound::Excluded(id) => id,
        Bound::Unbounded => "",
    }
}

fn micros(time: &DateTime) -> i64 {
    time.timestamp().as_microsecond()
}

fn filter(host: &Host, form: &Form) -> Result<(Filter, Option<Search>), StanzaError> {
    let bad =
        |error: FormError| StanzaError::new(Condition::BadRequest).with_text(error.to_string());
    let mut filter = Filter::read(form).map_err(bad)?;
    let mut words = None;
    if xep_0431::is_offered(host) {
        let text = FullText::read(form).map_err(bad)?;
        // Empty, it asks for nothing (XEP-0431 §3).
        words = text.words.filter(|words| !words.trim().is_empty());
        let is_other = |field: &Field| field.var.as_deref() != Some(xep_0431::FIELD);
        filter.other.retain(is_other);
    }
    let unknown = filter.other.first().and_then(|field| field.var.as_deref());
    match unknown.or(filter.include_groupchat.map(|_| "include-groupchat")) {
        // §4.1.6.
        Some(unknown) => Err(StanzaError::new(Condition::FeatureNotImplemented)
            .with_text(format!("an archive cannot be asked for {unknown:?}"))),
        None => Ok((filter, words.map(|words| Search::new(&words)))),
    }
}

/// A page, in the order in which it was read, and whether there is nothing behind it.
async fn page(
    server: &Server,
    owner: &BareJid,
    wanted: &Wanted,
) -> Result<(Vec<ArchiveRow>, bool), StorageError> {
    let max = usize::try_from(wanted.max).unwrap_or(usize::MAX);
    let mut found: Vec<ArchiveRow> = Vec::new();
    let mut range = wanted.range.clone();
    let mut read = 0;
    loop {
        // One more than wanted says whether there is more.
        let limit = wanted.max.saturating_add(1);
        let rows = rows(server, owner, wanted, range.clone(), limit).await?;
        let is_last = rows.len() <= max;
        read += rows.len();
        let last = rows.last().map(|row| row.id.clone());
        found.extend(rows.into_iter().filter(|row| matches(row, wanted)));
        if found.len() > max {
            found.truncate(max);
            return Ok((found, false));
        }
        let Some(last) = last.filter(|_| !is_last) else {
            return Ok((found, true));
        };
        if read >= MOST_READ {
            return Ok((found, false));
        }
        if wanted.reverse {
            range = range.and_before(last);
        } else {
            range = range.and_after(last);
        }
    }
}

/// At most `limit` rows, as far as the storage looks.
async fn rows(
    server: &Server,
    owner: &BareJid,
    wanted: &Wanted,
    range: Range,
    limit: u32,
) -> Result<Vec<ArchiveRow>, StorageError> {
    let (archive, reverse) = (&server.archive, wanted.reverse);
    let with = wanted.with.as_ref().map(Jid::to_bare);
    match (with, wanted.words.clone()) {
        (None, None) => archive.of_owner_page(owner, range, limit, reverse).await,
        (Some(with), None) => {
            let page = archive.with_page(owner, &with, range, limit, reverse);
            page.await
        }
        (None, Some(words)) => {
            let found = archive.of_owner_search(owner, range, words, limit, reverse);
            found.await
        }
        (Some(with), Some(words)) => {
            let found = archive.with_search(owner, &with, range, words, limit, reverse);
            found.await
        }
    }
}

impl Wanted {
    /// Whether all messages of a range are asked for.
    fn is_everything(&self) -> bool {
        self.with.is_none() && self.words.is_none() && self.ids.is_none()
    }
}

/// What the storage has not looked at.
fn matches(row: &ArchiveRow, wanted: &Wanted) -> bool {
    let has_words = |words: &Search| row.body.as_deref().is_some_and(|body| words.matches(body));
    if !wanted.words.as_ref().is_none_or(has_words) {
        return false;
    }
    let Some(with) = &wanted.with else {
        return true;
    };
    row.correspondent.as_str() == with.bare_str()
        && (with.resource().is_none() || with.resource() == row.resource.as_deref())
}

/// Single messages (§4.1.5), in the order of the archive.
async fn by_ids(
    server: &Server,
    owner: &BareJid,
    ids: &[Text],
    wanted: &Wanted,
) -> Result<(Vec<ArchiveRow>, bool), StanzaError> {
    if ids.len() > usize::try_from(server.max_page).unwrap_or(usize::MAX) {
        return Err(
            StanzaError::new(Condition::PolicyViolation).with_text(format!(
                "no more than {} messages can be asked for at once; ask in parts",
                server.max_page
            )),
        );
    }
    let mut rows = Vec::with_capacity(ids.len());
    for id in ids {
        let row = server.archive.get(owner, id).await?.ok_or_else(|| {
            StanzaError::new(Condition::ItemNotFound)
                .with_text(format!("there is no message {id:?} in the archive"))
        })?;
        let is_in_range = wanted.range.contains(&Value::from(row.id.as_str()));
        if is_in_range && matches(&row, wanted) {
            rows.push(row);
        }
    }
    rows.sort_by(|a, b| a.id.cmp(&b.id));
    rows.dedup_by(|a, b| a.id == b.id);
    if wanted.reverse {
        rows.reverse();
    }
    let max = usize::try_from(wanted.max).unwrap_or(usize::MAX);
    let complete = rows.len() <= max;
    rows.truncate(max);
    Ok((rows, complete))
}

/// One message of the page (§4.2).
async fn send(cx: &IqContext, owner: &BareJid, request: &Query, row: ArchiveRow) {
    let Ok(frame) = Frame::parse_in(row.stanza, ns::CLIENT) else {
        tracing::error!(account = %owner, id = row.id, "an archived message cannot be read and is left out");
        return;
    };
    let result = ResultElement {
        queryid: request.queryid.clone(),
        ..ResultElement::new(row.id.into(), forwarded(row.received, &frame))
    };
    let message = Stanza::message(StanzaType::Normal)
        .with_from(Jid::clone(owner))
        .with_to(cx.from.clone())
        .with(&result);
    let routed = match &cx.session {
        Some(session) => cx.host.deliver_to(session, message),
        // Of rooms people of other servers ask too.
        None => cx.host.route(message),
    };
    let _ = routed.await;
}

fn forwarded(received: Timestamp, frame: &Frame) -> Forwarded {
    Forwarded {
        delay: Some(Delay {
            from: None,
            stamp: DateTime::from_timestamp(received),
            reason: Text::default(),
            extra: Extra::default(),
        }),
        any: vec![frame.root().to_any()],
        ..Forwarded::default()
    }
}
