// Converse.js in Chromium, two people in a room: it is made and configured, somebody is invited, they talk, set a topic, leave a
// picture on the server, take back what was said, find all of it after a reload, and one is kicked. What they see is kept as pictures.

import { check, options, run, step } from "./steps.mjs";
import { inBrowser, Person, png } from "./converse_page.mjs";

const NAME = "Verona Square";
const MOON = [30, 90, 210];
const FACE = [200, 30, 60];

/** Opens the menu of the room and takes an entry of it. */
async function menu(person, entry) {
  await person.click("converse-muc-heading converse-dropdown button");
  await person.click(`converse-muc-heading .${entry}`);
}

/** By name alone: the client looks where rooms are, asks for the form and sends it in. */
async function make(romeo) {
  await romeo.click("converse-rooms-list converse-dropdown button");
  await romeo.click(".show-add-muc-modal");
  await romeo.locator("form.add-chatroom input[name=chatroom]").fill(NAME);
  await romeo.locator("form.add-chatroom input[name=nickname]").fill("Romeo");
  await romeo.click("form.add-chatroom input[type=submit]");
  await romeo.sees("converse-muc-heading .chatbox-title__text", NAME);
  await romeo.sees(".occupant-list .occupant-nick", "Romeo");
  step("a room is made with a name");
  await menu(romeo, "configure-chatroom-button");
  const form = "converse-muc-config-modal form";
  // What is shown is what it sends in, whatever the owner had in mind.
  const chosen = (field) => romeo.locator(`${form} select[name="muc#roomconfig_${field}"]`)
    .evaluate((select) => [...select.selectedOptions].map((option) => option.textContent.trim()).join(" "));
  const found = [await chosen("maxusers"), await chosen("presencebroadcast"), (await chosen("getmemberlist")).length > 0];
  check(JSON.stringify(found) === '["none","moderator participant visitor",true]', "what holds now is what the form shows", found);
  await romeo.locator(`${form} [name="muc#roomconfig_roomdesc"]`).fill("Where the feud is");
  await romeo.locator(`${form} [name="muc#roomconfig_persistentroom"]`).check();
  await romeo.picture("room-form");
  await romeo.click(`${form} input[type=submit]`);
  await romeo.locator(form).waitFor({ state: "hidden" });
  await menu(romeo, "show-muc-details-modal");
  await romeo.sees("converse-muc-details-modal", "Where the feud is");
  await romeo.sees("converse-muc-details-modal", "Persistent");
  await romeo.page.keyboard.press("Escape");
  step("and configured");
}

/** One is invited, and comes in; whom others know by nickname alone they see all the same. */
async function invite(romeo, juliet) {
  await juliet.setPicture(FACE);
  await romeo.click(".occupants-header converse-dropdown button");
  await romeo.click(".open-invite-modal");
  await romeo.locator("converse-muc-invite-modal input[name=invitee_jids]").fill(juliet.address);
  await romeo.locator("converse-muc-invite-modal textarea[name=reason]").fill("the nurse may come too");
  await romeo.click("converse-muc-invite-modal input[type=submit]");
  await juliet.sees("converse-confirm-modal", "the nurse may come too");
  await juliet.click("converse-confirm-modal button[type=submit]");
  await juliet.locator("converse-muc-nickname-form input[name=nick]").fill("Juliet");
  await juliet.click("converse-muc-nickname-form input[type=submit]");
  for (const person of [romeo, juliet]) {
    for (const nick of ["Romeo", "Juliet"]) await person.sees(".occupant-list .occupant-nick", nick);
  }
  await romeo.seesColour(".occupant-list converse-avatar[name=Juliet] image", FACE);
  step("one invites, the other comes in, and both see who is there, with a picture");
}

