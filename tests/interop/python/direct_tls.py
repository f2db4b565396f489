"""Two people over direct TLS (XEP-0368): log in, talk, leave."""

from steps import arguments, check, client_class, run, step


async def main(options):
    Client = client_class()
    sessions = []
    for account, resource in zip(options.accounts[:2], ("orchard", "balcony")):
        client = Client(options, account, resource)
        client.enable_direct_tls = True
        client.enable_starttls = False
        client.enable_plaintext = False
        sessions.append(await client.login())
        check("starttls" not in client.features, f"{account[0]} is encrypted before anything is said")
    romeo, juliet = sessions
    await romeo.plugin["xep_0199"].ping(options.domain, timeout=10)
    step("the server answers a ping")
    romeo.send_message(mto=juliet.boundjid.full, mbody="But soft! <&> \u263e", mtype="chat")
    message = await juliet.expect("message")
    check(message["body"] == "But soft! <&> \u263e", "a message arrives as it was written", message["body"])
    for client in sessions:
        await client.logout()
    step("both logged out")


run(main, arguments(__doc__, 2), 50)
