// Webhooks: subscriptions, deliveries, events, dead letters and replays.

import { call, callForText, type Wire } from "./http";
import { memberText } from "./json_text";
import type { Job } from "./jobs";
import { PAGE_LIMIT_MAX, type Page } from "./pages";
import { camelize, type Camel } from "./shape";

export type Subscription = Camel<Wire["SubscriptionView"]>;
export type SubscriptionWithSecret = Camel<Wire["SubscriptionWithSecretView"]>;
export type Delivery = Camel<Wire["DeliveryView"]>;
export type DeadLetter = Camel<Wire["DeadLetterView"]>;
export type Attempt = Camel<Wire["AttemptView"]>;
export type BlockedKey = Camel<Wire["BlockedKeyView"]>;
export type Ordering = Wire["Ordering"];
export type OrderingOnFailure = Wire["OrderingOnFailure"];
export type DeliveryStatus = Wire["DeliveryStatus"];
export type CircuitState = Wire["CircuitState"];
export type EventSummary = Camel<Wire["EventSummary"]>;
export type Figures = Camel<Wire["FiguresView"]>;
export type Figure = Figures["points"][number];
export type Sparkline = Camel<Wire["SparklineView"]>;
export type Status = Camel<Wire["StatusView"]>;
export type Alert = Status["alerts"][number];
export type FiredAlert = Camel<Wire["FiredAlertView"]>;
export type Metrics = Camel<Wire["MetricsView"]>;
export type Period = Wire["Period"];
export type Retention = Camel<Wire["RetentionView"]>;
/** An event with its payload as text, exactly as it is sent. */
export type Event = Omit<Camel<Wire["EventView"]>, "payload"> & { payloadText: string };
export type NewSubscription = Camel<Wire["CreateSubscription"]>;
export type SubscriptionChange = Camel<Wire["UpdateSubscription"]>;

export interface SubscriptionFilter {
  circuit?: CircuitState | undefined;
  isActive?: boolean | undefined;
  subscriberId?: string | undefined;
}

export interface DeadLetterFilter {
  subscriptionId?: string | undefined;
  subscriberId?: string | undefined;
  eventType?: string | undefined;
  errorClass?: string | undefined;
}

export function listSubscriptions(filter: SubscriptionFilter, cursor?: string, limit = PAGE_LIMIT_MAX): Promise<Page<Subscription>> {
  const { circuit, isActive, subscriberId } = filter;
  return call("GET", "/subscriptions", {
    query: { circuit, is_active: isActive, subscriber_id: subscriberId, cursor, limit },
  });
}

export function getSubscription(id: string): Promise<Subscription> {
  return call("GET", `/subscriptions/${id}`);
}

export function createSubscription(body: NewSubscription): Promise<SubscriptionWithSecret> {
  return call("POST", "/subscriptions", { body });
}

export function changeSubscription(id: string, body: SubscriptionChange): Promise<Subscription> {
  return call("PATCH", `/subscriptions/${id}`, { body });
}

export function deleteSubscription(id: string): Promise<void> {
  return call("DELETE", `/subscriptions/${id}`);
}

export function closeCircuit(id: string): Promise<Subscription> {
  return call("POST", `/subscriptions/${id}/circuit/close`);
}

/** Send a test event to one subscription alone. */
export function sendTest(id: string): Promise<{ eventId: string; deliveryId: string }> {
  return call("POST", `/subscriptions/${id}/test`);
}

export function rotateSecret(id: string, graceS: number): Promise<SubscriptionWithSecret> {
  return call("POST", `/subscriptions/${id}/rotate-secret`, { body: { graceS } });
}

export function listDeliveries(
  id: string,
  { status, cursor, limit = PAGE_LIMIT_MAX }: { status?: DeliveryStatus; cursor?: string | undefined; limit?: number },
): Promise<Page<Delivery>> {
  return call("GET", `/subscriptions/${id}/deliveries`, { query: { status, cursor, limit } });
}

export function getDelivery(id: string): Promise<Delivery> {
  return call("GET", `/deliveries/${id}`);
}

export function retryDelivery(id: string): Promise<{ deliveryId: string; scheduledAt: string }> {
  return call("POST", `/deliveries/${id}/retry`);
}

/** Let the later events of its ordering key go on without a delivery. */
export function skipDelivery(id: string): Promise<Delivery> {
  return call("POST", `/deliveries/${id}/skip`);
}

/** The ordering keys of a subscription whose later events wait for a delivery that failed for good. */
export function listBlockedKeys(id: string, cursor?: string, limit = PAGE_LIMIT_MAX): Promise<Page<BlockedKey>> {
  return call("GET", `/subscriptions/${id}/blocked-keys`, { query: { cursor, limit } });
}

export interface EventFilter {
  text?: string | undefined;
  eventType?: string | undefined;
  acceptedAfter?: string | undefined;
  acceptedBefore?: string | undefined;
}

