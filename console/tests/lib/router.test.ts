import { expect, test } from "vitest";

import { location, matchRoute, navigate, setQuery, type Route } from "$/lib/router.svelte";

const load = (): Promise<never> => Promise.reject(new Error("not loaded here"));
const ROUTES: Route[] = [
  { pattern: "/", load },
  { pattern: "/webhooks/subscriptions", load },
  { pattern: "/webhooks/subscriptions/:id", load },
];

test.each([
  ["/", "/", {}],
  ["/webhooks/subscriptions/", "/webhooks/subscriptions", {}],
  ["/webhooks/subscriptions/sub_1", "/webhooks/subscriptions/:id", { id: "sub_1" }],
])("%s is shown by %s", (path, pattern, params) => {
  const match = matchRoute(ROUTES, path);
  expect([match?.route.pattern, match?.params]).toEqual([pattern, params]);
});

test("an unknown address has no page", () => {
  expect(matchRoute(ROUTES, "/webhooks/subscriptions/sub_1/more")).toBeUndefined();
});

test("the address keeps every state, and going back undoes it", () => {
  navigate("/webhooks/subscriptions/sub_1?state=failed");
  setQuery({ delivery: "dlv_1" });
  expect(window.location.search).toBe("?state=failed&delivery=dlv_1");
  setQuery({ state: null });
  expect(location.query.get("state")).toBeNull();
});
