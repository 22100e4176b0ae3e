// Payments: merchants, payments with their timeline, the ledger, and doubts that a person closes.

import { call, type Wire } from "./http";
import { listJobs, type Job } from "./jobs";
import { PAGE_LIMIT_MAX, type Page } from "./pages";
import { camelize, type Camel } from "./shape";
import { getEvent, type Delivery } from "./webhooks";

/** Pages of accounts that are read at most: each merchant has a handful a currency. */
const ACCOUNT_PAGES_MAX = 50;
/** Deliveries of a payment whose state is read. */
const NOTICES_MAX = 20;

export type Merchant = Camel<Wire["MerchantView"]>;
export type CreatedMerchant = Camel<Wire["CreatedMerchantView"]>;
export type MerchantChange = Camel<Wire["UpdateMerchant"]>;
export type NewMerchant = Camel<Wire["CreateMerchant"]>;

export type Payment = Camel<Wire["PaymentView"]>;
export type PaymentState = Payment["state"];
/** What else an entry of the timeline says depends on its type. */
export type PaymentEvent = Omit<Camel<Wire["TimelineEntryView"]>, "detail"> & { readonly detail: Readonly<Record<string, unknown>> };
export type PaymentDetails = Omit<Camel<Wire["PaymentDetailsView"]>, "timeline"> & { readonly timeline: readonly PaymentEvent[] };
/** One call to a processor. */
export type Attempt = Camel<Wire["ProcessorCallView"]>;
export type AttemptState = Attempt["state"];
export type Charge = Camel<Wire["ChargeView"]>;
export type Refund = Camel<Wire["RefundView"]>;
export type RefundReason = NonNullable<Refund["reason"]>;
/** A transfer that a payment has caused. */
export type Entry = Camel<Wire["PaymentEntryView"]>;
export type Account = Camel<Wire["LedgerAccountView"]>;
export type AccountKind = Account["kind"];
/** A transfer as an account sees it. */
export type AccountEntry = Camel<Wire["LedgerEntryView"]>;
/** What the merchant is told about a payment, and the endpoints that it is sent to. */
export type PaymentWebhookEvent = Camel<Wire["PaymentEventView"]>;
/** One event for one endpoint; without an endpoint, nobody is told. */
export interface PaymentNotice {
  readonly event: PaymentWebhookEvent;
  readonly url: string | null;
  readonly webhookEventId: string | null;
  /** Undefined as long as nothing is known about it. */
  readonly delivery: Delivery | undefined;
}
export type DoubtClosing = Camel<Wire["CloseDoubt"]>;
export type EvidenceKind = DoubtClosing["evidenceKind"];

export interface PaymentFilter {
  readonly state?: PaymentState | undefined;
  readonly merchantId?: string | undefined;
  readonly text?: string | undefined;
}

export function listMerchants(cursor?: string, limit = PAGE_LIMIT_MAX): Promise<Page<Merchant>> {
  return call("GET", "/payments/merchants", { query: { cursor, limit } });
}

export function getMerchant(id: string): Promise<Merchant> {
  return call("GET", `/payments/merchants/${id}`);
}

export function createMerchant(body: NewMerchant): Promise<CreatedMerchant> {
  return call("POST", "/payments/merchants", { body });
}

export function changeMerchant(id: string, body: MerchantChange): Promise<Merchant> {
  return call("PATCH", `/payments/merchants/${id}`, { body });
}

export function listPayments({ state, merchantId, text }: PaymentFilter, cursor?: string, limit = PAGE_LIMIT_MAX): Promise<Page<Payment>> {
  return call("GET", "/payments/intents", { query: { state, merchant_id: merchantId, q: text, cursor, limit } });
}

export function getPayment(id: string): Promise<PaymentDetails> {
  return call("GET", `/payments/intents/${id}`);
}

/** The journal's entries that a payment, its charges and its refunds have caused. */
export async function listPaymentEntries(id: string): Promise<readonly Entry[]> {
  return (await call<{ entries: Entry[] }>("GET", `/payments/intents/${id}/entries`)).entries;
}