export interface DeliveryFilter extends EventFilter {
  subscriptionId?: string | undefined;
  status?: DeliveryStatus | undefined;
  responseCode?: string | undefined;
  errorClass?: string | undefined;
}

export function listEvents(filter: EventFilter, cursor?: string, limit = PAGE_LIMIT_MAX): Promise<Page<EventSummary>> {
  return call("GET", "/events", { query: { ...eventQuery(filter), cursor, limit } });
}

/** Search for deliveries of all subscriptions. */
export function searchDeliveries(filter: DeliveryFilter, cursor?: string, limit = PAGE_LIMIT_MAX): Promise<Page<Delivery>> {
  const { subscriptionId, status, responseCode, errorClass } = filter;
  return call("GET", "/deliveries", {
    query: { ...eventQuery(filter), subscription_id: subscriptionId, status, response_code: responseCode, error_class: errorClass, cursor, limit },
  });
}

function eventQuery({ text, eventType, acceptedAfter, acceptedBefore }: EventFilter): Record<string, string | undefined> {
  return { q: text, event_type: eventType, accepted_after: acceptedAfter, accepted_before: acceptedBefore };
}

export async function getEvent(id: string): Promise<Event> {
  const text = await callForText("GET", `/events/${id}`);
  const { payload: _, ...event } = camelize(JSON.parse(text)) as Camel<Wire["EventView"]>;
  return { ...event, payloadText: memberText(text, "payload") ?? "null" };
}

/** Publish an event; `payloadText` is sent exactly as it is written. */
export async function publishEvent(
  eventType: string,
  payloadText: string,
  { key, orderingKey }: { key: string; orderingKey: string },
): Promise<{ eventId: string; queuedDeliveries: number }> {
  const ordering = orderingKey ? `, "ordering_key": ${JSON.stringify(orderingKey)}` : "";
  const body = `{"event_type": ${JSON.stringify(eventType)}, "payload": ${payloadText}, "idempotency_key": ${JSON.stringify(key)}${ordering}}`;
  return call("POST", "/events", { body });
}

export type FinishedStatus = Exclude<DeliveryStatus, "queued" | "waiting" | "retrying">;

/** Send a subscription's finished deliveries of a period again, as a job. */
export function replaySubscription(id: string, what: { since: string; until: string | null; statuses: FinishedStatus[] }): Promise<Job> {
  return call("POST", `/subscriptions/${id}/replay`, { body: what });
}

export function listDeadLetters(filter: DeadLetterFilter, cursor?: string, limit = PAGE_LIMIT_MAX): Promise<Page<DeadLetter>> {
  return call("GET", "/dead-letters", {
    query: {
      subscription_id: filter.subscriptionId,
      subscriber_id: filter.subscriberId,
      event_type: filter.eventType,
      error_class: filter.errorClass,
      cursor,
      limit,
    },
  });
}

export function replayDeadLetters(what: DeadLetterFilter | { deliveryIds: string[] }): Promise<Job> {
  return call("POST", "/dead-letters/replay", { body: what });
}

export function getStatus(): Promise<Status> {
  return call("GET", "/webhooks/status");
}

/** Figures of one subscription, or of the whole organisation. */
export function getFigures(period: Period, subscriptionId?: string): Promise<Figures> {
  return call("GET", subscriptionId ? `/subscriptions/${subscriptionId}/figures` : "/webhooks/figures", { query: { period } });
}

/** The hours of the times that metrics can be shown of, and the seconds of a point. */
const METRICS_HOURS: Record<Period, readonly [number, number]> = { hour: [1, 60], day: [24, 3_600], week: [168, 3_600] };

/** Metrics by event type, of one subscription or of the whole organisation. */
export function getMetrics(period: Period, subscriptionId?: string): Promise<Metrics> {
  const [hours, stepS] = METRICS_HOURS[period];
  const from = new Date(Date.now() - hours * 3_600_000).toISOString();
  return call("GET", "/metrics/webhooks", { query: { from, step_s: stepS, subscription_id: subscriptionId } });
}

/** The latest alerts that were fired, about one subscription or in the whole organisation. */
export function listAlerts(subscriptionId?: string): Promise<Page<FiredAlert>> {
  return call("GET", "/alerts", { query: { subscription_id: subscriptionId, limit: 10 } });
}

export async function listSparklines(): Promise<readonly Sparkline[]> {
  return (await call<{ sparklines: Sparkline[] }>("GET", "/webhooks/sparklines")).sparklines;
}

export function getRetention(): Promise<Retention> {
  return call("GET", "/webhooks/retention");
}

/** Keep what is published from now on for another time. */
export function updateRetention(retention: Retention["retention"]): Promise<Retention> {
  return call("PATCH", "/webhooks/retention", { body: { retention } });
}
