"""Logs in with a certificate in place of a password (SASL EXTERNAL)."""

import sys
from pathlib import Path

from steps import arguments, check, client_class, run, step


def taken(name):
    """An option of this script alone, taken off the command line."""
    index = sys.argv.index(name)
    value = Path(sys.argv[index + 1])
    del sys.argv[index:index + 2]
    return value


SHOWN, STRANGER = taken("--shown"), taken("--stranger")


async def main(options):
    Client = client_class()
    name = options.accounts[0][0]

    def client(folder):
        made = Client(options, (name, "no password"), "orchard", mechanism="EXTERNAL")
        made.certfile, made.keyfile = str(folder / "cert.pem"), str(folder / "key.pem")
        return made

    romeo = await client(SHOWN).login()
    check(romeo.boundjid.bare == f"{name}@{options.domain}", "logged in by certificate", romeo.boundjid)
    await romeo["xep_0199"].ping(options.domain, timeout=10)
    await romeo.logout()
    try:
        await client(STRANGER).login(seconds=5)
    except (AssertionError, TimeoutError):
        step("another domain's address opens nothing")
    else:
        raise AssertionError("a certificate for another domain lets in")


run(main, arguments(__doc__, 1), 60)
