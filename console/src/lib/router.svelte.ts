// The address of the page: where one is, and going elsewhere without loading the document again.

import type { Component } from "svelte";

export type Params = Readonly<Record<string, string>>;

/** A page; those without parameters ignore them. */
export type AnyPage = Component<{ params: Params }>;

export interface Route {
  /** Such as `/webhooks/subscriptions/:id`. */
  readonly pattern: string;
  // A component without parameters is no `AnyPage` to the compiler, so `loadPage` says that it is one.
  readonly load: () => Promise<{ default: unknown }>;
}

export interface Match {
  readonly route: Route;
  readonly params: Params;
}

class Location {
  path = $state(window.location.pathname);
  query = $state.raw(new URLSearchParams(window.location.search));
  /** What is after the `#`; for links with a secret. */
  hash = $state(window.location.hash);

  read(): void {
    this.path = window.location.pathname;
    this.query = new URLSearchParams(window.location.search);
    this.hash = window.location.hash;
  }
}

export const location = new Location();

/** Go to an address of the console. */
export function navigate(href: string, { replace = false } = {}): void {
  const before = location.path;
  history[replace ? "replaceState" : "pushState"](null, "", href);
  location.read();
  if (location.path !== before) document.querySelector("main")?.focus({ preventScroll: true });
}

/** Change parameters of the address, and keep the rest; null removes one. */
export function setQuery(changes: Record<string, string | null>, { replace = false } = {}): void {
  const query = new URLSearchParams(location.query);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null) query.delete(name);
    else query.set(name, value);
  }
  const text = query.toString();
  navigate(location.path + (text ? `?${text}` : ""), { replace });
}

/** Return the first route that matches a path. */
export function matchRoute(routes: readonly Route[], path: string): Match | undefined {
  for (const route of routes) {
    const params = matchPattern(route.pattern, path);
    if (params) return { route, params };
  }
  return undefined;
}

/** A page that is loaded, with the parameters of the address that it was loaded for. */
export interface LoadedPage {
  readonly Page: AnyPage;
  readonly params: Params;
}

/** Load the page of a match. Its parameters stay as they are, also while the person is already going elsewhere. */
export async function loadPage({ route, params }: Match): Promise<LoadedPage> {
  return { Page: (await route.load()).default as AnyPage, params };
}

function matchPattern(pattern: string, path: string): Params | undefined {
  const expected = pattern.split("/").filter(Boolean);
  const given = path.split("/").filter(Boolean);
  if (expected.length !== given.length) return undefined;
  const params: Record<string, string> = {};
  for (const [index, part] of expected.entries()) {
    const text = decodeURIComponent(given[index] ?? "");
    if (part.startsWith(":")) params[part.slice(1)] = text;
    else if (part !== text) return undefined;
  }
  return params;
}

/** The link that a click follows: the clicked one or, for a click elsewhere in a row, the link of the row. */
function linkAt(target: Element | null): Element | null {
  if (!target?.closest) return null;
  const hit = target.closest("a[href], button, input, label, select");
  if (hit) return hit.matches("a[href]") ? hit : null;
  // A selection ends with a click too, and isn't meant to open anything.
  if (window.getSelection()?.toString()) return null;
  return target.closest("tr[data-row]")?.querySelector("a.row-name[href]") ?? null;
}

/** Let links within the console change the page instead of loading a document. */
export function followLinks(): void {
  window.addEventListener("popstate", () => location.read());
  window.addEventListener("hashchange", () => location.read());
  document.addEventListener("click", (event) => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return;
    const link = linkAt(event.target as Element | null);
    if (!(link instanceof HTMLAnchorElement) || link.target || link.origin !== window.location.origin) return;
    if (link.getAttribute("href")?.startsWith("#") || link.hasAttribute("data-leave")) return;
    event.preventDefault();
    navigate(link.pathname + link.search + link.hash);
  });
}
