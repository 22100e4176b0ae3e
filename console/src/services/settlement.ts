// Settlement and reconciliation: batches, bank files, statements, breaks, and days that are compared and closed.

import { call, upload, type Wire } from "./http";
import { PAGE_LIMIT_MAX, type Page } from "./pages";
import type { Camel } from "./shape";

export type Batch = Camel<Wire["BatchView"]>;
export type BatchDetails = Camel<Wire["BatchDetailsView"]>;
export type BatchLine = Camel<Wire["BatchLineView"]>;
export type Payout = Camel<Wire["PayoutView"]>;
export type Statement = Camel<Wire["StatementView"]>;
export type StatementLine = Camel<Wire["StatementLineView"]>;
export type Day = Camel<Wire["DayView"]>;
export type DayDetails = Camel<Wire["DayDetailsView"]>;
export type DayTotal = Camel<Wire["DayTotal"]>;
export type ComparedCount = Camel<Wire["ComparedCount"]>;
export type Item = Camel<Wire["ItemView"]>;
export type Break = Camel<Wire["BreakView"]>;
export type BreakType = Break["type"];
export type BreakState = Break["state"];
export type Resolution = Camel<Wire["ResolveBreak"]>;
export type MatchingOfBreak = Camel<Wire["MatchBreak"]>;
/** Work that has begun. */
export type StartedJob = Camel<Wire["StartedJobView"]>;

export interface BatchFilter {
  readonly merchantId?: string | undefined;
  readonly day?: string | undefined;
}

export function listBatches({ merchantId, day }: BatchFilter, cursor?: string, limit = PAGE_LIMIT_MAX): Promise<Page<Batch>> {
  return call("GET", "/payments/batches", { query: { merchant_id: merchantId, day, cursor, limit } });
}

export function getBatch(id: string): Promise<BatchDetails> {
  return call("GET", `/payments/batches/${id}`);
}

export function listBatchLines(id: string, cursor?: string, limit = PAGE_LIMIT_MAX): Promise<Page<BatchLine>> {
  return call("GET", `/payments/batches/${id}/lines`, { query: { cursor, limit } });
}

/** The batches that a payment's capture and refunds are in, with what became of each. */
export async function listBatchesOfPayment(paymentId: string): Promise<readonly BatchDetails[]> {
  const found = await call<readonly Batch[]>("GET", `/payments/intents/${paymentId}/batches`);
  return Promise.all(found.map((each) => getBatch(each.batchId)));
}

/** Do what is left of a day of the merchant; one that isn't over ends now. */
export function settleMerchant(merchantId: string, day: string): Promise<StartedJob> {
  return call("POST", `/payments/merchants/${merchantId}/settle`, { body: { day } });
}

/** The payouts that are with the bank. */
export async function listPayoutsInTransit(): Promise<readonly Payout[]> {
  return (await call<Page<Payout>>("GET", "/payments/payouts", { query: { state: "in_transit", limit: PAGE_LIMIT_MAX } })).items;
}

export function getPayout(id: string): Promise<Payout> {
  return call("GET", `/payments/payouts/${id}`);
}

/** Where a bank file is downloaded. */
export function bankFileHref(bankFileId: string): string {
  return `/api/v1/payments/bank-files/${bankFileId}/content`;
}

/** Where a batch's content, computed again, is downloaded. */
export function batchContentHref(batchId: string): string {
  return `/api/v1/payments/batches/${batchId}/content`;
}

export function listStatements(cursor?: string, limit = PAGE_LIMIT_MAX): Promise<Page<Statement>> {
  return call("GET", "/payments/statements", { query: { cursor, limit } });
}

export function getStatement(id: string): Promise<Statement> {
  return call("GET", `/payments/statements/${id}`);
}

export function listStatementLines(id: string, cursor?: string, limit = PAGE_LIMIT_MAX): Promise<Page<StatementLine>> {
  return call("GET", `/payments/statements/${id}/lines`, { query: { cursor, limit } });
}

/** Import a file from a bank: camt.053, or NACHA returns. */
export function importStatement(file: File, onprogress: (progress: number) => void, signal: AbortSignal): Promise<Statement> {
  return upload("/payments/statements", file, { query: { name: file.name }, onprogress, signal });
}

export function listDays(cursor?: string, limit = PAGE_LIMIT_MAX): Promise<Page<Day>> {
  return call("GET", "/payments/reconciliation/days", { query: { cursor, limit } });
}

export function getDay(day: string): Promise<DayDetails> {
  return call("GET", `/payments/reconciliation/days/${day}`);
}

export function listItems(day: string, onlyBreaks: boolean, cursor?: string, limit = PAGE_LIMIT_MAX): Promise<Page<Item>> {
  return call("GET", `/payments/reconciliation/days/${day}/items`, { query: { only_breaks: onlyBreaks || null, cursor, limit } });
}

/** Read the reports and statements, and compare. */
export function compareDay(day: string): Promise<StartedJob> {
  return call("POST", `/payments/reconciliation/days/${day}/runs`);
}

export function closeDay(day: string): Promise<Camel<Wire["ClosedDayView"]>> {
  return call("POST", `/payments/reconciliation/days/${day}/close`);
}

/** Where the report of a closed day is downloaded. */
export function dayReportHref(day: string): string {
  return `/api/v1/payments/reconciliation/days/${day}/report`;
}

export interface BreakFilter {
  readonly state?: BreakState | undefined;
  readonly type?: BreakType | undefined;
  readonly day?: string | undefined;
}

export function listBreaks({ state, type, day }: BreakFilter, cursor?: string, limit = PAGE_LIMIT_MAX): Promise<Page<Break>> {
  return call("GET", "/payments/reconciliation/breaks", { query: { state, type, day, cursor, limit } });
}

export function getBreak(id: string): Promise<Break> {
  return call("GET", `/payments/reconciliation/breaks/${id}`);
}

export function resolveBreak(id: string, body: Resolution): Promise<Break> {
  return call("POST", `/payments/reconciliation/breaks/${id}/resolve`, { body });
}

/** Say that the bank's line of a break is a payout. */
export function matchBreak(id: string, body: MatchingOfBreak): Promise<Break> {
  return call("POST", `/payments/reconciliation/breaks/${id}/match`, { body });
}
