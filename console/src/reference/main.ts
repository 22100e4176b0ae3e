// The API reference at /docs: the server's OpenAPI document, shown by Swagger UI. It is a page of its own, which the
// console doesn't load.

import SwaggerUI, { type SwaggerRequest } from "swagger-ui-dist/swagger-ui-es-bundle.js";

import { theme } from "../lib/theme.svelte";
import "./reference.css";

/** What the reference changes of the OpenAPI document. */
interface Document {
  paths: Record<string, Record<string, { security: object[] }>>;
  components: { securitySchemes: Record<string, unknown> };
}

const SAFE_METHODS = ["GET", "HEAD", "OPTIONS"];

theme.begin();
showTheme();
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", showTheme);
document.getElementById("theme")?.addEventListener("click", () => {
  theme.toggle();
  showTheme();
});

new MutationObserver(nameFields).observe(document.body, { childList: true, subtree: true });

void show();

async function show(): Promise<void> {
  const response = await fetch("/openapi.json");
  SwaggerUI({
    spec: withoutSessions((await response.json()) as Document),
    dom_id: "#reference",
    deepLinking: true,
    docExpansion: "none",
    defaultModelsExpandDepth: -1,
    displayRequestDuration: true,
    filter: true,
    tagsSorter: "alpha",
    tryItOutEnabled: true,
    // Otherwise it would ask a validator of its makers.
    validatorUrl: null,
    requestInterceptor: withCsrfToken,
  });
}

/** A page can't set the session's cookie, so the dialog for credentials asks for a key only. */
function withoutSessions(document: Document): Document {
  delete document.components.securitySchemes["session"];
  const operations = Object.values(document.paths).flatMap((path) => Object.values(path));
  for (const operation of operations) operation.security = operation.security.filter((scheme) => !("session" in scheme));
  return document;
}

/** Swagger UI gives the field for a request's body no name, which screen readers need. */
function nameFields(): void {
  for (const field of document.querySelectorAll("textarea.body-param__text:not([aria-label])")) {
    field.setAttribute("aria-label", "Request body");
  }
}

/** Swagger UI has a class for the dark theme. */
function showTheme(): void {
  const isDark = theme.chosen ? theme.chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.classList.toggle("dark-mode", isDark);
}

/** Without a key, a request acts for the person who is signed in; a change then needs the session's token. */
async function withCsrfToken(request: SwaggerRequest): Promise<SwaggerRequest> {
  const method = request.method?.toUpperCase() ?? "GET";
  if (SAFE_METHODS.includes(method) || request.headers["Authorization"]) return request;
  const response = await fetch("/api/v1/session");
  if (response.ok) {
    const session = (await response.json()) as { csrf_token: string };
    request.headers["X-CSRF-Token"] = session.csrf_token;
  }
  return request;
}
