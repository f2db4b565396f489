"""Two people in a room (XEP-0045): they enter, talk, change the subject, find what was said in its archive; one is kicked."""

from steps import arguments, check, client_class, run, step

ROOM = "garden@conference."


async def enter(client, room, nick):
    """Enters, and records what is said."""
    client.add_event_handler("groupchat_message", lambda data: client._note("groupchat_message", data))
    client.add_event_handler("groupchat_subject", lambda data: client._note("groupchat_subject", data))
    return await client["xep_0045"].join_muc_wait(room, nick, maxstanzas=20, timeout=15)


async def main(settings):
    from slixmpp.exceptions import IqError, PresenceError
    Client = client_class()
    romeo, juliet = settings.accounts[:2]
    owner, guest = Client(settings, juliet, "balcony"), Client(settings, romeo, "orchard")
    for client in (owner, guest):
        for plugin in ("xep_0004", "xep_0045", "xep_0059", "xep_0297", "xep_0313", "xep_0359"):
            client.register_plugin(plugin)
        await client.login()
        client.send_presence()
    room = ROOM + owner.boundjid.domain

    services = await owner["xep_0030"].get_items(jid=owner.boundjid.domain, timeout=10)
    found = {str(item[0]) for item in services["disco_items"]["items"]}
    check("conference." + owner.boundjid.domain in found, "the service is found", found)
    entered = await enter(owner, room, "juliet")
    check(201 in entered[0]["muc"]["status_codes"], "the room is new", str(entered[0]))
    try:
        await enter(guest, room, "romeo")
        raise AssertionError("entered a locked room")
    except PresenceError as error:
        check(error.condition == "item-not-found", "a new room is locked", error.condition)
    form = await owner["xep_0045"].get_room_config(room)
    check("muc#roomconfig_roomname" in form.get_fields(), "the owner gets the form")
    answer = owner["xep_0004"].make_form(ftype="submit")
    answer.add_field(var="FORM_TYPE", ftype="hidden", value="http://jabber.org/protocol/muc#roomconfig")
    answer.add_field(var="muc#roomconfig_roomname", value="The Garden")
    answer.add_field(var="muc#roomconfig_persistentroom", value="1")
    await owner["xep_0045"].set_room_config(room, answer)
    step("and sends it in")

    await enter(guest, room, "romeo")
    check("juliet" in guest["xep_0045"].get_roster(room), "who enters sees who is there", guest["xep_0045"].get_roster(room))
    guest.send_message(mto=room, mbody="what light", mtype="groupchat")
    for client in (owner, guest):
        await client.expect("groupchat_message", lambda data: data["body"] == "what light" and data["mucnick"] == "romeo")
    step("both hear what is said")
    owner.send_message(mto=room, msubject="the moon", mtype="groupchat")
    await guest.expect("groupchat_subject", lambda data: data["subject"] == "the moon")
    step("the subject is told")
    guest.send_message(mto=room + "/juliet", mbody="psst", mtype="chat")
    await owner.expect("message", lambda data: data["body"] == "psst" and data["from"] == room + "/romeo")
    step("a private message goes to one")

    results = await guest["xep_0313"].retrieve(jid=room, timeout=10)
    bodies = [message["mam_result"]["forwarded"]["stanza"]["body"] for message in results["mam"]["results"]]
    check("what light" in bodies, "the archive has it", bodies)

    guest.add_event_handler(f"muc::{room}::got_offline", lambda data: guest._note("got_offline", data))
    await owner["xep_0045"].set_role(room, "romeo", "none", reason="late")
    await guest.expect("got_offline", lambda data: data["from"] == room + "/romeo")
    step("one is kicked")
    await owner["xep_0045"].set_affiliation(room, "outcast", jid=guest.boundjid.bare)
    try:
        await enter(guest, room, "romeo")
        raise AssertionError("entered although banned")
    except PresenceError as error:
        check(error.condition == "forbidden", "and banned", error.condition)
    try:
        await guest["xep_0045"].destroy(room)
        raise AssertionError("a guest destroys the room")
    except IqError as error:
        check(error.condition == "forbidden", "only the owner ends the room", error.condition)
    await owner["xep_0045"].destroy(room)
    step("the owner does")
    for client in (owner, guest):
        await client.logout()


run(main, arguments(__doc__, 2), 60)
