// The assistant: conversations, their messages, and the logs of responses.

import { call, type Wire } from "./http";
import type { Page } from "./pages";
import { camelize, type Camel } from "./shape";

export type Conversation = Camel<Wire["ConversationView"]>;
export type ConversationWithMessages = Camel<Wire["ConversationWithMessages"]>;
export type Message = Camel<Wire["MessageView"]>;
export type Response = Camel<Wire["ResponseView"]>;
export type ResponseStatus = Response["status"];
export type Sent = Camel<Wire["SentView"]>;

/** An event in the log of a response. What else it has depends on its type. */
export interface LogEvent {
  readonly sequenceNumber: number;
  readonly type: string;
  readonly [field: string]: unknown;
}

/** The most events of one read. */
const EVENTS_LIMIT_MAX = 1_000;

export function listConversations(search: string, cursor?: string, limit = 50): Promise<Page<Conversation>> {
  return call("GET", "/assistant/conversations", { query: { search, cursor, limit } });
}

export function getConversation(id: string): Promise<ConversationWithMessages> {
  return call("GET", `/assistant/conversations/${id}`);
}

export function createConversation(): Promise<Conversation> {
  return call("POST", "/assistant/conversations", { body: {} });
}

export function renameConversation(id: string, title: string): Promise<Conversation> {
  return call("PATCH", `/assistant/conversations/${id}`, { body: { title } });
}

/** Show the branch that a message is in, on all devices. */
export function chooseBranch(id: string, messageId: string): Promise<Conversation> {
  return call("PATCH", `/assistant/conversations/${id}`, { body: { currentMessageId: messageId } });
}

export function deleteConversation(id: string): Promise<void> {
  return call("DELETE", `/assistant/conversations/${id}`);
}

export function sendMessage(id: string, text: string): Promise<Sent> {
  return call("POST", `/assistant/conversations/${id}/messages`, { body: { text } });
}

export function editMessage(id: string, messageId: string, text: string): Promise<Sent> {
  return call("POST", `/assistant/conversations/${id}/messages/${messageId}/edit`, { body: { text } });
}

export function regenerateAnswer(id: string, messageId: string): Promise<Sent> {
  return call("POST", `/assistant/conversations/${id}/messages/${messageId}/regenerate`, { body: {} });
}

export function cancelResponse(id: string): Promise<Response> {
  return call("POST", `/assistant/responses/${id}/cancel`);
}

/** Read the events after a number, as many as one answer has. */
export async function listEvents(id: string, after: number): Promise<LogEvent[]> {
  const query = { after, limit: EVENTS_LIMIT_MAX };
  const { items } = await call<Camel<Wire["LogEventsView"]>>("GET", `/assistant/responses/${id}/events`, { query });
  return items.map(({ data, ...event }) => ({ ...data, ...event }));
}

/** Return an entry of a response's live channel as an event of its log, or nothing if it is none. */
export function readEvent(entry: unknown): LogEvent | undefined {
  const event = camelize(entry) as LogEvent | null;
  return typeof event === "object" && typeof event?.sequenceNumber === "number" ? event : undefined;
}
