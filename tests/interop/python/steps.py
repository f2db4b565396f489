"""What the scripts of this folder share: command line, steps, a slixmpp client that records what it sees."""

import argparse
import asyncio
import logging
import sys
import traceback
from pathlib import Path


def arguments(description, accounts, more=lambda parser: None):
    """The options every script takes, and `more`. `--account name:password` once for each of `accounts`."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--host", default="127.0.0.1", help="address to connect to")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--domain", required=True, help="domain of the accounts")
    parser.add_argument("--ca", required=True, help="file with the server's certificate")
    parser.add_argument("--account", action="append", default=[], metavar="NAME:PASSWORD")
    parser.add_argument("--server-name", default=None, help="name expected in XEP-0092's answer")
    parser.add_argument("--allow", action="append", default=[], metavar="CASE=CONDITION",
                        help="a known deviation of the server under test")
    parser.add_argument("--patience", type=float, default=10, help="seconds after which silence is an answer")
    parser.add_argument("--component", metavar="DOMAIN:SECRET", help="a component that the server lets join")
    parser.add_argument("--component-port", type=int, help="where components connect")
    parser.add_argument("--other", metavar="PORT:DOMAIN:CA:NAME:PASSWORD", help="an account of another server")
    parser.add_argument("--told", action="store_true", help="push notifications say who wrote what")
    parser.add_argument("--debug", action="store_true", help="print the stanzas")
    more(parser)
    options = parser.parse_args()
    options.allow = dict(entry.split("=", 1) for entry in options.allow)
    options.accounts = [tuple(entry.split(":", 1)) for entry in options.account]
    if len(options.accounts) < accounts:
        parser.error(f"{accounts} accounts are needed")
    logging.basicConfig(level=logging.DEBUG if options.debug else logging.CRITICAL)
    return options


def step(text):
    """Reports one thing that was seen to work."""
    print(f"ok  {text}", flush=True)


def check(condition, text, found=None):
    """One expectation: reported when it holds, ends the script when it does not."""
    if not condition:
        raise AssertionError(text if found is None else f"{text}; found {found!r}")
    step(text)


def run(main, options, seconds=90):
    """Runs the script's coroutine; the last line says how it went, and so does the exit status."""
    try:
        asyncio.run(asyncio.wait_for(main(options), seconds))
    except BaseException:
        traceback.print_exc()
        print("failed", flush=True)
        sys.exit(1)
    print("passed", flush=True)


def client_class():
    """slixmpp's client with what the scripts need; made late, because slixmpp is not needed by all of them."""
    import slixmpp

    class Client(slixmpp.ClientXMPP):
        """Stays silent after the bind, so that each script says itself when roster and presence go out."""

        def __init__(self, options, account, resource, mechanism="SCRAM-SHA-256"):
            name, password = account
            address = name if "@" in name else f"{name}@{options.domain}"
            super().__init__(f"{address}/{resource}", password, sasl_mech=mechanism)
            self.options = options
            self.ca_certs = Path(options.ca)
            self.enable_direct_tls = False
            self.auto_authorize = None
            self.auto_subscribe = False
            self.auto_reconnect = False
            for plugin in ("xep_0030", "xep_0092", "xep_0199", "xep_0203"):
                self.register_plugin(plugin)
            self.seen = []
            self.changed = asyncio.Event()
            for event in ("message", "message_error", "roster_update", "presence_available", "presence_unavailable", "presence_away",
                          "presence_subscribe", "presence_subscribed", "presence_unsubscribe",
                          "presence_unsubscribed", "presence_error", "disconnected", "failed_auth"):
                self.add_event_handler(event, lambda data, event=event: self._note(event, data))

        def _note(self, event, data):
            self.seen.append((event, data))
            self.changed.set()

        async def expect(self, event, condition=lambda data: True, seconds=10):
            """The first `event` recorded that meets the condition; taken out of the record."""
            async def wait():
                while True:
                    for index, (name, data) in enumerate(self.seen):
                        if name == event and condition(data):
                            del self.seen[index]
                            return data
                    self.changed.clear()
                    await self.changed.wait()
            try:
                return await asyncio.wait_for(wait(), seconds)
            except asyncio.TimeoutError:
                seen = "\n".join(f"  {name}: {data}" for name, data in self.seen)
                raise AssertionError(f"{self.boundjid}: no {event} within {seconds} s; seen:\n{seen}") from None

        def never(self, event, condition=lambda data: True):
            """Says that no such event has been recorded."""
            found = [str(data) for name, data in self.seen if name == event and condition(data)]
            if found:
                raise AssertionError(f"{self.boundjid}: unexpected {event}: {found}")

        async def login(self, seconds=20):
            """Connects, negotiates, binds."""
            loop = asyncio.get_running_loop()
            done = loop.create_future()

            def finish(result):
                if not done.done():
                    done.set_result(result)
            self.add_event_handler("session_start", lambda _: finish(None))
            self.add_event_handler("failed_all_auth", lambda _: finish("authentication refused"))
            self.add_event_handler("connection_failed", lambda reason: finish(f"connection failed: {reason}"))
            self.add_event_handler("ssl_invalid_chain", lambda reason: finish(f"certificate: {reason}"))
            self.connect(self.options.host, self.options.port)
            result = await asyncio.wait_for(done, seconds)
            if result is not None:
                raise AssertionError(f"{self.requested_jid}: {result}")
            return self

        async def logout(self):
            """Unavailable presence, then the end of the stream."""
            await self.disconnect(wait=1.0)

    return Client
