"""A call between two people, one of whom has two devices: what helps it through is asked for (XEP-0215), it rings on both (XEP-0353), one takes
it, and all of its setting up (XEP-0166, XEP-0167, XEP-0176) comes to that one, as it was sent. One that nobody takes, and one that is not there."""

from steps import arguments, check, client_class, run, step

JINGLE = "urn:xmpp:jingle:1"
RTP = "urn:xmpp:jingle:apps:rtp:1"
ICE = "urn:xmpp:jingle:transports:ice-udp:1"
EXTERNAL = "urn:xmpp:extdisco:2"
WORDS = ("propose", "retract", "accept", "proceed", "reject")

VOICE = f"""<content creator='initiator' name='voice' senders='both'><description xmlns='{RTP}' media='audio'>
 <payload-type id='96' name='opus' clockrate='48000' channels='2'><parameter name='useinbandfec' value='1'/>
 <rtcp-fb xmlns='urn:xmpp:jingle:apps:rtp:rtcp-fb:0' type='nack'/></payload-type><rtcp-mux/>
 <rtp-hdrext xmlns='urn:xmpp:jingle:apps:rtp:rtp-hdrext:0' id='1' uri='urn:ietf:params:rtp-hdrext:ssrc-audio-level'/></description>
 <transport xmlns='{ICE}' pwd='asd88fgpdd777uzjYhagZg' ufrag='8hhy'><fingerprint xmlns='urn:xmpp:jingle:apps:dtls:0' hash='sha-256'
 setup='actpass'>02:1A:CC:54:27:AB</fingerprint></transport></content><group xmlns='urn:xmpp:jingle:apps:grouping:0' semantics='BUNDLE'>
 <content name='voice'/></group>"""
CANDIDATE = f"""<content creator='initiator' name='voice'><transport xmlns='{ICE}' pwd='asd88fgpdd777uzjYhagZg' ufrag='8hhy'>
 <candidate component='1' foundation='1' generation='0' id='x1' ip='192.0.2.1' network='1' port='8998' priority='2130706431' protocol='udp'
 type='host'/></transport></content>"""


async def start(client):
    """Logs in and listens: to what is said of calls, and to what sets them up, which it takes."""
    from slixmpp.xmlstream.handler import Callback
    from slixmpp.xmlstream.matcher import MatchXPath
    client.register_plugin("xep_0353")
    for word in WORDS:
        client.add_event_handler(f"jingle_message_{word}", lambda message, word=word: client._note(word, message))

    def heard(iq):
        client._note("jingle", iq)
        iq.reply().send()
    client.register_handler(Callback("Jingle", MatchXPath(f"{{jabber:client}}iq/{{{JINGLE}}}jingle"), heard))
    await client.login()
    client.send_presence()
    await client.expect("presence_available", lambda data: data["from"] == client.boundjid)


async def external(client):
    """Which services there are for calls."""
    from slixmpp.xmlstream import ET
    iq = client.make_iq_get(ito=client.boundjid.domain)
    iq.append(ET.Element(f"{{{EXTERNAL}}}services", {"type": "turn"}))
    answer = await iq.send(timeout=10)
    found = answer.xml.find(f"{{{EXTERNAL}}}services/{{{EXTERNAL}}}service")
    check(found is not None and found.get("username") and found.get("password") and found.get("expires"),
          "what helps a call through is told, with a password that ends", str(answer))
    return found


async def ring(caller, devices, sid):
    caller["xep_0353"].propose(caller.other, sid, [(RTP, "audio"), (RTP, "video")])
    for device in devices:
        rings = await device.expect("propose", lambda data: data["jingle_propose"]["id"] == sid)
        check(rings["from"] == caller.boundjid and rings["jingle_propose"]["descriptions"] == [(RTP, "audio"), (RTP, "video")],
              f"it rings on {device.boundjid.resource}", str(rings))


