// @xmpp/client over each of `services`: its connection breaks, and it comes back with a token and the session it had.

import { client, xml } from "@xmpp/client";
import ws from "ws";
import { check, next, options, run, soon, step } from "./steps.mjs";

// Node has one of its own since version 22.
globalThis.WebSocket ??= ws;

run(async () => {
  const [username, password] = options.accounts[0];
  for (const service of options.services) {
    const entity = client({ service, domain: options.domain, username, password, resource: "orchard" });
    entity.timeout = 20_000;
    entity.reconnect.delay = 100;
    const errors = [];
    entity.on("error", (error) => errors.push(error));
    let written = "";
    entity.on("send", (element) => { written += element.toString(); });
    await soon(entity.start(), `login over ${service}`);
    const address = entity.jid.toString();
    const login = written.slice(0, written.indexOf("</authenticate>")).replaceAll("'", '"');
    check(/<bind xmlns="urn:xmpp:bind:0">.*<enable xmlns="urn:xmpp:sm:3"/s.test(login), "management is asked for in the login", login);
    check(!written.slice(login.length).includes("<enable"), "and not once more");
    check(entity.streamManagement.enabled && entity.streamManagement.id, "and is on");
    const token = await entity.fast.fetchToken();
    check(token?.mechanism === "HT-SHA-256-NONE", "a token came with it", token?.mechanism);

    written = "";
    const resumed = next(entity.streamManagement, "resumed");
    // Without a word: a stream that is closed is the end of its session.
    const { socket } = entity;
    if (socket.destroy) socket.destroy();
    else socket.end();
    await resumed;
    const back = written.slice(0, written.indexOf("</authenticate>")).replaceAll("'", '"');
    check(back.includes('mechanism="HT-SHA-256-NONE"') && back.includes('<fast xmlns="urn:xmpp:fast:0"'), "it came back with the token", back);
    check(back.includes("<resume "), "and asked for its session in the login", back);
    check(entity.jid.toString() === address, "under the same address", entity.jid.toString());
    await soon(entity.iqCaller.get(xml("ping", "urn:xmpp:ping"), options.domain), "pong");
    step("the session goes on");
    await soon(entity.stop(), "end");
    check(errors.length === 0, `no errors over ${service}`, errors.map(String));
  }
});
