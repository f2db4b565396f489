"""Two people in a room for members (XEP-0045): invitations both ways, roles, voice, affiliations, nicknames, ids of occupants (XEP-0421),
pings of oneself (XEP-0410), what is taken back (XEP-0424, XEP-0425) and what the archive has of it, and pictures (XEP-0486, XEP-0054)."""

from steps import arguments, check, client_class, run, step

PICTURE = b"\x89PNG\r\n\x1a\nnot much of a picture"
PLUGINS = ("xep_0004", "xep_0045", "xep_0054", "xep_0059", "xep_0249", "xep_0297", "xep_0313", "xep_0359", "xep_0410",
           "xep_0421", "xep_0424", "xep_0425")


class Occupant:
    """A client and its way in one room."""

    def __init__(self, client, room, nick):
        from slixmpp import JID
        self.client, self.room, self.nick = client, JID(room), nick
        self.muc = client["xep_0045"]

    async def start(self):
        from slixmpp.xmlstream.handler import Callback
        from slixmpp.xmlstream.matcher import StanzaPath
        for plugin in PLUGINS:
            self.client.register_plugin(plugin)
        self.muc = self.client["xep_0045"]
        await self.client.login()
        self.client.send_presence()
        await self.client.expect("presence_available", lambda data: data["from"] == self.client.boundjid)
        for event in ("groupchat_direct_invite", "groupchat_message", "groupchat_message_error", "groupchat_presence",
                      "groupchat_config_status", "message_xform", "message_retract", "moderated_message"):
            self.client.add_event_handler(event, lambda data, event=event: self.client._note(event, data))
        # Its own events tell neither of refusals nor of a room that one could not enter before.
        for what in ("invite", "decline"):
            self.client.register_handler(Callback(f"A {what}", StanzaPath(f"message/muc/{what}"), lambda data, what=what: self.client._note(what, data)))

    async def enter(self, history=0):
        """Enters; what was said before."""
        joined = await self.muc.join_muc_wait(self.room, self.nick, maxstanzas=history, timeout=15)
        return joined[3]

    async def presence(self, nick, type="available", **item):
        """The next presence of somebody in the room, with these in its item."""
        return await self.client.expect("groupchat_presence", lambda data: data["from"] == f"{self.room}/{nick}" and data["type"] == type
                                        and all(data["muc"][name] == value for name, value in item.items()))

    async def say(self, text, *others):
        """Says something, which all hear; the id that the room gave it."""
        self.client.send_message(mto=self.room, mbody=text, mtype="groupchat")
        for other in (*others, self):
            heard = await other.client.expect("groupchat_message", lambda data: data["body"] == text)
        return heard["stanza_id"]["id"]

    async def archived(self):
        results = await self.client["xep_0313"].retrieve(jid=self.room, timeout=10)
        return [message["mam_result"]["forwarded"]["stanza"] for message in results["mam"]["results"]]


async def refused(awaitable, condition, text):
    """What the server has to say no to."""
    from slixmpp.exceptions import IqError, PresenceError
    try:
        await awaitable
    except (IqError, PresenceError) as error:
        check(error.condition == condition, text, error.condition)
        return
    raise AssertionError(f"not refused: {text}")


async def configure(owner, **values):
    form = owner.client["xep_0004"].make_form(ftype="submit")
    form.add_field(var="FORM_TYPE", ftype="hidden", value="http://jabber.org/protocol/muc#roomconfig")
    for name, value in values.items():
        form.add_field(var=f"muc#roomconfig_{name}", value=value)
    await owner.muc.set_room_config(owner.room, form)