async function talk(romeo, juliet) {
  await romeo.says("by yonder blessed moon I swear");
  await juliet.hears("by yonder blessed moon I swear");
  await juliet.says("swear not by the moon \u263e <&>");
  await romeo.hears("swear not by the moon \u263e <&>");
  await romeo.says("/topic The moon, and who swears by it");
  for (const person of [romeo, juliet]) await person.sees(".chat-head__desc", "The moon, and who swears by it");
  step("they talk, and see the topic");
}

/** With the button for it: to the server, and its address to the room, where everybody is shown it. */
async function leavePicture(romeo, juliet) {
  await juliet.sees("converse-chat-toolbar button[title='Choose a file to send']");
  await juliet.locator("converse-chat-toolbar input.fileupload").setInputFiles({ name: "the moon.png", mimeType: "image/png", buffer: png(MOON, 200) });
  for (const person of [juliet, romeo]) await person.seesColour(".chat-msg__body .chat-image", MOON);
  step("a picture is left on the server, and shown to both");
}

/** The entry of the menu that a message has. */
async function retract(person, text) {
  const message = person.locator(".chat-msg", { hasText: text });
  await message.hover();
  await message.locator("converse-message-actions converse-dropdown button").first().click();
  await message.locator(".chat-msg__action-retract").click();
}

async function moderate(romeo, juliet) {
  await juliet.says("buy magic potions");
  await romeo.hears("buy magic potions");
  await retract(romeo, "buy magic potions");
  await romeo.locator("converse-confirm-modal input[type=text]").fill("no trade here");
  await romeo.click("converse-confirm-modal button[type=submit]");
  for (const person of [romeo, juliet]) {
    await person.sees(".chat-msg--retracted .retraction", "Romeo has removed a message");
    await person.sees(".chat-msg--retracted__reason", "no trade here");
  }
  step("the moderator takes back what another said, with a reason that both see");
  await juliet.says("I gave thee mine before");
  await romeo.hears("I gave thee mine before");
  await retract(juliet, "I gave thee mine before");
  await juliet.click("converse-confirm-modal button[type=submit]");
  await romeo.sees(".chat-msg--retracted .retraction", "Juliet has removed a message");
  step("and one what it said itself");
}

/** A client that knows nothing enters the room, which it has bookmarked in the account by itself, and finds in the archive what was said there, also meanwhile. */
async function comeBack(romeo, juliet) {
  await juliet.reload(() => romeo.says("parting is such sweet sorrow"));
  await juliet.click(".open-rooms-list .open-room", NAME);
  for (const text of ["by yonder blessed moon I swear", "swear not by the moon \u263e <&>", "parting is such sweet sorrow"]) {
    await juliet.hears(text);
  }
  await juliet.sees(".chat-head__desc", "The moon, and who swears by it");
  await juliet.seesColour(".chat-msg__body .chat-image", MOON);
  await juliet.sees(".chat-msg--retracted__reason", "no trade here");
  check(await juliet.page.getByText("buy magic potions").count() === 0, "what was taken back is gone");
  step("after a reload the room is entered, and all that was said is there");
}

async function kick(romeo, juliet) {
  await romeo.says("/kick Juliet for her own good");
  await juliet.sees(".disconnect-msg", "You have been kicked from this groupchat");
  await juliet.sees(".disconnect-msg", "This action was done by Romeo");
  await juliet.sees(".disconnect-msg", "for her own good");
  step("one is kicked, and told by whom and why");
}

run(() => inBrowser(async (browser) => {
  const [first, second] = options.accounts;
  const way = Object.values(options.ways)[0];
  const romeo = await Person.login(browser, way, first);
  const juliet = await Person.login(browser, way, second);
  await make(romeo);
  await invite(romeo, juliet);
  await talk(romeo, juliet);
  await leavePicture(romeo, juliet);
  await moderate(romeo, juliet);
  await romeo.picture("room");
  await comeBack(romeo, juliet);
  await juliet.picture("room-reloaded");
  await kick(romeo, juliet);
  for (const person of [romeo, juliet]) await person.picture("room-kicked");
  for (const person of [romeo, juliet]) await person.logout();
}));
