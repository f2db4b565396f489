"""aioxmpp in a room, with nodes, with what an account publishes, and with a file on the server, each with the library's own part for it."""

import asyncio
import ssl
import urllib.request

import aioxmpp
import aioxmpp.avatar
import aioxmpp.entitycaps
import aioxmpp.httpupload
import aioxmpp.muc
import aioxmpp.muc.xso
import aioxmpp.pubsub
import aioxmpp.pubsub.xso
import aioxmpp.xso

from aioxmpp_person import Person, soon
from steps import arguments, check, run, step

PICTURE = b"\x89PNG\r\n\x1a\nnot much of a picture"


@aioxmpp.pubsub.xso.as_payload_class
class Verse(aioxmpp.xso.XSO):
    TAG = ("urn:example:verse", "verse")
    text = aioxmpp.xso.Text()


def heard(signal):
    """A queue of what a signal tells."""
    queue = asyncio.Queue()
    signal.connect(lambda *arguments, **named: queue.put_nowait((arguments, named)))
    return queue


async def until(queue, condition, what):
    while True:
        arguments, named = await soon(queue.get(), what)
        if condition(*arguments, **named):
            return arguments, named


def said(text):
    return lambda message, *_, **__: message.body.any() == text if message.body else False


async def room(romeo, juliet):
    address = aioxmpp.JID("orchard", f"conference.{romeo.jid.domain}", None)
    theirs, mine = juliet.client.summon(aioxmpp.MUCClient), romeo.client.summon(aioxmpp.MUCClient)
    room, entered = theirs.join(address, "juliet")
    messages, topics, joined, left = (heard(signal) for signal in (room.on_message, room.on_topic_changed, room.on_join, room.on_leave))
    await soon(entered, "entry")
    form = aioxmpp.muc.xso.ConfigurationForm.from_xso(await soon(theirs.get_room_config(address), "the form"))
    form.roomname.value, form.persistentroom.value = "The Orchard", True
    await soon(theirs.set_room_config(address, form.render_reply()), "configuration")
    step("the owner of a new room configures it")

    invitations = heard(mine.on_muc_invitation)
    for mode in (aioxmpp.im.InviteMode.MEDIATED, aioxmpp.im.InviteMode.DIRECT):
        await room.invite(romeo.jid.bare(), "come down", mode=mode)
        await until(invitations, lambda stanza, muc, inviter, found, *, password=None, reason=None, **_:
                    muc == address and found == mode and reason == "come down", "an invitation")
    step("one is invited, through the room and straight")
    other, entered = mine.join(address, "romeo", history=aioxmpp.muc.xso.History(maxstanzas=5))
    others, exits, changes = heard(other.on_message), heard(other.on_exit), heard(other.on_topic_changed)
    await soon(entered, "entry")
    await until(joined, lambda member, **_: member.nick == "romeo", "who enters")
    check({member.nick for member in other.members} == {"romeo", "juliet"}, "both see who is there", other.members)
    message = aioxmpp.Message(type_=aioxmpp.MessageType.GROUPCHAT)
    message.body[None] = "by yonder blessed moon \u263e"
    tracker = other.send_message_tracked(message)[1]
    await until(messages, said("by yonder blessed moon \u263e"), "what was said")
    await until(others, said("by yonder blessed moon \u263e"), "its own words")
    check(tracker.state == aioxmpp.tracking.MessageState.DELIVERED_TO_RECIPIENT, "what is said comes back to who said it", tracker.state)
    await room.set_topic({None: "the moon"})
    for queue in (topics, changes):
        await until(queue, lambda member, topic, **_: topic.any() == "the moon", "the topic")
    step("both talk, and see the topic")

    member = next(member for member in room.members if member.nick == "romeo")
    await soon(room.muc_set_affiliation(romeo.jid.bare(), "member"), "membership")
    await soon(room.kick(member, "the lark"), "kick")
    _, named = await until(exits, lambda *_, **__: True, "the kick")
    check(named["muc_leave_mode"] == aioxmpp.muc.LeaveMode.KICKED and named["muc_reason"] == "the lark" and named["muc_actor"] is not None, "one is kicked, and told why", named)
    await until(left, lambda member, **_: member.nick == "romeo", "who leaves")
    again, entered = mine.join(address, "romeo", history=aioxmpp.muc.xso.History(maxstanzas=5))
    history = heard(again.on_message)
    await soon(entered, "entry")
    message = aioxmpp.Message(type_=aioxmpp.MessageType.GROUPCHAT)
    message.body[None] = "back"
    again.send_message(message)
    await until(history, said("by yonder blessed moon \u263e"), "what was said before")
    await until(history, said("back"), "its own words")
    step("and finds what was said, coming back")
    for one in (again, room):
        await soon(one.leave(), "leaving")


