// What a modal is filled with, in the shape of Slack's `state.values`.

import type { Values } from "$/services/messaging_apps";

import { actionOf, type Action } from "../blocks/actions";
import { listIn, recordIn, textIn, type Json } from "../blocks/json";

/** Return what was entered in the blocks that are there, and what the fields began with that weren't touched. */
export function valuesOf(content: Json, entered: ReadonlyMap<string, Action>): Values {
  const values: Record<string, Record<string, Action>> = {};
  const blockIds = new Set(listIn(content, "blocks").map((block) => textIn(block, "block_id")));
  for (const block of listIn(content, "blocks").filter((each) => each["type"] === "input")) {
    const [blockId, element] = [textIn(block, "block_id"), recordIn(block, "element")];
    const actionId = textIn(element, "action_id");
    values[blockId] = { ...values[blockId], [actionId]: entered.get(keyOf(blockId, actionId)) ?? initialOf(element, blockId) };
  }
  for (const action of entered.values()) {
    const [blockId, actionId] = [textIn(action, "block_id"), textIn(action, "action_id")];
    if (blockIds.has(blockId)) values[blockId] = { ...values[blockId], [actionId]: action };
  }
  return values;
}

export function keyOf(blockId: string, actionId: string): string {
  return `${blockId} ${actionId}`;
}

function initialOf(element: Json, blockId: string): Action {
  const option = recordIn(element, "initial_option");
  const options = textIn(option, "value") ? [option] : listIn(element, "initial_options");
  const value = ["initial_value", "initial_date", "initial_time", "initial_user", "initial_channel", "initial_conversation"].map((field) => textIn(element, field)).find(Boolean);
  return actionOf(element, blockId, value ?? "", options);
}
