import { expect, test } from "vitest";

import { deliveryFilterOf, eventFilterOf, fieldOfInstant, instantOfField } from "$/systems/webhooks/search";

test("an address without filters selects everything", () => {
  expect(JSON.stringify(eventFilterOf(new URLSearchParams("event=evt_1&q=")))).toBe("{}");
});

test("an address selects deliveries by all that it says", () => {
  const query = new URLSearchParams("q=cus_7&type=user.*&state=failed&code=5xx&class=timeout&subscription=sub_1&from=2026-01-01T00:00:00Z");
  expect(deliveryFilterOf(query)).toEqual({
    text: "cus_7",
    eventType: "user.*",
    acceptedAfter: "2026-01-01T00:00:00Z",
    acceptedBefore: undefined,
    subscriptionId: "sub_1",
    status: "failed",
    responseCode: "5xx",
    errorClass: "timeout",
  });
});

test("a state that no search finds isn't asked for", () => {
  expect(deliveryFilterOf(new URLSearchParams("state=queued")).status).toBeUndefined();
});

test("an instant comes back from the field that shows it", () => {
  const instant = "2026-01-31T12:00:00.000Z";
  expect(instantOfField(fieldOfInstant(instant))).toBe(instant);
  expect([fieldOfInstant(null), instantOfField("")]).toEqual(["", null]);
});