async def nodes(romeo, juliet):
    service = aioxmpp.JID(None, f"pubsub.{romeo.jid.domain}", None)
    mine, theirs = (person.client.summon(aioxmpp.PubSubClient) for person in (romeo, juliet))
    await soon(mine.create(service, "verses"), "node")
    await soon(theirs.subscribe(service, "verses"), "subscription")
    events, gone = heard(theirs.on_item_published), heard(theirs.on_node_deleted)
    verse = Verse()
    verse.text = "what light \u263e"
    await soon(mine.publish(service, "verses", verse, id_="v1"), "publication")
    await until(events, lambda jid, node, item, **_: (jid, node, item.id_, item.registered_payload.text) == (service, "verses", "v1", "what light \u263e"), "event")
    step("who subscribes to a node hears of what is published")
    items = await soon(theirs.get_items(service, "verses"), "items")
    check([item.id_ for item in items.payload.items] == ["v1"], "and can read it later")
    await soon(mine.delete(service, "verses"), "deletion")
    await until(gone, lambda jid, node, **_: node == "verses", "the end of the node")
    step("until the node is gone")


async def picture(romeo, juliet):
    """Of an account, for whom it allows to see it."""
    romeo.roster.subscribe(juliet.jid.bare())
    await soon(juliet.requests.get(), "request")
    changed = heard(romeo.client.summon(aioxmpp.AvatarService).on_metadata_changed)
    juliet.roster.approve(romeo.jid.bare())
    await soon(romeo.subscribed.get(), "approval")
    avatar = aioxmpp.avatar.AvatarSet()
    avatar.add_avatar_image("image/png", image_bytes=PICTURE)
    await soon(juliet.client.summon(aioxmpp.AvatarService).publish_avatar_set(avatar), "publication")
    (jid, found), _ = await until(changed, lambda jid, metadata: jid == juliet.jid.bare() and metadata, "the picture")
    data = await soon(found[0].get_image_bytes(), "its data")
    check(data == PICTURE, "a contact sees the picture of an account", data)


async def upload(person, certificate):
    service = aioxmpp.JID(None, f"upload.{person.jid.domain}", None)
    file = "a rose by any other name \u263e".encode() * 5000
    slot = await soon(aioxmpp.httpupload.request_slot(person.client, service, "rose.txt", len(file), "text/plain"), "slot")
    trust = ssl.create_default_context(cafile=certificate)

    def ask(request):
        with urllib.request.urlopen(request, context=trust, timeout=10) as answer:
            return answer.status, answer.read()
    headers = {"Content-Type": "text/plain", **dict(slot.put.headers)}
    status, _ = await asyncio.to_thread(ask, urllib.request.Request(slot.put.url, data=file, method="PUT", headers=headers))
    check(status == 201, "a file is left on the server", status)
    _, found = await asyncio.to_thread(ask, slot.get.url)
    check(found == file, "and read again, octet for octet", len(found))


async def main(options):
    romeo = Person(options, options.accounts[0], "orchard")
    juliet = Person(options, options.accounts[1], "balcony")
    for person in (romeo, juliet):
        for part in (aioxmpp.MUCClient, aioxmpp.PubSubClient, aioxmpp.AvatarService):
            person.client.summon(part)
        # What it wants to hear of comes with its presence.
        capabilities = person.client.summon(aioxmpp.EntityCapsService)
        capabilities.on_ver_changed.connect(person.client.summon(aioxmpp.PresenceServer).resend_presence)
    async with romeo.client.connected(), juliet.client.connected():
        await room(romeo, juliet)
        await nodes(romeo, juliet)
        await picture(romeo, juliet)
        await upload(romeo, options.ca)
    step("both logged out")


run(main, arguments(__doc__, accounts=2))
