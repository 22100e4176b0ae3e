// What the address of a list says about what to search for.

import type { DeliveryFilter, DeliveryStatus, EventFilter } from "$/services/webhooks";

/** The statuses of deliveries that a search finds; what is queued has no outcome yet. */
export const FOUND_STATUSES = ["retrying", "waiting", "delivered", "failed", "canceled"] as const satisfies readonly DeliveryStatus[];

export function eventFilterOf(query: URLSearchParams): EventFilter {
  return {
    text: query.get("q") || undefined,
    eventType: query.get("type") || undefined,
    acceptedAfter: query.get("from") || undefined,
    acceptedBefore: query.get("to") || undefined,
  };
}

export function deliveryFilterOf(query: URLSearchParams): DeliveryFilter {
  return {
    ...eventFilterOf(query),
    subscriptionId: query.get("subscription") || undefined,
    status: FOUND_STATUSES.find((status) => status === query.get("state")),
    responseCode: query.get("code") || undefined,
    errorClass: query.get("class") || undefined,
  };
}

/** What a `datetime-local` field shows for an instant, in the browser's time zone. */
export function fieldOfInstant(instant: string | null): string {
  const at = new Date(instant ?? "");
  if (Number.isNaN(at.getTime())) return "";
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

/** The instant in a `datetime-local` field; null if it is empty. */
export function instantOfField(text: string): string | null {
  return text === "" ? null : new Date(text).toISOString();
}