async def conversation(caller, callee):
    """Everything that a session is made of, sent from client to client."""
    from slixmpp.xmlstream import ET
    for sender, receiver, action, content in (
            (caller, callee, "session-initiate", VOICE),
            (callee, caller, "session-info", "<ringing xmlns='urn:xmpp:jingle:apps:rtp:info:1'/>"),
            (caller, callee, "transport-info", CANDIDATE),
            (callee, caller, "transport-info", CANDIDATE),
            (callee, caller, "session-accept", VOICE),
            (caller, callee, "session-info", "<mute xmlns='urn:xmpp:jingle:apps:rtp:info:1' creator='initiator' name='voice'/>"),
            (callee, caller, "session-terminate", "<reason><success/><text>Sorry, gotta go!</text></reason>")):
        role = "initiator" if action == "session-initiate" else "responder"
        sent = ET.fromstring(f"<jingle xmlns='{JINGLE}' action='{action}' sid='c1' {role}='{sender.boundjid}'>{content}</jingle>")
        iq = sender.make_iq_set(ito=receiver.boundjid)
        iq.append(sent)
        answer = await iq.send(timeout=10)
        got = await receiver.expect("jingle")
        check(got["from"] == sender.boundjid and got["to"] == receiver.boundjid and got["id"] == iq["id"]
              and ET.canonicalize(ET.tostring(got.xml.find(f"{{{JINGLE}}}jingle"))) == ET.canonicalize(ET.tostring(sent))
              and answer["from"] == receiver.boundjid, f"{action} arrives as it was sent, and is acknowledged", str(got))


async def main(settings):
    from slixmpp.exceptions import IqError
    from slixmpp.xmlstream import ET
    Client = client_class()
    romeo, juliet = settings.accounts[:2]
    caller = Client(settings, romeo, "orchard")
    balcony, chamber = Client(settings, juliet, "balcony"), Client(settings, juliet, "chamber")
    for client in (caller, balcony, chamber):
        await start(client)
    caller.other, balcony.other = balcony.boundjid.bare, caller.boundjid.bare
    first, again = await external(caller), await external(balcony)
    check(first.get("username") != again.get("username") and first.get("password") != again.get("password"), "to each a password of its own")

    await ring(caller, (balcony, chamber), "c1")
    balcony["xep_0353"].accept(balcony.boundjid.bare, "c1")
    taken = await chamber.expect("accept")
    check(taken["from"] == balcony.boundjid and taken["jingle_accept"]["id"] == "c1", "the other device hears that one has taken it", str(taken))
    balcony["xep_0353"].proceed(caller.boundjid, "c1")
    proceed = await caller.expect("proceed")
    check(proceed["from"] == balcony.boundjid and proceed["jingle_proceed"]["id"] == "c1", "and the caller, who", str(proceed))
    await conversation(caller, balcony)
    chamber.never("jingle")

    await ring(caller, (balcony, chamber), "c2")
    caller["xep_0353"].retract(caller.other, "c2")
    for device in (balcony, chamber):
        await device.expect("retract", lambda data: data["jingle_retract"]["id"] == "c2")
    step("who calls gives up, and it is quiet on both")
    await ring(caller, (balcony, chamber), "c3")
    chamber["xep_0353"].reject(caller.boundjid, "c3")
    refused = await caller.expect("reject")
    check(refused["from"] == chamber.boundjid, "one does not want to", str(refused))

    await chamber.logout()
    iq = caller.make_iq_set(ito=chamber.boundjid)
    iq.append(ET.fromstring(f"<jingle xmlns='{JINGLE}' action='session-info' sid='c3'/>"))
    try:
        await iq.send(timeout=10)
        raise AssertionError("a device that is gone answers")
    except IqError as error:
        check(error.condition == "service-unavailable", "a device that is gone does not answer", error.condition)
    for client in (balcony, caller):
        await client.logout()


run(main, arguments(__doc__, 2), 60)
