"""A component from slixmpp behind the server, and a slixmpp client that talks with it."""

import asyncio

from steps import arguments, check, client_class, run, step


def component_class():
    import slixmpp

    class Component(slixmpp.ComponentXMPP):
        """Records what it sees; answers a message with the same words."""

        def __init__(self, domain, secret, host, port):
            super().__init__(domain, secret, host, port)
            self.auto_reconnect = False
            for plugin in ("xep_0030", "xep_0199"):
                self.register_plugin(plugin)
            self.seen = []
            self.ended = asyncio.Event()
            self.add_event_handler("message", self.answer)
            self.add_event_handler("disconnected", lambda _: self.ended.set())
            self.errors = []
            self.add_event_handler("stream_error", lambda error: self.errors.append(error["condition"]))

        def answer(self, message):
            self.seen.append(message)
            if message["type"] in ("chat", "normal"):
                self.send_message(mto=message["from"], mfrom=message["to"], mbody=f"you said {message['body']}",
                                  mtype="chat")

        async def join(self, seconds=10):
            done = asyncio.get_running_loop().create_future()
            self.add_event_handler("session_start", lambda _: done.done() or done.set_result(True))
            self.add_event_handler("disconnected", lambda _: done.done() or done.set_result(False))
            self.connect()
            return await asyncio.wait_for(done, seconds)

    return Component


async def items(client, domain):
    answer = await client.plugin["xep_0030"].get_items(jid=domain, timeout=10)
    return {item[0] for item in answer["disco_items"]["items"]}


async def main(options):
    Client, Component = client_class(), component_class()
    domain, secret = options.component.split(":", 1)
    romeo = await Client(options, options.accounts[0], "orchard").login()
    step("a client logs in")
    check(domain not in await items(romeo, options.domain), "a component that is away is not among the items")
    romeo.send_message(mto=f"echo@{domain}", mbody="hello?", mtype="chat")
    error = await romeo.expect("message_error")
    check(error["error"]["condition"] == "remote-server-timeout", "a message to it comes back", str(error))

    wrong = Component(domain, "not the secret", options.host, options.component_port)
    check(not await wrong.join(), "a wrong secret is refused")

    echo = Component(domain, secret, options.host, options.component_port)
    check(await echo.join(), "the component joins")
    check(domain in await items(romeo, options.domain), "it is among the items now")

    twice = Component(domain, secret, options.host, options.component_port)
    await twice.join()
    await asyncio.wait_for(twice.ended.wait(), 10)
    check("conflict" in twice.errors, "joining twice is refused with conflict", twice.errors)

    romeo.send_message(mto=f"echo@{domain}/x", mbody="wherefore", mtype="chat")
    answer = await romeo.expect("message", lambda message: message["type"] == "chat")
    check(answer["body"] == "you said wherefore", "it answers a message", str(answer))
    check(answer["from"].full == f"echo@{domain}/x", "from the address that was written to", str(answer["from"]))
    await romeo.plugin["xep_0199"].ping(domain, timeout=10)
    step("it answers a ping")
    info = await romeo.plugin["xep_0030"].get_info(jid=domain, timeout=10)
    check("urn:xmpp:ping" in info["disco_info"]["features"], "and says what it can")
    await echo.plugin["xep_0199"].ping(options.domain, ifrom=f"echo@{domain}", timeout=10)
    step("the server answers its ping")
    await echo.plugin["xep_0199"].ping(romeo.boundjid.full, ifrom=domain, timeout=10)
    step("the client answers its ping")

    echo.send_message(mto=romeo.boundjid.bare, mfrom="nobody@elsewhere.example", mbody="forged")
    await asyncio.wait_for(echo.ended.wait(), 10)
    check("invalid-from" in echo.errors, "a foreign sender ends its stream", echo.errors)
    romeo.never("message", lambda message: message["body"] == "forged")
    await asyncio.sleep(0.2)
    check(domain not in await items(romeo, options.domain), "gone, it is not among the items any more")
    await romeo.logout()


if __name__ == "__main__":
    run(main, arguments(__doc__, 1))
