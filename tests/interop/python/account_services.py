"""What a server does for an account, asked for by slixmpp's own plugins: blocking, archive, card, private XML, time."""

from slixmpp.xmlstream import ET

from steps import arguments, check, client_class, run


async def main(options):
    Client = client_class()
    people = []
    for account, resource in zip(options.accounts, ("orchard", "balcony")):
        person = Client(options, account, resource)
        for plugin in ("xep_0012", "xep_0049", "xep_0054", "xep_0191", "xep_0202", "xep_0313", "xep_0377", "xep_0441"):
            person.register_plugin(plugin)
        await person.login()
        person.send_presence()
        people.append(person)
    romeo, juliet = people
    us, them = romeo.boundjid.bare, juliet.boundjid.bare
    info = await romeo.plugin["xep_0030"].get_info(jid=options.domain, timeout=10)
    features = set(info["disco_info"]["features"])
    for feature in ("urn:xmpp:blocking", "vcard-temp", "jabber:iq:private", "urn:xmpp:time", "jabber:iq:last"):
        check(feature in features, f"the server announces {feature}", features)
    info = await romeo.plugin["xep_0030"].get_info(jid=us, timeout=10)
    features = set(info["disco_info"]["features"])
    for feature in ("urn:xmpp:mam:2", "urn:xmpp:mam:2#extended", "urn:xmpp:sid:0"):
        check(feature in features, f"the account announces {feature}", features)

    await archive(romeo, juliet)
    await preferences(romeo, juliet)
    await blocking(romeo, juliet)
    # The server keeps the report; what it has to do for its sender is to block.
    await juliet.plugin["xep_0377"].report(["tybalt@example.org"], timeout=10)
    answer = await juliet.plugin["xep_0191"].get_blocked(timeout=10)
    blocked = [item.get("jid") for item in answer.xml.iter("{urn:xmpp:blocking}item")]
    check("tybalt@example.org" in blocked, "who is reported is blocked", blocked)

    card = romeo.plugin["xep_0054"].make_vcard()
    card["FN"] = "Romeo Montague"
    await romeo.plugin["xep_0054"].publish_vcard(card, timeout=10)
    answer = await juliet.plugin["xep_0054"].get_vcard(jid=us, cached=False, timeout=10)
    check(answer["vcard_temp"]["FN"] == "Romeo Montague", "others read the card", answer)

    kept = ET.Element("{exodus:prefs}exodus")
    ET.SubElement(kept, "{exodus:prefs}nick").text = "Hamlet"
    await romeo.plugin["xep_0049"].store(kept, timeout=10)
    answer = await ask_private(romeo)
    check(answer == "Hamlet", "private XML comes back", answer)

    answer = await romeo.plugin["xep_0202"].get_entity_time(options.domain, timeout=10)
    # The plugin reads no time that ends in Z, as all do.
    check("<utc>" in str(answer), "the server tells the time", str(answer))
    answer = await romeo.plugin["xep_0012"].get_last_activity(options.domain, local=False, timeout=10)
    check(int(answer["last_activity"]["seconds"]) >= 0, "and how long it has been running")
    await romeo.logout()
    await juliet.logout()


async def ask_private(client):
    iq = client.make_iq_get()
    iq.xml.append(ET.fromstring("<query xmlns='jabber:iq:private'><exodus xmlns='exodus:prefs'/></query>"))
    answer = await iq.send(timeout=10)
    return answer.xml.findtext("{jabber:iq:private}query/{exodus:prefs}exodus/{exodus:prefs}nick")


async def archive(romeo, juliet):
    us, them = romeo.boundjid.bare, juliet.boundjid.bare
    for number in range(25):
        romeo.send_message(mto=them, mbody=f"message {number}", mtype="chat")
        await juliet.expect("message", lambda message: message["body"] == f"message {number}")
    for person, other in ((romeo, them), (juliet, us)):
        bodies = []
        async for message in person.plugin["xep_0313"].iterate(with_jid=other, rsm={"max": 10}):
            bodies.append(message["mam_result"]["forwarded"]["stanza"]["body"])
        check(bodies == [f"message {number}" for number in range(25)],
              f"{person.boundjid.bare} pages through the whole conversation", bodies)
    bodies = []
    async for message in romeo.plugin["xep_0313"].iterate(reverse=True, rsm={"max": 5}, total=5):
        bodies.append(message["mam_result"]["forwarded"]["stanza"]["body"])
    check(sorted(bodies) == [f"message {number}" for number in range(20, 25)], "and from its end", bodies)


async def preferences(romeo, juliet):
    us, them = romeo.boundjid.bare, juliet.boundjid.bare
    plugin = romeo.plugin["xep_0441"]
    default, always, never = await plugin.get_preferences(timeout=10)
    check((default, len(always), len(never)) == ("always", 0, 0), "everything is archived", (default, always, never))
    await plugin.set_preferences("always", always=[], never=[them], timeout=10)
    default, always, never = await plugin.get_preferences(timeout=10)
    check((default, [str(jid) for jid in never]) == ("always", [them]), "but for what one does not want", never)
    juliet.send_message(mto=us, mbody="not for the archive", mtype="chat")
    await romeo.expect("message", lambda message: message["body"] == "not for the archive")
    for person, expected in ((romeo, "message 24"), (juliet, "not for the archive")):
        last = [message["mam_result"]["forwarded"]["stanza"]["body"]
                async for message in person.plugin["xep_0313"].iterate(reverse=True, rsm={"max": 1}, total=1)]
        check(last == [expected], f"the last of {person.boundjid.bare} is {expected!r}", last)
    await plugin.set_preferences("always", always=[], never=[], timeout=10)


async def blocking(romeo, juliet):
    us, them = romeo.boundjid.bare, juliet.boundjid.bare
    await juliet.plugin["xep_0191"].block([us], timeout=10)
    answer = await juliet.plugin["xep_0191"].get_blocked(timeout=10)
    blocked = [item.get("jid") for item in answer.xml.iter("{urn:xmpp:blocking}item")]
    check(blocked == [us], "the list names who is blocked", str(answer))
    romeo.send_message(mto=them, mbody="hello?", mtype="chat")
    error = await romeo.expect("message_error")
    check(error["error"]["condition"] == "service-unavailable", "who is blocked finds nobody", error)
    juliet.never("message", lambda message: message["body"] == "hello?")
    await juliet.plugin["xep_0191"].unblock([us], timeout=10)
    romeo.send_message(mto=them, mbody="again", mtype="chat")
    await juliet.expect("message", lambda message: message["body"] == "again")
    check(True, "and after that it is as before")


run(main, arguments(__doc__, accounts=2))