/** What the merchant is told about a payment, oldest first. */
export async function listPaymentEvents(id: string): Promise<readonly PaymentWebhookEvent[]> {
  return (await call<{ events: PaymentWebhookEvent[] }>("GET", `/payments/intents/${id}/events`)).events;
}

/** How the deliveries of the newest events stand, by the event's id in webhook delivery. */
export async function deliveriesOf(events: readonly PaymentWebhookEvent[]): Promise<ReadonlyMap<string, Delivery | undefined>> {
  const ids = events.flatMap(({ endpoints }) => endpoints.map((each) => each.webhookEventId)).slice(-NOTICES_MAX);
  // An event that was deleted since, or that this person may not see, leaves the row without a state.
  const found = await Promise.all(ids.map((each) => getEvent(each).then(({ deliveries }) => deliveries[0], () => undefined)));
  return new Map(ids.map((each, index) => [each, found[index]]));
}

export function capturePayment(id: string, amount: number): Promise<PaymentDetails> {
  return call("POST", `/payments/intents/${id}/capture`, { body: { amount } });
}

export function cancelPayment(id: string): Promise<PaymentDetails> {
  return call("POST", `/payments/intents/${id}/cancel`, { body: {} });
}

export function refundPayment(id: string, body: { amount: number; reason: RefundReason | null }): Promise<PaymentDetails> {
  return call("POST", `/payments/intents/${id}/refunds`, { body });
}

/** Calls whose outcome nobody knows: those that are asked about, and those that need a person. */
export function listDoubts(state?: "in_doubt" | "needs_person", cursor?: string, limit = PAGE_LIMIT_MAX): Promise<Page<Attempt>> {
  return call("GET", "/payments/doubts", { query: { state, cursor, limit } });
}

/** Ask the processor now. */
export function inquire(attemptId: string): Promise<Attempt> {
  return call("POST", `/payments/doubts/${attemptId}/inquire`);
}

export function closeDoubt(attemptId: string, body: DoubtClosing): Promise<Attempt> {
  return call("POST", `/payments/doubts/${attemptId}/close`, { body });
}

export function listAccounts(merchantId?: string, cursor?: string, limit = PAGE_LIMIT_MAX): Promise<Page<Account>> {
  return call("GET", "/payments/accounts", { query: { merchant_id: merchantId, cursor, limit } });
}

export function getAccount(id: string): Promise<Account> {
  return call("GET", `/payments/accounts/${id}`);
}

export function listEntries(accountId: string, cursor?: string, limit = PAGE_LIMIT_MAX): Promise<Page<AccountEntry>> {
  return call("GET", `/payments/accounts/${accountId}/entries`, { query: { cursor, limit } });
}

/** All accounts, of the organisation and of all merchants. */
export async function listAllAccounts(): Promise<readonly Account[]> {
  const found: Account[] = [];
  for (let cursor: string | undefined, pages = 0; pages < ACCOUNT_PAGES_MAX; pages++) {
    const page = await listAccounts(undefined, cursor);
    found.push(...page.items);
    if (page.nextCursor === null) break;
    cursor = page.nextCursor;
  }
  return found;
}

/** What an audit has found. */
export interface Audit {
  readonly transfers: number;
  readonly unsealed: number;
  readonly accounts: number;
  readonly blocks: number;
  readonly lastHash: string | null;
  readonly faults: readonly string[];
  readonly faultCount: number;
}
export type AuditJob = Omit<Job, "result"> & { readonly result: Audit | null };

/** Verify the ledger, as a job. */
export function startAudit(): Promise<Job> {
  return call("POST", "/payments/audits");
}

/** The newest audit; null if there was none. */
export async function lastAudit(): Promise<AuditJob | null> {
  const job = (await listJobs("payments.audit", undefined, 1)).items[0];
  return job ? { ...job, result: job.result ? (camelize(job.result) as Audit) : null } : null;
}
