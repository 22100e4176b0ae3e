// Messaging on a phone, with the keyboard alone, in the dark; and a channel with many messages.

import { afterAll, beforeAll, expect, test } from "vitest";

import type { Page } from "playwright-core";

import { expectAccessible, message, messages, People, picture, SCREENSHOTS, write } from "./messaging_people";
import { showSampleChannel } from "./sample_channel";

const people = new People();
const MANY = 400;
let phone: Page;

beforeAll(async () => {
  await people.start();
  const storageState = await people.pages.ines.context().storageState();
  phone = await people.open({ viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, storageState });
});
afterAll(() => people.stop());

test("a channel of many messages opens at its end, with a part of them, and earlier ones come without a jump", async () => {
  const { ines } = people.pages;
  const { items } = await people.ninefold.call<{ items: { name: string; member_id: string }[] }>("GET", "/messaging/members");
  const member_id = items.find(({ name }) => name === "mara_lindqvist")?.member_id;
  const { channel_id } = await people.ninefold.call<{ channel_id: string }>("POST", "/messaging/channels", { member_id, name: "many" });
  for (let index = 1; index <= MANY; index++) {
    await people.ninefold.call("POST", `/messaging/channels/${channel_id}/messages`, { member_id, text: `Message ${index}.` });
  }
  await ines.goto(`${people.networks.ines.url}/messaging/${channel_id}`);
  await message(ines, `Message ${MANY}.`).waitFor();
  expect(await messages(ines).count()).toBeLessThan(150);
  const timeline = ines.getByRole("log", { name: "Messages" });
  const beginning = ines.getByText("Everybody in the organisation can read and join it.");
  await expect
    .poll(async () => {
      await timeline.evaluate((element) => element.scrollBy(0, -2_000));
      return beginning.count();
    })
    .toBe(1);
  expect(await messages(ines).count()).toBeLessThanOrEqual(300);
  await ines.goto(`${people.networks.ines.url}/messaging/${channel_id}/100`);
  await messages(ines).and(ines.locator("[aria-current]")).filter({ hasText: "Message 99." }).waitFor();
  await ines.getByRole("button", { name: "To the latest" }).click();
  await message(ines, `Message ${MANY}.`).waitFor();
});

test("a finger goes from the list to a channel, to a thread, and back", async () => {
  await phone.goto(`${people.networks.ines.url}/messaging`);
  const list = phone.getByRole("navigation", { name: "Channels" });
  await list.getByRole("link", { name: /general/ }).click();
  await phone.getByRole("textbox", { name: "Write to general" }).fill("From the train.");
  await phone.getByRole("button", { name: "Send" }).click();
  await message(people.pages.mara, "From the train.").waitFor();
  await message(phone, "From the train.").tap();
  await phone.getByRole("button", { name: "Reply in a thread" }).tap();
  await phone.getByRole("textbox", { name: "Reply" }).fill("Back at nine.");
  await phone.getByRole("button", { name: "Send" }).last().tap();
  await message(phone, "Back at nine.", "Replies").waitFor();
  await expectAccessible(phone);
  await phone.getByRole("button", { name: "Back to the channel" }).tap();
  await phone.getByRole("link", { name: "Your channels" }).tap();
  await list.getByRole("link", { name: /general/ }).waitFor();
  await expectAccessible(phone);
});

test("everything is done with the keyboard", async () => {
  const { ines, mara } = people.pages;
  await ines.goto(`${people.networks.ines.url}/messaging/${people.generalId}`);
  await ines.getByLabel("Write to general").waitFor();
  await message(ines, "From the train.").waitFor();
  await ines.keyboard.press("i");
  await ines.keyboard.type("By the keyboard.");
  await ines.keyboard.press("Enter");
  await message(mara, "By the keyboard.").waitFor();
  await message(ines, "By the keyboard.").and(ines.locator("[data-sequence]")).waitFor();
  await ines.keyboard.press("ArrowUp");
  await ines.getByLabel("The new text").waitFor();
  await ines.keyboard.type(" Indeed.");
  await ines.keyboard.press("Enter");
  await message(mara, "By the keyboard. Indeed.").waitFor();
  // Others can see the edit before its author has the answer.
  await ines.getByLabel("The new text").waitFor({ state: "detached" });
  await ines.keyboard.press("k");
  await ines.locator("article.message:focus").waitFor();
  await ines.keyboard.press("p");
  await message(mara, "Pinned").waitFor();
  await ines.keyboard.press("Control+k");
  await ines.getByRole("combobox", { name: "Find or do" }).fill("many");
  await ines.getByRole("option", { name: /^many ?channel/ }).waitFor();
  await ines.keyboard.press("Enter");
  await ines.getByRole("region", { name: "many" }).waitFor();
  await ines.keyboard.press("n");
  await ines.getByLabel("To", { exact: true }).fill("mara");
  await ines.keyboard.press("Enter");
  await ines.keyboard.press("Enter");
  await ines.getByLabel("Write to Mara Lindqvist").waitFor();
  await write(ines, "Only for you.");
  await mara.getByRole("navigation", { name: "Channels" }).getByRole("link", { name: /Ines Carvalho/ }).getByText("1").waitFor();
});

test("a screen reader is told of a message, once and politely", async () => {
  const { ines, mara } = people.pages;
  await ines.goto(`${people.networks.ines.url}/messaging/${people.generalId}`);
  await message(ines, "From the train.").waitFor();
  await write(mara, "Did you hear *that*?");
  await expect.poll(() => ines.locator("[role=status][aria-live=polite]").allInnerTexts()).toContain("Mara Lindqvist: Did you hear that?");
});

test("axe finds nothing in the dark", async () => {
  const { ines } = people.pages;
  await ines.goto(`${ines.url()}?theme=dark`);
  await message(ines, "From the train.").waitFor();
  await expectAccessible(ines);
  await ines.goto(`${people.networks.ines.url}/messaging/channels?theme=dark`);
  await ines.getByRole("link", { name: "many" }).waitFor();
  await expectAccessible(ines);
});

test.runIf(SCREENSHOTS)("pictures for the documentation", async () => {
  const channel = await showSampleChannel(people.ninefold);
  const { ines } = people.pages;
  for (const theme of ["light", "dark"]) {
    await ines.goto(`${people.networks.ines.url}/messaging/${channel.channelId}?theme=${theme}&thread=${channel.threadSequence}`);
    await message(ines, "Then we are done before the kettle.", "Replies").waitFor();
    await picture(ines, `messaging-${theme}`);
    await phone.goto(`${people.networks.ines.url}/messaging/${channel.channelId}?theme=${theme}`);
    await messages(phone).nth(5).waitFor();
    await picture(phone, `messaging-phone-${theme}`);
    await phone.goto(`${people.networks.ines.url}/messaging/${channel.channelId}?theme=${theme}&thread=${channel.threadSequence}`);
    await message(phone, "Then we are done before the kettle.", "Replies").waitFor();
    await picture(phone, `messaging-phone-thread-${theme}`);
    await phone.goto(`${people.networks.ines.url}/messaging?list&theme=${theme}`);
    await phone.getByRole("link", { name: /incidents/ }).waitFor();
    await picture(phone, `messaging-phone-list-${theme}`);
    await ines.goto(`${people.networks.ines.url}/messaging/channels?theme=${theme}`);
    await ines.getByRole("link", { name: "incidents" }).waitFor();
    await picture(ines, `messaging-channels-${theme}`);
  }
});

test("nobody's page has complained", () => {
  expect(people.complaints).toEqual([]);
});
