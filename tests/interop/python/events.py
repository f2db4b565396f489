"""An account publishes: its avatar for those who see it (XEP-0084 over XEP-0163), its bookmarks for itself (XEP-0402 over XEP-0060)."""

from steps import arguments, check, client_class, run, step

AVATAR = b"\x89PNG\r\n\x1a\nnot much of a picture"
BOOKMARKS = "urn:xmpp:bookmarks:1"
ROOM = "theplay@conference.example.org"


async def start(client, interests):
    """Logs in and says what the client wants to hear of."""
    for plugin in ("xep_0004", "xep_0060", "xep_0115", "xep_0163", "xep_0084"):
        client.register_plugin(plugin)
    for event in ("avatar_metadata_publish", "bookmarks_publish", "bookmarks_retract"):
        client.add_event_handler(event, lambda data, event=event: client._note(event, data))
    await client.login()
    for namespace, name in interests.items():
        client["xep_0163"].add_interest(namespace)
        client["xep_0060"].map_node_event(namespace, name)
    await client["xep_0115"].update_caps(broadcast=False)
    client.send_presence()
    await client.expect("presence_available", lambda data: data["from"] == client.boundjid)


def options(client, **values):
    """A form of publish-options."""
    form = client["xep_0004"].make_form(ftype="submit")
    form.add_field(var="FORM_TYPE", ftype="hidden", value="http://jabber.org/protocol/pubsub#publish-options")
    for name, value in values.items():
        form.add_field(var=f"pubsub#{name}", value=value)
    return form


async def main(settings):
    from slixmpp.exceptions import IqError
    from slixmpp.plugins.xep_0402 import stanza as bookmarks
    bookmarks.register_plugin()
    Client = client_class()
    romeo, juliet = settings.accounts[:2]
    desk, phone = Client(settings, romeo, "desk"), Client(settings, romeo, "phone")
    friend = Client(settings, juliet, "balcony")
    for client in (desk, phone):
        await start(client, {BOOKMARKS: "bookmarks"})
    await start(friend, {BOOKMARKS: "bookmarks"})
    account = desk.boundjid.bare

    info = await desk["xep_0030"].get_info(jid=account, timeout=10)
    identities = {(identity[0], identity[1]) for identity in info["disco_info"]["identities"]}
    check(("pubsub", "pep") in identities, "the account is a service of its own", identities)
    friend.send_presence(ptype="subscribe", pto=account)
    await desk.expect("presence_subscribe")
    desk.send_presence(ptype="subscribed", pto=friend.boundjid.bare)
    await friend.expect("presence_available", lambda data: data["from"] == desk.boundjid)

    name = desk["xep_0084"].generate_id(AVATAR)
    await desk["xep_0084"].publish_avatar(AVATAR, timeout=10)
    await desk["xep_0084"].publish_avatar_metadata(
        {"id": name, "type": "image/png", "bytes": str(len(AVATAR)), "width": "1", "height": "1"}, timeout=10)
    for client in (phone, friend):
        event = await client.expect("avatar_metadata_publish")
        item = event["pubsub_event"]["items"]["item"]
        check(event["from"] == account and item["id"] == name, f"{client.boundjid} hears of the avatar", str(event))
    found = await friend["xep_0084"].retrieve_avatar(account, name, timeout=10)
    data = found["pubsub"]["items"]["item"]["avatar_data"]["value"]
    check(data == AVATAR, "a contact gets the avatar", data)

    friend.register_plugin("xep_0054")
    card = await friend["xep_0054"].get_vcard(account, timeout=10)
    check(card["vcard_temp"]["PHOTO"]["BINVAL"] == AVATAR, "it is on the card as well", str(card))
    event = await friend.expect("presence_available", lambda data: data.xml.find("{vcard-temp:x:update}x") is not None)
    found = event.xml.findtext("{vcard-temp:x:update}x/{vcard-temp:x:update}photo")
    check(event["from"].bare == account and found == name, "presence says which picture it is", str(event))

    private = options(desk, persist_items="true", max_items="max", send_last_published_item="never", access_model="whitelist")
    conference = bookmarks.Conference()
    conference["name"] = "The Play's the Thing"
    conference["autojoin"] = True
    conference["nick"] = "Romeo"
    for room in (ROOM, "orchard@conference.example.org"):
        await desk["xep_0060"].publish(account, BOOKMARKS, id=room, payload=conference, options=private, timeout=10)
        event = await phone.expect("bookmarks_publish")
        check(event["pubsub_event"]["items"]["item"]["id"] == room, "the other device hears of a bookmark", str(event))
    items = await phone["xep_0060"].get_items(account, BOOKMARKS, timeout=10)
    kept = {item["id"]: item["conference"]["nick"] for item in items["pubsub"]["items"]}
    check(kept == {ROOM: "Romeo", "orchard@conference.example.org": "Romeo"}, "both bookmarks are kept", kept)
    try:
        await friend["xep_0060"].get_items(account, BOOKMARKS, timeout=10)
        raise AssertionError("a contact reads bookmarks")
    except IqError as error:
        check(error.condition == "not-allowed", "bookmarks are for their owner alone", error.condition)
    try:
        await desk["xep_0060"].publish(account, BOOKMARKS, id=ROOM, payload=conference,
                                       options=options(desk, access_model="open"), timeout=10)
        raise AssertionError("published to a node that is not as expected")
    except IqError as error:
        check(error.condition == "conflict", "a node that is not as expected gets nothing", error.condition)
    await desk["xep_0060"].retract(account, BOOKMARKS, ROOM, notify=True, timeout=10)
    event = await phone.expect("bookmarks_retract")
    check(event["pubsub_event"]["items"]["retract"]["id"] == ROOM, "the other device hears that one is gone", str(event))
    friend.never("bookmarks_publish")

    late = Client(settings, juliet, "garden")
    await start(late, {})
    event = await late.expect("avatar_metadata_publish")
    check(event["from"] == account, "who comes later gets the avatar", str(event))
    late.never("bookmarks_publish")
    step("and nothing else")
    for client in (late, friend, phone, desk):
        await client.logout()


run(main, arguments(__doc__, 2), 60)
