// A person uses an app of Slack's framework, unmodified: commands, buttons, menus, modals and its home tab.

import { afterAll, beforeAll, expect, test } from "vitest";

import { BoltApp } from "./bolt";
import { expectAccessible, message, messages, People, picture, write } from "./messaging_people";

const people = new People();
const bolt = new BoltApp();

beforeAll(async () => {
  await people.start();
  await bolt.start(people.ninefold, { name: "deploy", commands: ["/proposal", "/stages", "/deploy"] });
  await people.pages.ines.reload();
});
afterAll(async () => {
  await bolt.stop();
  await people.stop();
});

test("a command is completed, and its answer is for oneself alone", async () => {
  const { ines, mara } = people.pages;
  const field = ines.getByLabel("Write to general");
  await field.pressSequentially("/sta");
  await ines.getByRole("option", { name: "/stages" }).waitFor();
  await picture(ines, "messaging-command-light");
  await ines.keyboard.press("Tab");
  await field.pressSequentially("all of them");
  await ines.keyboard.press("Enter");
  const answer = message(ines, "You asked for all of them.");
  await answer.getByText("Only you see this").waitFor();
  expect(await message(mara, "You asked for").count()).toBe(0);
  await answer.getByRole("button", { name: "Dismiss" }).click();
  await expect.poll(() => answer.count()).toBe(0);
});

test("a choice and a click change the app's message for everybody", async () => {
  const { ines, mara } = people.pages;
  await write(ines, "/proposal");
  await message(mara, "Version 12").getByText("Goes to Test").waitFor();
  const proposal = message(ines, "Version 12");
  await picture(ines, "messaging-app-light");
  await expectAccessible(ines);
  await proposal.getByRole("combobox", { name: "Stage" }).selectOption("Production");
  await message(mara, "Version 12").getByText("Goes to Production").waitFor();
  await proposal.getByRole("button", { name: "Reject" }).click();
  await message(ines, "Only a release manager can reject it.").getByText("Only you see this").waitFor();
  await proposal.getByRole("button", { name: "Approve" }).click();
  await message(mara, "Version 12 was approved by @Ines Carvalho.").waitFor();
});

test("a modal says what is wrong with the input, is changed, and is closed", async () => {
  const { ines } = people.pages;
  await write(ines, "/deploy");
  const modal = ines.getByRole("dialog", { name: "Deploy" });
  await modal.getByRole("textbox", { name: "Version" }).fill("twelve");
  await modal.getByRole("checkbox", { name: "Tell the channel" }).check();
  await modal.getByRole("button", { name: "Deploy" }).click();
  await modal.getByText("That isn't a number.").waitFor();
  await picture(ines, "messaging-modal-light");
  await expectAccessible(ines);
  await modal.getByRole("textbox", { name: "Version" }).fill("12");
  await modal.getByRole("button", { name: "Deploy" }).click();
  const done = ines.getByRole("dialog", { name: "Deploying" });
  await done.getByText("Version 12 goes to Test; the channel is told.").waitFor();
  await done.getByRole("button", { name: "Close" }).click();
  await expect.poll(() => ines.getByRole("dialog").count()).toBe(0);
});

test("a modal on top of another one leaves what was entered below", async () => {
  const { ines } = people.pages;
  await write(ines, "/proposal");
  await message(ines, "Version 12").getByRole("button", { name: "Deploy another one" }).last().click();
  const modal = ines.getByRole("dialog", { name: "Deploy" });
  await modal.getByRole("textbox", { name: "Version" }).fill("13");
  await modal.getByRole("button", { name: "Older versions" }).click();
  const older = ines.getByRole("dialog", { name: "Older versions" });
  await older.getByText("11, 10 and 9.").waitFor();
  await older.getByRole("button", { name: "Close" }).click();
  await expect.poll(() => modal.getByRole("textbox", { name: "Version" }).inputValue()).toBe("13");
  await modal.getByRole("button", { name: "Deploy" }).click();
  await ines.getByRole("dialog", { name: "Deploying" }).getByText("Version 13 goes to Test").waitFor();
  await ines.keyboard.press("Escape");
  await expect.poll(() => ines.getByRole("dialog").count()).toBe(0);
  expect(await messages(ines).count()).toBeGreaterThan(0);
});

test("an app has a page: its home tab, what it is told, and its settings", async () => {
  const { ines } = people.pages;
  await ines.getByRole("navigation", { name: "Channels" }).getByRole("link", { name: "Apps" }).click();
  await ines.getByRole("link", { name: "deploy" }).waitFor();
  await picture(ines, "messaging-apps-light");
  await expectAccessible(ines);
  await ines.getByRole("link", { name: "deploy" }).click();
  await ines.getByText("by 1 connection").waitFor();
  const home = ines.getByRole("region", { name: "Home tab" });
  await home.getByText("None is under way.").waitFor();
  await picture(ines, "messaging-app-home-light");
  await expectAccessible(ines);
  await home.getByRole("button", { name: "Deploy a version" }).click();
  await ines.getByRole("dialog", { name: "Deploy" }).getByRole("button", { name: "Cancel" }).click();
  await ines.getByRole("link", { name: "Events" }).click();
  await ines.getByRole("row", { name: /Delivered app_home_opened/ }).waitFor();
  await picture(ines, "messaging-app-events-light");
  await expectAccessible(ines);
  await ines.getByRole("link", { name: "Settings", exact: true }).last().click();
  await ines.getByRole("combobox", { name: "Channel of the webhook" }).selectOption({ label: "#general" });
  await ines.getByRole("button", { name: "Create a webhook" }).click();
  const address = await ines.locator(".secret .code").innerText();
  const response = await fetch(address, { method: "POST", body: JSON.stringify({ text: "Version 13 is out." }) });
  expect(await response.text()).toBe("ok");
  await message(people.pages.mara, "Version 13 is out.").waitFor();
  await picture(ines, "messaging-app-settings-light");
  await expectAccessible(ines);
});

test("a new app shows its tokens once", async () => {
  const { ines } = people.pages;
  await ines.goto(`${people.networks.ines.url}/messaging/apps`);
  await ines.getByRole("button", { name: "New app" }).click();
  await ines.getByRole("textbox", { name: "Name" }).fill("reminders");
  await ines.getByRole("button", { name: "Create the app" }).click();
  await ines.getByText(/^xoxb-/).waitFor();
  await picture(ines, "messaging-app-new-light");
  await expectAccessible(ines);
  await ines.getByRole("button", { name: "Open it" }).click();
  await ines.getByText("Not connected").waitFor();
  expect(await ines.getByText(/^xoxb-/).count()).toBe(0);
});

test("nobody's page has complained", () => {
  expect(people.complaints).toEqual([]);
});