async def invitations(owner, guest):
    """Through the room, with a refusal; then straight, and the one comes in."""
    await refused(guest.enter(), "registration-required", "who is no member stays outside")
    owner.muc.invite(owner.room, guest.client.boundjid.bare, "there is a feast")
    asked = await guest.client.expect("invite")
    invite = asked["muc"]["invite"]
    check(asked["from"] == owner.room and invite["from"].bare == owner.client.boundjid.bare and invite["reason"] == "there is a feast",
          "one is invited through the room", str(asked))
    guest.muc.decline(guest.room, owner.client.boundjid.bare, "too little sleep")
    declined = await owner.client.expect("decline")
    decline = declined["muc"]["decline"]
    check(decline["from"].bare == guest.client.boundjid.bare and decline["reason"] == "too little sleep", "and declines", str(declined))
    owner.client["xep_0249"].send_invitation(guest.client.boundjid, owner.room, reason="come, there is music")
    asked = await guest.client.expect("groupchat_direct_invite", lambda data: data["from"] == owner.client.boundjid)
    invite = asked["groupchat_invite"]
    check(invite["jid"] == owner.room and invite["reason"] == "come, there is music", "one is invited straight", str(asked))
    await guest.enter()
    await owner.presence("romeo", affiliation="member", role="participant")
    members = await owner.muc.get_affiliation_list(owner.room, "member")
    check(guest.client.boundjid.bare in {str(jid) for jid in members}, "whoever is invited is a member, and comes in", members)


async def occupants(owner, guest):
    info = await guest.client["xep_0030"].get_info(jid=guest.room, timeout=10)
    features = info["disco_info"]["features"]
    wanted = {"urn:xmpp:occupant-id:0", "urn:xmpp:message-moderate:1", "urn:xmpp:message-retract:1", "urn:xmpp:mam:2", "muc_membersonly", "muc_persistent"}
    check(wanted <= set(features), "the room says what it can", features)
    guest.client.send_presence(pto=f"{guest.room}/romeo", pshow="away")
    seen = (await owner.presence("romeo", "away"))["occupant-id"]["id"]
    guest.nick = await guest.muc.set_self_nick(guest.room, "Montague", timeout=10)
    renamed = await owner.presence("Montague", role="participant")
    check(seen and renamed["occupant-id"]["id"] == seen, "under another nickname it is the same", (seen, str(renamed)))
    ping = guest.client["xep_0410"]
    from slixmpp import JID
    status = await ping.send_self_ping(JID(f"{guest.room}/Montague"), timeout=10)
    check(status.name == "JOINED", "whoever pings itself knows that it is there", status)
    guest.muc.leave_muc(guest.room, "Montague")
    await owner.presence("Montague", "unavailable")
    status = await ping.send_self_ping(JID(f"{guest.room}/Montague"), timeout=10)
    check(status.name == "DISCONNECTED", "or that it is not", status)
    guest.nick = "romeo"
    await guest.enter()
    back = await owner.presence("romeo", role="participant")
    check(back["occupant-id"]["id"] == seen, "who comes back is the same", str(back))


async def roles(owner, guest):
    """In a room that is moderated."""
    await configure(owner, moderatedroom="1")
    await guest.client.expect("groupchat_config_status", lambda data: 104 in data["muc"]["status_codes"])
    step("a change of the configuration is told")
    await owner.muc.set_role(owner.room, "romeo", "visitor", reason="be still")
    await guest.presence("romeo", role="visitor")
    guest.client.send_message(mto=guest.room, mbody="may I", mtype="groupchat")
    error = await guest.client.expect("groupchat_message_error")
    check(error["error"]["condition"] == "forbidden", "visitors are not heard", str(error))
    guest.muc.request_voice(guest.room, "participant")
    asked = await owner.client.expect("message_xform", lambda data: "muc#request_allow" in data["form"].get_fields())
    form = owner.client["xep_0004"].make_form(ftype="submit")
    for name, field in asked["form"].get_fields().items():
        form.add_field(var=name, value="1" if name == "muc#request_allow" else field["value"])
    answer = owner.client.make_message(owner.room)
    answer.append(form)
    answer.send()
    await guest.presence("romeo", role="participant")
    step("and ask for their voice, which a moderator grants")
    await owner.muc.set_role(owner.room, "romeo", "moderator")
    await guest.presence("romeo", role="moderator")
    found = await owner.muc.get_roles_list(owner.room, "moderator")
    check({"juliet", "romeo"} <= {str(nick) for nick in found}, "moderators are listed", found)
    await owner.muc.set_affiliation(owner.room, "admin", jid=guest.client.boundjid.bare)
    await guest.presence("romeo", affiliation="admin")
    await refused(guest.muc.set_affiliation(guest.room, "none", jid=owner.client.boundjid.bare), "not-allowed", "an admin does not take the owner's room")
    await owner.muc.set_affiliation(owner.room, "member", jid=guest.client.boundjid.bare)
    await owner.muc.set_role(owner.room, "romeo", "participant")
    await guest.presence("romeo", affiliation="member", role="participant")
    step("affiliations are granted and taken")


