"""aioxmpp as a stock client: two people log in, add each other, chat, and go on over a connection that was cut."""

import socket

import aioxmpp

from aioxmpp_person import Person, soon
from steps import arguments, check, run, step


async def heard(person, text):
    message = await soon(person.messages.get(), f"message {text!r}")
    check(message.body.any() == text, f"{person.jid.localpart} hears {text!r}", message.body.any())
    return message


async def main(options):
    romeo = Person(options, options.accounts[0], "orchard")
    juliet = Person(options, options.accounts[1], "balcony")
    us, them = romeo.jid.bare(), juliet.jid.bare()
    async with romeo.client.connected() as stream, juliet.client.connected():
        step("both logged in over STARTTLS")
        info = await soon(romeo.disco.query_info(aioxmpp.JID.fromstr(options.domain)), "disco#info")
        check(any((i.category, i.type_) == ("server", "im") for i in info.identities), "the server says what it is")

        await soon(romeo.roster.set_entry(them, name="Juliet", add_to_groups={"Capulets"}), "roster")
        romeo.roster.subscribe(them)
        await soon(juliet.requests.get(), "subscription request")
        juliet.roster.approve(us)
        await soon(romeo.subscribed.get(), "approval")
        entry = romeo.roster.items[them]
        check(entry.name == "Juliet" and entry.groups == {"Capulets"}, "the roster has name and group", entry)

        await romeo.say(them, "But soft! <&> \u263e")
        message = await heard(juliet, "But soft! <&> \u263e")
        await juliet.say(message.from_, "Ay me!")
        await heard(romeo, "Ay me!")

        check(stream.sm_enabled, "stream management is on")
        for number in range(3):
            romeo.client.stream._xmlstream.transport.get_extra_info("socket").shutdown(socket.SHUT_RDWR)
            await juliet.say(romeo.jid, f"behind your back {number}")
            await romeo.say(juliet.jid, f"still here {number}")
            await heard(romeo, f"behind your back {number}")
            await heard(juliet, f"still here {number}")
        step("three cuts, and nothing was lost or came twice")
        await soon(romeo.roster.remove_entry(them), "removal")
    step("both logged out")


run(main, arguments(__doc__, accounts=2))
