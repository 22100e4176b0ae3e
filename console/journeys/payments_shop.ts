// What the journeys through payments share: a merchant's program, the bank's statement, and what axe finds.

import { readFileSync } from "node:fs";
import { join } from "node:path";

import type { Page } from "playwright-core";

import type { Ninefold } from "./ninefold";

const AXE = readFileSync(join(import.meta.dirname, "../node_modules/axe-core/axe.min.js"), "utf8");

export interface Paid {
  readonly id: string;
  readonly status: string;
}

/** A line of a statement in dollars: negative minor units are paid out. */
export interface BankLine {
  readonly amount: number;
  readonly reference?: string;
  readonly text?: string;
}

/** Today, in UTC. */
export function today(): string {
  return new Date().toISOString().slice(0, 10);
}

/** Pay as a program of the merchant does, with Stripe's API. */
export async function pay(ninefold: Ninefold, secretKey: string, token: string, amount: number, fields: Record<string, string> = {}): Promise<Paid> {
  const form = new URLSearchParams({ amount: String(amount), currency: "usd", confirm: "true", payment_method: `pm_card_${token}`, "payment_method_types[]": "card", ...fields });
  const response = await fetch(`${ninefold.url}/stripe/v1/payment_intents`, { method: "POST", headers: { Authorization: `Bearer ${secretKey}` }, body: form });
  const answer = (await response.json()) as Paid & { error?: { payment_intent: Paid } };
  return answer.error?.payment_intent ?? answer;
}

/** A statement of a bank in camt.053, of today. */
export function statementOf(lines: readonly BankLine[]): string {
  const day = today();
  return `<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt>
<GrpHdr><MsgId>M1</MsgId><CreDtTm>${day}T06:14:00</CreDtTm></GrpHdr>
<Stmt><Id>S-330</Id><CreDtTm>${day}T06:14:00</CreDtTm><Acct><Id><Othr><Id>5550001</Id></Othr></Id><Ccy>USD</Ccy></Acct>
${lines.map((line) => entryOf(line, day)).join("\n")}
</Stmt></BkToCstmrStmt></Document>`;
}

function entryOf({ amount, reference, text }: BankLine, day: string): string {
  const cents = Math.abs(amount);
  const value = `${Math.trunc(cents / 100)}.${String(cents % 100).padStart(2, "0")}`;
  const refs = `${reference ? `<Refs><EndToEndId>${reference}</EndToEndId></Refs>` : ""}${text ? `<RmtInf><Ustrd>${text}</Ustrd></RmtInf>` : ""}`;
  return `<Ntry><Amt Ccy="USD">${value}</Amt><CdtDbtInd>${amount < 0 ? "DBIT" : "CRDT"}</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>${day}</Dt></BookgDt><NtryDtls><TxDtls>${refs}</TxDtls></NtryDtls></Ntry>`;
}

/** What axe finds wrong on a page. */
export async function faultsOf(of: Page): Promise<string[]> {
  await of.evaluate(AXE);
  return of.evaluate(async () => {
    const { axe } = window as unknown as { axe: { run: () => Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> } };
    const { violations } = await axe.run();
    return violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`);
  });
}
