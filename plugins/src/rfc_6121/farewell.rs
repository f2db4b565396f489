//! What the contacts of an account must learn when the account is removed.

use sestina_storage::{Storage, StorageError};
use sestina_types::Stores as _;
use sestina_types::rfc_6121::tables::RosterRow;
use sestina_types::xep_0369::Leave;
use sestina_wire::{BareJid, Stanza, StanzaType, Text};

/// The presences that cancel every subscription of an account, in both directions (§3.2, §3.3; XEP-0077
/// §3.2); channels it leaves (XEP-0405 §2.7). They are read from its roster, so before it is removed, and sent afterwards.
///
/// # Errors
/// What storage reports.
pub async fn farewells(storage: &Storage, account: &BareJid) -> Result<Vec<Stanza>, StorageError> {
    let Some(roster) = storage.roster() else {
        return Ok(Vec::new());
    };
    let contacts = roster.of_owner(account).await?;
    Ok(contacts.iter().flat_map(to_contact).collect())
}

/// What one contact is told.
fn to_contact(contact: &RosterRow) -> impl Iterator<Item = Stanza> + use<> {
    let (to, from) = match contact.subscription.as_str() {
        "both" => (true, true),
        "to" => (true, false),
        "from" => (false, true),
        _ => (false, false),
    };
    let presence = |type_| {
        Stanza::presence(type_)
            .with_from(contact.owner.clone())
            .with_to(contact.contact.clone())
    };
    let leave = contact.channel.is_some().then(|| {
        // Nobody is there any more who could be answered.
        Stanza::iq(StanzaType::Set)
            .with_id(Text::from_static("farewell"))
            .with_from(contact.owner.clone())
            .with_to(contact.contact.clone())
            .with(&Leave::default())
    });
    let from = from && leave.is_none();
    // A request that was not answered yet is withdrawn in the same way.
    let unsubscribe = (to || contact.ask).then(|| presence(StanzaType::Unsubscribe));
    let unsubscribed = from.then(|| presence(StanzaType::Unsubscribed));
    unsubscribe.into_iter().chain(unsubscribed).chain(leave)
}

#[cfg(test)]
mod tests {
    use super::*;
    use sestina_wire::StanzaType::{Set, Unsubscribe, Unsubscribed};

    #[tokio::test]
    async fn each_contact_hears_of_what_there_was() {
        let storage = Storage::memory();
        let owner = BareJid::parse("laura@a.example").unwrap();
        for (name, subscription, ask) in [
            ("a", "none", false),
            ("b", "none", true),
            ("c", "to", false),
            ("d", "from", false),
            ("e", "from", true),
            ("f", "both", false),
            ("g", "from", false),
        ] {
            let row = RosterRow {
                owner: owner.clone(),
                contact: BareJid::new(Some(name), "b.example").unwrap(),
                name: None,
                subscription: subscription.to_owned(),
                ask,
                approved: false,
                groups: String::new(),
                version: 1,
                channel: (name == "g").then(|| "123456".to_owned()),
            };
            storage.roster().unwrap().put(&row).await.unwrap();
        }
        let told: Vec<_> = farewells(&storage, &owner).await.unwrap();
        let told: Vec<_> = told
            .iter()
            .map(|stanza| (stanza.to().unwrap().local().unwrap(), stanza.type_()))
            .collect();
        assert_eq!(
            told,
            [
                ("b", Unsubscribe),
                ("c", Unsubscribe),
                ("d", Unsubscribed),
                ("e", Unsubscribe),
                ("e", Unsubscribed),
                ("f", Unsubscribe),
                ("f", Unsubscribed),
                ("g", Set),
            ]
        );
    }
}
