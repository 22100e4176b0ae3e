// The one way to the server: same origin, the session's cookie, problems (RFC 9457) as errors.

import type { components } from "./api";
import { connection } from "./connection.svelte";
import { camelize, snakify, type Camel } from "./shape";

export type Wire = components["schemas"];
export type Problem = Camel<Wire["Problem"]>;

/** The server refused, and says why. */
export class RefusedError extends Error {
  constructor(readonly problem: Problem) {
    super(problem.detail);
  }
}

/** No answer came, so that nobody knows whether the server has done it. */
export class NoAnswerError extends Error {
  constructor() {
    super("The server didn't answer.");
  }
}

/** The session has ended: the person has to sign in again. */
export const signedOut = new EventTarget();

/** What the person may do has changed: the role, or whether they are a member at all. */
export const accessChanged = new EventTarget();
/** What a proxy answers while the server is away. */
const NO_SERVER = [502, 503, 504];
const ACCESS_CODES = ["organisation_required", "role_insufficient"];

type Method = "GET" | "POST" | "PATCH" | "PUT" | "DELETE";
export type Query = Record<string, string | number | boolean | null | undefined>;

interface Options {
  readonly body?: unknown;
  readonly query?: Query;
  /** How long to wait for the answer, for what is asked again if none comes; else as long as the browser waits. */
  readonly timeoutMs?: number;
  /** Whether the page is left with it, so that it is sent although nobody waits for its answer. */
  readonly isLast?: boolean;
}

let csrfToken = "";
let bearerToken: string | null = null;

/** Send a token with every request instead of the session, for pages of people without an account; null ends that. */
export function setBearerToken(token: string | null): void {
  bearerToken = token;
}

/** The token that is sent instead of the session, if any. */
export function getBearerToken(): string | null {
  return bearerToken;
}

/** Remember the session's CSRF token, which changes need. */
export function setCsrfToken(token: string): void {
  csrfToken = token;
}

/** Send a request below `/api/v1` and return the response in camel case. */
export async function call<T>(method: Method, path: string, options: Options = {}): Promise<T> {
  const text = await callForText(method, path, options);
  return (text ? camelize(JSON.parse(text)) : undefined) as T;
}

/** Send a request and return the response's text, for content whose notation matters. */
export async function callForText(method: Method, path: string, { body, query, timeoutMs, isLast = false }: Options = {}): Promise<string> {
  const response = await reach(`/api/v1${path}${queryText(query)}`, {
    method,
    headers: headers(method, body !== undefined),
    keepalive: isLast,
    ...(timeoutMs === undefined ? {} : { signal: AbortSignal.timeout(timeoutMs) }),
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(snakify(body)) }),
  });
  const text = await response.text().catch(() => {
    connection.lost();
    throw new NoAnswerError();
  });
  if (response.ok) return text;
  const problem = problemOf(response, text);
  if (response.status === 401 && bearerToken === null && problem.code !== "second_factor_required" && path !== "/session") {
    signedOut.dispatchEvent(new Event("signed-out"));
  }
  if (ACCESS_CODES.includes(problem.code)) accessChanged.dispatchEvent(new Event("access-changed"));
  throw new RefusedError(problem);
}

/** Send a request of another protocol below `/api/v1` with headers of its own, and return the response as it is. */
export async function send(method: Method | "HEAD", path: string, { headers: own, body, signal }: { headers: Record<string, string>; body?: Blob; signal?: AbortSignal }): Promise<Response> {
  const response = await reach(`/api/v1${path}`, {
    method,
    headers: { ...headers(method === "HEAD" ? "GET" : method, false), ...own },
    ...(body === undefined ? {} : { body }),
    ...(signal === undefined ? {} : { signal }),
  });
  if (response.ok) return response;
  throw new RefusedError(problemOf(response, await response.text().catch(() => "")));
}

async function reach(address: string, init: RequestInit): Promise<Response> {
  const began = performance.now();
  let response: Response;
  try {
    response = await fetch(address, { credentials: bearerToken === null ? "same-origin" : "omit", ...init });
  } catch (error) {
    // What this page has aborted says nothing of the connection.
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    connection.lost();
    throw new NoAnswerError();
  }
  if (NO_SERVER.includes(response.status)) connection.lost();
  else connection.answered(performance.now() - began);
  return response;
}

function headers(method: Method, hasBody: boolean): Record<string, string> {
  return {
    ...(bearerToken === null ? {} : { Authorization: `Bearer ${bearerToken}` }),
    ...(method === "GET" || bearerToken !== null ? {} : { "X-CSRF-Token": csrfToken }),
    ...(hasBody ? { "Content-Type": "application/json" } : {}),
  };
}

function queryText(query: Query = {}): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== "");
  return given.length ? `?${new URLSearchParams(given.map(([name, value]) => [name, String(value)]))}` : "";
}

function problemOf(response: Response, text: string): Problem {
  try {
    return camelize(JSON.parse(text)) as Problem;
  } catch {
    const title = `The server answered ${response.status}.`;
    return { type: "", title, status: response.status, detail: title, code: "unknown", isRetryable: true, requestId: "" };
  }
}

/** Send bytes below `/api/v1`, and say how far that is, from 0 to 1. */
export function upload<T>(path: string, body: Blob, { query, onprogress, signal }: { query?: Query; onprogress: (progress: number) => void; signal: AbortSignal }): Promise<T> {
  // `fetch` doesn't tell how much was sent.
  const request = new XMLHttpRequest();
  return new Promise((resolve, reject) => {
    request.upload.onprogress = ({ loaded, total }) => onprogress(total ? loaded / total : 1);
    request.onload = () => {
      const response = new Response(null, { status: request.status });
      if (response.ok) resolve(camelize(JSON.parse(request.responseText)) as T);
      else reject(new RefusedError(problemOf(response, request.responseText)));
    };
    request.onerror = request.onabort = () => reject(new NoAnswerError());
    signal.addEventListener("abort", () => request.abort());
    request.open("POST", `/api/v1${path}${queryText(query)}`);
    const sent = { ...headers("POST", false), "Content-Type": "application/octet-stream" };
    for (const [name, value] of Object.entries(sent)) request.setRequestHeader(name, value);
    request.send(body);
  });
}
