// @xmpp/client over the first of `services`, with stanzas by hand as its users write them: a room and its archive, a node of the
// service for nodes, what an account publishes for its contacts, the account's own archive, and a file left on the server.

import { createHash } from "node:crypto";
import { client, xml } from "@xmpp/client";
import { check, next, options, run, soon, step } from "./steps.mjs";

const MUC = "http://jabber.org/protocol/muc";
const PUBSUB = "http://jabber.org/protocol/pubsub";
const CAPS = "http://jabber.org/protocol/caps";
const DISCO = "http://jabber.org/protocol/disco#info";
const UPLOAD = "urn:xmpp:http:upload:0";
const TUNE = "http://jabber.org/protocol/tune";
const CLIENT = "https://example.org/xmpp.js";

async function login([username, password], resource) {
  const entity = client({ service: options.services[0], domain: options.domain, username, password, resource });
  entity.reconnect.stop();
  entity.timeout = 20_000;
  entity.on("error", (error) => { console.log(String(error)); });
  await soon(entity.start(), "login");
  // What it wants to hear of, and the digest of that (XEP-0115).
  const features = [CAPS, DISCO, `${TUNE}+notify`];
  const digest = createHash("sha1").update(["client/pc//xmpp.js", ...[...features].sort()].map((part) => `${part}<`).join("")).digest("base64");
  entity.iqCallee.get(DISCO, "query", ({ element }) => xml("query", { xmlns: DISCO, node: element.attrs.node },
    xml("identity", { category: "client", type: "pc", name: "xmpp.js" }),
    ...features.map((feature) => xml("feature", { var: feature }))));
  const heard = next(entity, "stanza", (stanza) => stanza.is("presence") && stanza.attrs.from === entity.jid.toString());
  await entity.send(xml("presence", {}, xml("c", { xmlns: CAPS, hash: "sha-1", node: CLIENT, ver: digest })));
  await heard;
  return entity;
}

const message = (entity, condition) => next(entity, "stanza", (stanza) => stanza.is("message") && condition(stanza));

/** Asks, and gives the answer's payload; its own account where nobody is named. */
async function ask(entity, type, to, child) {
  const answer = await soon(entity.iqCaller.request(xml("iq", to ? { type, to } : { type }, child)), "answer");
  return answer.getChildElements()[0];
}
const get = (entity, to, child) => ask(entity, "get", to, child);
const set = (entity, to, child) => ask(entity, "set", to, child);

/** The messages of an archive, oldest first. */
async function archived(entity, to) {
  const results = [];
  const listener = (stanza) => {
    const result = stanza.getChild("result", "urn:xmpp:mam:2");
    if (result) results.push(result.getChild("forwarded", "urn:xmpp:forward:0").getChild("message"));
  };
  entity.on("stanza", listener);
  const query = xml("query", { xmlns: "urn:xmpp:mam:2" }, xml("set", { xmlns: "http://jabber.org/protocol/rsm" }, xml("max", {}, "50")));
  const end = await set(entity, to, query);
  entity.removeListener("stanza", listener);
  check(end.is("fin", "urn:xmpp:mam:2") && end.attrs.complete === "true", "the archive is given to its end");
  return results;
}

const enter = (entity, occupant, since = []) => entity.send(xml("presence", { to: occupant }, xml("x", { xmlns: MUC }, ...since)));

async function room(romeo, juliet) {
  const address = `orchard@conference.${options.domain}`;
  const inside = (nick, code) => (stanza) => stanza.is("presence") && stanza.attrs.from === `${address}/${nick}`
    && stanza.getChild("x", `${MUC}#user`)?.getChildren("status").some((status) => status.attrs.code === code);
  const made = next(romeo, "stanza", inside("Romeo", "201"));
  await enter(romeo, `${address}/Romeo`);
  await made;
  const form = (await get(romeo, address, xml("query", `${MUC}#owner`))).getChild("x", "jabber:x:data");
  check(form.getChildren("field").some((field) => field.attrs.var === "muc#roomconfig_persistentroom"), "the owner of a new room is shown its form");
  await set(romeo, address, xml("query", `${MUC}#owner`, xml("x", { xmlns: "jabber:x:data", type: "submit" },
    xml("field", { var: "FORM_TYPE" }, xml("value", {}, `${MUC}#roomconfig`)),
    xml("field", { var: "muc#roomconfig_persistentroom" }, xml("value", {}, "1")))));
  const heard = message(romeo, (stanza) => stanza.getChildText("body") === "he jests at scars");
  await romeo.send(xml("message", { to: address, type: "groupchat", id: "one" }, xml("body", {}, "he jests at scars")));
  const own = await heard;
  check(own.attrs.from === `${address}/Romeo` && own.attrs.id === "one" && own.getChild("stanza-id", "urn:xmpp:sid:0"), "what is said comes back, with the id of the archive", own.toString());

  const entered = next(juliet, "stanza", inside("Juliet", "110"));
  const history = message(juliet, (stanza) => stanza.getChildText("body") === "he jests at scars" && stanza.getChild("delay", "urn:xmpp:delay"));
  const subject = message(juliet, (stanza) => stanza.getChild("subject") && !stanza.getChild("body"));
  await enter(juliet, `${address}/Juliet`, [xml("history", { maxstanzas: "5" })]);
  await entered;
  await history;
  await subject;
  step("who enters is given what was said, and the subject");
  const answer = message(romeo, (stanza) => stanza.getChildText("body") === "ay me \u263e <&>");
  await juliet.send(xml("message", { to: address, type: "groupchat" }, xml("body", {}, "ay me \u263e <&>")));
  check((await answer).attrs.from === `${address}/Juliet`, "both talk");
  const bodies = (await archived(juliet, address)).map((stanza) => stanza.getChildText("body"));
  check(bodies.join("|") === "he jests at scars|ay me \u263e <&>", "and find it in the room's archive", bodies);
}

