"""Two clients of one account: each sees what the other receives and sends (XEP-0280), and holds back for who does not look (XEP-0352)."""

from steps import arguments, check, client_class, run, step


async def main(options):
    Client = client_class()
    romeo, juliet = options.accounts[:2]
    desk = Client(options, romeo, "desk")
    phone = Client(options, romeo, "phone")
    friend = Client(options, juliet, "balcony")
    for client in (desk, phone):
        client.register_plugin("xep_0280")
        client.register_plugin("xep_0352")
        for event in ("carbon_received", "carbon_sent"):
            client.add_event_handler(event, lambda data, client=client, event=event: client._note(event, data))
    for client in (desk, phone, friend):
        await client.login()
        client.send_presence(ppriority=5 if client is desk else 1)
        await client.expect("presence_available", lambda data: data["from"] == client.boundjid)
    info = await phone["xep_0030"].get_info(jid=options.domain, timeout=10)
    check("urn:xmpp:carbons:2" in info["disco_info"]["features"], "the server announces copies")
    for client in (desk, phone):
        await client["xep_0280"].enable(timeout=10)
    step("both clients want copies")

    friend.send_message(mto=desk.boundjid.full, mbody="Good even to thee", mtype="chat")
    message = await desk.expect("message")
    check(message["body"] == "Good even to thee", "the message comes to whom it was sent")
    carbon = await phone.expect("carbon_received")
    copy = carbon["carbon_received"]
    check(copy["body"] == "Good even to thee" and copy["from"] == friend.boundjid and copy["to"] == desk.boundjid,
          "the other client sees what one receives", str(carbon))
    check(carbon["from"] == desk.boundjid.bare, "from the account itself", carbon["from"])

    phone.send_message(mto=friend.boundjid.bare, mbody="And to thee", mtype="chat")
    message = await friend.expect("message")
    check(message["body"] == "And to thee", "the answer arrives")
    carbon = await desk.expect("carbon_sent")
    check(carbon["carbon_sent"]["body"] == "And to thee" and carbon["carbon_sent"]["from"] == phone.boundjid,
          "the other client sees what one sends", str(carbon))
    phone.never("carbon_sent")
    desk.never("carbon_received")

    await phone["xep_0280"].disable(timeout=10)
    friend.send_message(mto=desk.boundjid.full, mbody="A word", mtype="chat")
    await desk.expect("message")
    await phone["xep_0199"].ping(options.domain, timeout=10)
    phone.never("carbon_received")
    step("who wants no copies any more gets none")

    phone["xep_0352"].send_inactive()
    await phone["xep_0199"].ping(options.domain, timeout=10)
    friend.send_presence(pto=phone.boundjid.full, pstatus="first")
    friend.send_presence(pto=phone.boundjid.full, pstatus="second")
    friend.send_message(mto=phone.boundjid.full, mbody="Look!", mtype="chat")
    await phone.expect("message", lambda data: data["body"] == "Look!")
    check([data["status"] for name, data in phone.seen if data["from"] == friend.boundjid] == ["second"],
          "who does not look gets the latest presence only, with what cannot wait", [str(data) for name, data in phone.seen])
    for client in (friend, phone, desk):
        await client.logout()


run(main, arguments(__doc__, 2), 60)
