import { expect, test } from "vitest";

import { followLinks, loadPage, location, matchRoute, navigate, setQuery, type Route } from "$/lib/router.svelte";

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

test("a page keeps the parameters that it was loaded for, while the person goes elsewhere", async () => {
  const Page = (): void => undefined;
  const loaded = await loadPage({ route: { pattern: "/a/:id", load: () => Promise.resolve({ default: Page }) }, params: { id: "1" } });
  expect(loaded).toEqual({ Page, params: { id: "1" } });
});

test("a click anywhere in a row opens it, but for a click on a control or at the end of a selection", () => {
  followLinks();
  navigate("/list");
  document.body.innerHTML = `<table><tbody><tr data-row="1"><td id="state">Failed</td><td><a class="row-name" href="/list/1">order.paid</a></td><td><button>Copy</button></td></tr></tbody></table>`;
  const press = (selector: string): void => document.querySelector<HTMLElement>(selector)?.click();
  press("button");
  expect(location.path).toBe("/list");
  getSelection()?.selectAllChildren(document.querySelector("#state") as Element);
  press("#state");
  expect(location.path).toBe("/list");
  getSelection()?.removeAllRanges();
  press("#state");
  expect(location.path).toBe("/list/1");
});
