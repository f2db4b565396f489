// @xmpp/client over each of `services`: log in, ask, talk, leave.

import { client, xml } from "@xmpp/client";
import ws from "ws";
import { check, next, options, run, soon, step } from "./steps.mjs";

// Node has one of its own since version 22.
globalThis.WebSocket ??= ws;

const login = async (service, [username, password], resource) => {
  const entity = client({ service, domain: options.domain, username, password, resource });
  entity.reconnect.stop();
  entity.timeout = 20_000;
  let failed;
  const failure = new Promise((_, reject) => { failed = reject; });
  entity.on("error", (error) => failed(error));
  failure.catch(() => {});
  const address = await soon(Promise.race([entity.start(), failure]), `login over ${service}`);
  // What it asks for as a resource is the tag that Bind 2 puts before one of its own (XEP-0386).
  const wanted = `${username}@${options.domain}/${resource}/`;
  check(address.toString().startsWith(wanted), `logged in over ${service}`, address.toString());
  return entity;
};

run(async () => {
  const [romeo, juliet] = options.accounts;
  for (const service of options.services) {
    const first = await login(service, romeo, "orchard");
    const second = await login(service, juliet, "balcony");
    await second.send(xml("presence"));
    const answer = await soon(first.iqCaller.get(xml("ping", "urn:xmpp:ping"), options.domain), "pong");
    check(answer === undefined || answer.name === "ping" || answer, "the server answers a ping");
    const text = "But soft! <&> \u2014 \u263e " + "x".repeat(20_000);
    const heard = next(second, "stanza", (stanza) => stanza.is("message") && stanza.getChild("body"));
    await first.send(xml("message", { type: "chat", to: second.jid.toString() }, xml("body", {}, text)));
    const message = await heard;
    check(message.getChildText("body") === text, "a message arrives as it was written", message.toString().slice(0, 300));
    check(message.attrs.from === first.jid.toString(), "with its sender", message.attrs.from);
    await soon(first.stop(), "end of the first session");
    await soon(second.stop(), "end of the second session");
    step(`both left over ${service}`);
  }
});
