"""Two people in a channel (XEP-0369), which their server joins and leaves for them (XEP-0405): they talk, whether all their
clients have asked for it or one says only in its capabilities that it knows channels; the owner bans one (XEP-0406)."""

import asyncio

from steps import arguments, check, client_class, run, step

NAME = "coven"


def make(Client, settings, account, resource, plugins=()):
    """A client that knows channels, and records what they say."""
    client = Client(settings, account, resource)
    for plugin in ("xep_0004", "xep_0060", "xep_0115", "xep_0369", "xep_0403", "xep_0405", "xep_0313", "xep_0059", "xep_0297", "xep_0359", *plugins):
        client.register_plugin(plugin)
    for event in ("mix_message", "mix_participant_info_publish", "mix_participant_info_retract", "mix_channel_info_publish", "mix_presence"):
        client.add_event_handler(event, lambda data, event=event: client._note(event, data))
    return client


async def main(settings):
    from slixmpp import JID
    from slixmpp.exceptions import IqError
    Client = client_class()
    romeo, juliet = settings.accounts[:2]
    owner, guest = make(Client, settings, juliet, "balcony"), make(Client, settings, romeo, "orchard")
    for client in (owner, guest):
        await client.login()
        client.send_presence()
    service = JID("mix." + owner.boundjid.domain)
    channel = JID(f"{NAME}@{service}")

    check(await owner["xep_0405"].check_server_capability(), "the account's server knows channels")
    services = await owner["xep_0030"].get_items(jid=owner.boundjid.domain, timeout=10)
    found = {str(item[0]) for item in services["disco_items"]["items"]}
    check(str(service) in found, "the service is found", found)
    check(await owner["xep_0369"].can_create_channel(service), "and makes channels")
    check(await owner["xep_0369"].create_channel(service, NAME) == NAME, "it makes one")
    listed = await guest["xep_0369"].list_channels(service)
    check([str(jid) for jid, _ in listed] == [str(channel)], "which it lists", listed)

    nodes = {f"urn:xmpp:mix:nodes:{node}" for node in ("messages", "participants", "info", "presence")}
    failed = await owner["xep_0405"].join_channel(channel, "first witch", set(nodes))
    check(not failed, "the owner joins it, with all nodes", failed)
    failed = await guest["xep_0405"].join_channel(channel, "second witch", set(nodes))
    check(not failed, "so does somebody else", failed)
    for client, nick in ((owner, "second witch"), (guest, "first witch")):
        seen = await client.expect("mix_presence", lambda data: data["mix"]["nick"] == nick)
        check(str(seen["from"]).partition("#")[2].startswith(str(channel)), "both see that the other is there", str(seen))
    await owner.expect("mix_participant_info_publish", lambda data: data["pubsub_event"]["items"]["item"]["mix_participant"]["nick"] == "second witch")
    step("of which the owner is told")
    people = await guest["xep_0369"].list_participants(channel)
    nicks = {nick: str(jid) for _, nick, jid in people}
    check(nicks == {"first witch": owner.boundjid.bare, "second witch": guest.boundjid.bare}, "both are on the list", nicks)
    contacts, channels = await guest["xep_0405"].get_mix_roster()
    check([str(item["jid"]) for item in channels] == [str(channel)] and not contacts, "the roster says that it is a channel")
    own = next(id for id, nick, _ in people if nick == "second witch")
    check(channels[0]["channel"]["participant-id"] == own, "and who its owner is there")

    guest.send_message(mto=channel, mbody="when shall we meet", mtype="groupchat")
    for client in (owner, guest):
        heard = await client.expect("mix_message", lambda data: data["body"] == "when shall we meet")
        check(heard["mix"]["nick"] == "second witch" and heard["mix"]["jid"] == guest.boundjid.bare, "both hear who says what", str(heard))
        check(heard["from"] == f"{channel}/{own}", "from a participant of the channel", str(heard["from"]))

    others = [make(Client, settings, juliet, resource) for resource in ("chamber", "tomb")]
    for other, with_hash in zip(others, (False, True)):
        await other.login()
        if with_hash:
            await other["xep_0115"].update_caps(broadcast=False)
        other.send_presence()
        await owner.expect("presence_available", lambda data: data["from"] == other.boundjid)
        for number in range(50):
            guest.send_message(mto=channel, mbody=f"thunder {number}", mtype="groupchat")
            await guest.expect("mix_message", lambda data: data["body"] == f"thunder {number}")
            if any(name == "mix_message" for name, _ in other.seen):
                break
            await asyncio.sleep(0.1)
        await other.expect("mix_message", lambda data: data["body"].startswith("thunder"))
        how = "announces" if with_hash else "says, when it is asked,"
        step(f"a client that {how} that it knows channels hears it too")

    check(await guest["xep_0369"].set_nick(channel, "third witch") == "third witch", "a nick is changed")
    await owner.expect("mix_participant_info_publish", lambda data: data["pubsub_event"]["items"]["item"]["mix_participant"]["nick"] == "third witch")
    nodes = await guest["xep_0369"].list_mix_nodes(channel)
    check({"urn:xmpp:mix:nodes:messages", "urn:xmpp:mix:nodes:participants", "urn:xmpp:mix:nodes:info"} <= nodes, "nodes are listed", nodes)
    missing = await guest["xep_0369"].update_subscription(channel, unsubscribe={"urn:xmpp:mix:nodes:info"})
    check(missing == (set(), set()), "subscriptions are changed", missing)
    form = owner["xep_0004"].make_form(ftype="submit")
    form.add_field(var="FORM_TYPE", ftype="hidden", value="urn:xmpp:mix:core:1")
    form.add_field(var="Name", value="Witches Coven")
    await owner["xep_0060"].publish(channel, "urn:xmpp:mix:nodes:info", payload=form.xml)
    info = await guest["xep_0369"].get_channel_info(channel)
    check(info["Name"] == "Witches Coven" and info["modified"] is not None, "the channel says what it is about", info)

    for archive, whose in ((channel, "the channel's"), (None, "one's own")):
        results = await guest["xep_0313"].retrieve(jid=archive, with_jid=None if archive else channel, timeout=10)
        bodies = [message["mam_result"]["forwarded"]["stanza"]["body"] for message in results["mam"]["results"]]
        check(bodies[0] == "when shall we meet", f"it is in {whose} archive", bodies)

    guest.send_presence(pshow="away")
    await owner.expect("mix_presence", lambda data: data["show"] == "away" and data["mix"]["jid"] == str(guest.boundjid))
    step("and what the other is doing")
    await guest["xep_0405"].leave_channel(channel)
    await owner.expect("mix_presence", lambda data: data["type"] == "unavailable")
    _, channels = await guest["xep_0405"].get_mix_roster()
    check(not channels, "who leaves has it in the roster no more")
    await owner.expect("mix_participant_info_retract")
    step("and is taken off the list")
    item = owner["xep_0060"].stanza.Item()
    item["id"] = guest.boundjid.bare
    ban = owner.make_iq_set(ito=channel)
    ban["pubsub"]["publish"]["node"] = "urn:xmpp:mix:nodes:banned"
    ban["pubsub"]["publish"].append(item)
    await ban.send(timeout=10)
    try:
        await guest["xep_0405"].join_channel(channel, "third witch")
        raise AssertionError("joined although banned")
    except IqError as error:
        check(error.condition == "forbidden", "who is banned does not get in", error.condition)
    for client in (owner, *others, guest):
        await client.logout()


run(main, arguments(__doc__, 2), 90)
