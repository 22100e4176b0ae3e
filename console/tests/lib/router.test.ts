import { expect, test } from "vitest";

import { followLinks, location, matchRoute, navigate, setQuery, type Route } from "$/lib/router.svelte";

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

test("a click anywhere in a row opens it, and a click on one of its controls doesn't", () => {
  followLinks();
  document.body.innerHTML = `<table><tbody><tr><td id="cell">7 B</td><td><a class="row-name" href="/callbacks/received?callback=cbk_1">push</a></td><td><button>Copy</button></td></tr></tbody></table>`;
  navigate("/callbacks/received");
  document.querySelector("button")?.click();
  expect(window.location.search).toBe("");
  document.getElementById("cell")?.click();
  expect(window.location.search).toBe("?callback=cbk_1");
});
