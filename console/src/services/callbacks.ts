// Callbacks: providers, sources, what came to them, and verifying or passing it on again.

import { call, type Wire } from "./http";
import type { Job } from "./jobs";
import { PAGE_LIMIT_MAX, type Page } from "./pages";
import type { Camel } from "./shape";

export type Provider = Camel<Wire["ProviderView"]>;
export type ProviderField = Camel<Wire["FieldView"]>;
// The names of options are the provider's, and keep their notation.
export type Source = Omit<Camel<Wire["SourceView"]>, "options"> & { options: Record<string, string> };
export type ChangedSource = Source & { forwardSecret: string | null };
export type Answer = Camel<Wire["AnswerView"]>;
export type CallbackStatus = Wire["CallbackStatus"];
export type CallbackSummary = Camel<Wire["CallbackSummary"]>;
export type Callback = Omit<Camel<Wire["CallbackView"]>, "bodyForm" | "bodyJson"> & { bodyForm: Record<string, string[]> | null };

export interface SourceFields {
  name?: string;
  secrets?: string[];
  options?: Record<string, string>;
  answer?: Answer;
  forwardUrl?: string | null;
}

export interface CallbackFilter {
  sourceId?: string | undefined;
  status?: CallbackStatus | undefined;
  provider?: string | undefined;
  type?: string | undefined;
}

/** Which verified callbacks to pass on again; the times are ISO 8601. */
export interface ReplayChoice {
  sourceId?: string | undefined;
  type?: string | undefined;
  since: string;
  until?: string | undefined;
}

/** All providers, sorted by their titles. */
export async function listProviders(): Promise<Provider[]> {
  const { items } = await call<{ items: Provider[] }>("GET", "/providers");
  return items.sort((one, other) => one.title.localeCompare(other.title));
}

export function listSources(cursor?: string, limit = PAGE_LIMIT_MAX): Promise<Page<Source>> {
  return call("GET", "/sources", { query: { cursor, limit } });
}

export function getSource(id: string): Promise<Source> {
  return call("GET", `/sources/${id}`);
}

export function createSource(provider: string, fields: SourceFields): Promise<ChangedSource> {
  return call("POST", "/sources", { body: { provider, ...fields } });
}

export function changeSource(id: string, fields: SourceFields): Promise<ChangedSource> {
  return call("PATCH", `/sources/${id}`, { body: fields });
}

export function deleteSource(id: string): Promise<void> {
  return call("DELETE", `/sources/${id}`);
}

export function listCallbacks(filter: CallbackFilter, cursor?: string, limit = PAGE_LIMIT_MAX): Promise<Page<CallbackSummary>> {
  const { sourceId, status, provider, type } = filter;
  return call("GET", "/callbacks", { query: { source_id: sourceId, status, provider, type, cursor, limit } });
}

export function getCallback(id: string): Promise<Callback> {
  return call("GET", `/callbacks/${id}`);
}

/** Where the body can be downloaded, byte for byte. */
export function bodyHref(id: string): string {
  return `/api/v1/callbacks/${id}/body`;
}

/** Pass a verified callback on again, as another event. */
export function replayCallback(id: string): Promise<{ callbackId: string; eventId: string }> {
  return call("POST", `/callbacks/${id}/replay`);
}

export function replayCallbacks(choice: ReplayChoice): Promise<Job> {
  return call("POST", "/callbacks/replay", { body: choice });
}

/** Verify one quarantined callback again. */
export function reverifyCallback(id: string): Promise<{ callbackId: string; status: CallbackStatus }> {
  return call("POST", `/callbacks/${id}/reverify`);
}

/** Verify quarantined callbacks again, of one source or of all. */
export function reverifyCallbacks(sourceId?: string): Promise<Job> {
  return call("POST", "/callbacks/reverify", { body: sourceId ? { sourceId } : {} });
}
