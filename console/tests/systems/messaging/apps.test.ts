import { expect, test } from "vitest";

import { Apps } from "$/systems/messaging/apps/apps.svelte";
import { keyOf, valuesOf } from "$/systems/messaging/apps/values";

function view(view_id: string, changes: Record<string, unknown> = {}): unknown {
  return { view_id, kind: "modal", content: { title: { text: view_id } }, errors: null, is_closed: false, ...changes };
}

test("modals stack, change in their place, and close", () => {
  const apps = new Apps();
  expect(apps.take({ type: "view_opened", view: view("view_1") })).toBe(true);
  apps.take({ type: "view_pushed", view: view("view_2") });
  expect(apps.views.at(-1)?.view_id).toBe("view_2");
  apps.take({ type: "view_updated", view: view("view_1", { errors: { b1: "Too short." } }) });
  expect(apps.views.map(({ view_id }) => view_id)).toEqual(["view_1", "view_2"]);
  apps.take({ type: "view_closed", view: view("view_2", { is_closed: true }) });
  expect(apps.views.at(-1)).toMatchObject({ view_id: "view_1", errors: { b1: "Too short." } });
});

test("a home tab isn't a modal, and other entries aren't an app's", () => {
  const apps = new Apps();
  apps.take({ type: "view_updated", view: view("view_1", { kind: "home" }) });
  expect(apps.views).toEqual([]);
  expect([apps.take({ type: "joined", channel_id: "chan_1" }), apps.take(null)]).toEqual([false, false]);
});

test("what an app shows to one member stands in its channel until it is dismissed", () => {
  const apps = new Apps();
  apps.take({ type: "ephemeral", channel_id: "chan_1", member_id: "mem_1", text: "Done.", blocks: null, at: "2026-11-27T12:00:00Z" });
  const [shown] = apps.of("chan_1");
  expect(shown).toMatchObject({ text: "Done.", memberId: "mem_1" });
  expect(apps.of("chan_2")).toEqual([]);
  apps.dismiss(shown?.key ?? "");
  expect(apps.of("chan_1")).toEqual([]);
});

test("a modal is submitted with what was entered, and what its fields began with", () => {
  const option = { value: "l", text: { type: "plain_text", text: "Large" } };
  const content = {
    blocks: [
      { type: "input", block_id: "b1", element: { type: "plain_text_input", action_id: "why", initial_value: "as before" } },
      { type: "input", block_id: "b2", element: { type: "static_select", action_id: "size", initial_option: option } },
      { type: "section", block_id: "b3" },
    ],
  };
  const entered = new Map([[keyOf("b1", "why"), { type: "plain_text_input", block_id: "b1", action_id: "why", value: "changed" }]]);
  expect(valuesOf(content, new Map())).toMatchObject({ b1: { why: { value: "as before" } }, b2: { size: { selected_option: option } } });
  expect(valuesOf(content, entered)).toMatchObject({ b1: { why: { value: "changed" } } });
});