async def retractions(owner, guest):
    kept = await owner.say("swear not by the moon", guest)
    own = await guest.say("what shall I swear by", owner)
    guest.client["xep_0424"].send_retraction(guest.room, own, "groupchat", include_fallback=False)
    gone = await owner.client.expect("message_retract")
    check(gone["retract"]["id"] == own and gone["from"] == f"{owner.room}/romeo", "one takes back what it said", str(gone))
    bad = await guest.say("buy magic potions", owner)
    await refused(guest.client["xep_0425"].moderate(guest.room, kept, timeout=10), "forbidden", "who is no moderator takes nothing back of others")
    await owner.client["xep_0425"].moderate(owner.room, bad, "no trade here", timeout=10)
    gone = await guest.client.expect("moderated_message")
    check(gone["from"] == guest.room and gone["retract"]["id"] == bad and gone["retract"]["moderated"]["by"] == f"{guest.room}/juliet"
          and gone["retract"]["reason"] == "no trade here", "a moderator does", str(gone))
    archive = await guest.archived()
    bodies = [message["body"] for message in archive]
    check("swear not by the moon" in bodies and "what shall I swear by" not in bodies and "buy magic potions" not in bodies,
          "the archive has what was not taken back", bodies)
    check(sum(message.xml.find("{urn:xmpp:message-retract:1}retracted") is not None for message in archive) == 2, "and tombstones for the rest")
    guest.muc.leave_muc(guest.room, "romeo")
    await owner.presence("romeo", "unavailable")
    heard = [message["body"] for message in await guest.enter(history=20) if message["body"]]
    check(heard == ["swear not by the moon"], "and so has the history", heard)


async def pictures(owner, guest):
    from slixmpp.plugins.xep_0054.stanza import VCardTemp
    for client, jid in ((owner.client, None), (owner.client, owner.room)):
        card = VCardTemp()
        card["PHOTO"]["TYPE"] = "image/png"
        card["PHOTO"]["BINVAL"] = PICTURE
        await client["xep_0054"].publish_vcard(vcard=card, jid=jid, timeout=10)
    for jid, what in ((f"{guest.room}/juliet", "an occupant's picture is seen through the room"), (guest.room, "the room has one of its own")):
        card = await guest.client["xep_0054"].get_vcard(jid, cached=False, timeout=10)
        check(card["vcard_temp"]["PHOTO"]["BINVAL"] == PICTURE, what, str(card))


async def main(settings):
    Client = client_class()
    romeo, juliet = settings.accounts[:2]
    room = f"feast@conference.{settings.domain}"
    owner = Occupant(Client(settings, juliet, "balcony"), room, "juliet")
    guest = Occupant(Client(settings, romeo, "orchard"), room, "romeo")
    for occupant in (owner, guest):
        await occupant.start()
    await owner.enter()
    await configure(owner, roomname="The Feast", persistentroom="1", membersonly="1")
    await invitations(owner, guest)
    await occupants(owner, guest)
    await roles(owner, guest)
    await retractions(owner, guest)
    await pictures(owner, guest)
    await owner.muc.destroy(owner.room)
    for occupant in (owner, guest):
        await occupant.client.logout()


run(main, arguments(__doc__, 2), 80)