async function nodes(romeo, juliet) {
  const service = `pubsub.${options.domain}`;
  const pubsub = (...children) => xml("pubsub", { xmlns: PUBSUB }, ...children);
  await set(romeo, service, pubsub(xml("create", { node: "verses" })));
  const bare = juliet.jid.bare().toString();
  await set(juliet, service, pubsub(xml("subscribe", { node: "verses", jid: bare })));
  const event = message(juliet, (stanza) => stanza.attrs.from === service && stanza.getChild("event"));
  const verse = xml("entry", { xmlns: "http://www.w3.org/2005/Atom" }, xml("title", {}, "what light"));
  await set(romeo, service, pubsub(xml("publish", { node: "verses" }, xml("item", { id: "v1" }, verse))));
  const item = (await event).getChild("event").getChild("items").getChild("item");
  check(item.attrs.id === "v1" && item.getChild("entry").getChildText("title") === "what light", "who subscribes to a node hears of what is published", item.toString());
  const items = await get(juliet, service, pubsub(xml("items", { node: "verses" })));
  check(items.getChild("items").getChildren("item").length === 1, "and can read it later");
}

async function events(romeo, juliet) {
  // Contacts first: one asks, the other allows it.
  const asked = next(romeo, "stanza", (stanza) => stanza.is("presence") && stanza.attrs.type === "subscribe");
  await juliet.send(xml("presence", { to: romeo.jid.bare().toString(), type: "subscribe" }));
  const there = next(juliet, "stanza", (stanza) => stanza.is("presence") && stanza.attrs.from === romeo.jid.toString());
  await asked;
  await romeo.send(xml("presence", { to: juliet.jid.bare().toString(), type: "subscribed" }));
  await there;
  const event = message(juliet, (stanza) => stanza.getChild("event")?.getChild("items")?.attrs.node === TUNE);
  await set(romeo, undefined, xml("pubsub", { xmlns: PUBSUB }, xml("publish", { node: TUNE },
    xml("item", { id: "current" }, xml("tune", { xmlns: TUNE }, xml("title", {}, "Greensleeves"))))));
  const heard = await event;
  check(heard.attrs.from === romeo.jid.bare().toString()
    && heard.getChild("event").getChild("items").getChild("item").getChild("tune").getChildText("title") === "Greensleeves", "a contact hears what an account publishes", heard.toString());
  const spoken = message(juliet, (stanza) => stanza.getChildText("body") === "good night");
  await romeo.send(xml("message", { to: juliet.jid.bare().toString(), type: "chat" }, xml("body", {}, "good night")));
  await spoken;
  const bodies = (await archived(juliet)).map((stanza) => stanza.getChildText("body"));
  check(bodies.includes("good night"), "what is said to an account is in its archive", bodies);
}

async function upload(romeo) {
  const service = `upload.${options.domain}`;
  const info = await get(romeo, service, xml("query", DISCO));
  check(info.getChildren("feature").some((feature) => feature.attrs.var === UPLOAD), "the service for files says what it is");
  const file = Buffer.from("a rose by any other name \u263e ".repeat(5000));
  const slot = await get(romeo, service, xml("request", { xmlns: UPLOAD, filename: "rose.txt", size: file.length, "content-type": "text/plain" }));
  const put = slot.getChild("put");
  const headers = Object.fromEntries(put.getChildren("header").map((header) => [header.attrs.name, header.text()]));
  const stored = await fetch(put.attrs.url, { method: "PUT", body: file, headers: { ...headers, "Content-Type": "text/plain" } });
  check(stored.status === 201, "a file is left there", stored.status);
  const answer = await fetch(slot.getChild("get").attrs.url);
  check(answer.status === 200 && Buffer.from(await answer.arrayBuffer()).equals(file), "and read again, octet for octet", answer.status);
  const large = await get(romeo, service, xml("request", { xmlns: UPLOAD, filename: "all.txt", size: "1000000000000" })).catch((error) => error);
  check(large.condition === "not-acceptable" && large.element.getChild("file-too-large", UPLOAD), "one that is too large has no place", String(large));
}

run(async () => {
  const [first, second] = options.accounts;
  const romeo = await login(first, "orchard");
  const juliet = await login(second, "balcony");
  await room(romeo, juliet);
  await nodes(romeo, juliet);
  await events(romeo, juliet);
  await upload(romeo);
  for (const entity of [romeo, juliet]) await soon(entity.stop(), "end");
});
