// What a person did with an element of Block Kit, in Slack's words: what an app is told, and what a modal is filled with.

import { listIn, recordIn, textIn, type Json } from "./json";

export type Action = Json;

export interface Option {
  readonly text: string;
  readonly value: string;
  /** As the app has sent it. */
  readonly option: Json;
}

/** The choices of an element, also those in groups. */
export function optionsOf(element: Json): Option[] {
  const all = [...listIn(element, "options"), ...listIn(element, "option_groups").flatMap((group) => listIn(group, "options"))];
  return all.map((option) => ({ text: textIn(recordIn(option, "text"), "text"), value: textIn(option, "value"), option }));
}

/** Say what was chosen or written, in the field that the element's type has for it. */
export function actionOf(element: Json, blockId: string, value: string | readonly string[], options: readonly Json[]): Action {
  const type = textIn(element, "type");
  const isMany = type === "checkboxes" || type.startsWith("multi_");
  return { type, action_id: textIn(element, "action_id"), block_id: blockId, ...valueOf(type, isMany, value, options) };
}

function valueOf(type: string, isMany: boolean, value: string | readonly string[], options: readonly Json[]): Json {
  const [first] = typeof value === "string" ? [value] : value;
  switch (type.replace(/^multi_/, "")) {
    case "static_select":
    case "external_select":
    case "checkboxes":
    case "radio_buttons":
    case "overflow":
      return isMany ? { selected_options: options } : { selected_option: options[0] ?? null };
    case "users_select":
      return isMany ? { selected_users: value } : { selected_user: first };
    case "channels_select":
      return isMany ? { selected_channels: value } : { selected_channel: first };
    case "conversations_select":
      return isMany ? { selected_conversations: value } : { selected_conversation: first };
    case "datepicker":
      return { selected_date: first };
    case "timepicker":
      return { selected_time: first };
    case "datetimepicker":
      return { selected_date_time: Math.floor(Date.parse(first ?? "") / 1_000) };
    default:
      return { value: first };
  }
}
