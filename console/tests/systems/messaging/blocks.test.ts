import { render } from "@testing-library/svelte";
import { expect, test } from "vitest";

import { actionOf, optionsOf } from "$/systems/messaging/blocks/actions";
import Blocks from "$/systems/messaging/blocks/Blocks.svelte";
import { richTextParts } from "$/systems/messaging/blocks/rich_text";

const plain = (text: string) => ({ type: "plain_text", text });

test("rich text becomes the same parts as mrkdwn", () => {
  const section = (...elements: unknown[]) => ({ type: "rich_text_section", elements });
  const block = {
    type: "rich_text",
    elements: [
      section({ type: "text", text: "Hi ", style: { bold: true } }, { type: "user", user_id: "U1" }, { type: "link", url: "javascript:alert(1)", text: "no" }),
      { type: "rich_text_list", style: "ordered", elements: [section({ type: "text", text: "a" })] },
      { type: "rich_text_preformatted", elements: [{ type: "text", text: "x = 1" }] },
      { type: "something_new", elements: [] },
    ],
  };
  expect(richTextParts(block)).toEqual([
    { kind: "paragraph", children: [{ kind: "bold", children: [{ kind: "text", text: "Hi " }] }, { kind: "member", slackId: "U1" }, { kind: "text", text: "no" }] },
    { kind: "list", isOrdered: true, items: [[{ kind: "text", text: "a" }]] },
    { kind: "code", text: "x = 1" },
  ]);
});

test("each element says what was chosen in its own field", () => {
  const option = { text: plain("Large"), value: "l" };
  const select = { type: "static_select", action_id: "size", options: [option] };
  expect(optionsOf(select)).toEqual([{ text: "Large", value: "l", option }]);
  expect(actionOf(select, "b1", "l", [option])).toEqual({ type: "static_select", action_id: "size", block_id: "b1", selected_option: option });
  expect(actionOf({ type: "button", action_id: "go" }, "b1", "yes", [])).toEqual({ type: "button", action_id: "go", block_id: "b1", value: "yes" });
  expect(actionOf({ type: "multi_users_select", action_id: "who" }, "", ["U1", "U2"], [])).toMatchObject({ selected_users: ["U1", "U2"] });
  expect(actionOf({ type: "datepicker", action_id: "day" }, "", "2026-11-27", [])).toMatchObject({ selected_date: "2026-11-27" });
});

test("a message of an app is drawn, and its button tells what was pressed", async () => {
  const acts: unknown[] = [];
  const blocks = [
    { type: "header", text: plain("Release <12>") },
    { type: "section", text: { type: "mrkdwn", text: "*storefront* is out" }, fields: [{ type: "mrkdwn", text: "*By* Tomas" }] },
    { type: "divider" },
    { type: "context", elements: [plain("14 commits")] },
    { type: "actions", block_id: "acts", elements: [{ type: "button", action_id: "back", text: plain("Roll back"), style: "danger", value: "12" }, { type: "button", text: plain("Bad"), url: "javascript:alert(1)" }] },
  ];
  const { container, getByRole, queryByRole } = render(Blocks, { props: { blocks, fallback: "Release 12", onact: (action: unknown) => acts.push(action) } });
  expect(container.textContent).toContain("Release <12>");
  expect(container.querySelector("strong")?.textContent).toBe("storefront");
  expect(queryByRole("link")).toBeNull();
  getByRole("button", { name: "Roll back" }).click();
  expect(acts).toEqual([{ type: "button", action_id: "back", block_id: "acts", value: "12" }]);
});

test("what can't be drawn is shown as its text", () => {
  const { container } = render(Blocks, { props: { blocks: [{ type: "video" }], fallback: "A *video*", onact: () => undefined } });
  expect(container.textContent).toContain("A video");
});
