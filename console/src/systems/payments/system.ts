// What the shell needs to know of payments.

import Landmark from "@lucide/svelte/icons/landmark";

import { listMerchants } from "$/services/payments";
import type { ConsoleSystem } from "$/systems/registry";

import Mark from "./Mark.svelte";

export const payments: ConsoleSystem = {
  name: "payments",
  title: "Payments",
  place: 2,
  icon: Landmark,
  mark: Mark,
  overview: () => import("./Overview.svelte"),
  routes: [
    { pattern: "/payments", load: () => import("./Payments.svelte") },
    { pattern: "/payments/intents/:id", load: () => import("./Payment.svelte") },
    { pattern: "/payments/in-doubt", load: () => import("./InDoubt.svelte") },
    { pattern: "/payments/ledger", load: () => import("./Ledger.svelte") },
    { pattern: "/payments/accounts/:id", load: () => import("./Account.svelte") },
    { pattern: "/payments/merchants", load: () => import("./Merchants.svelte") },
    { pattern: "/payments/merchants/:id", load: () => import("./Merchant.svelte") },
    { pattern: "/payments/batches", load: () => import("./Batches.svelte") },
    { pattern: "/payments/batches/:id", load: () => import("./Batch.svelte") },
    { pattern: "/payments/breaks", load: () => import("./Breaks.svelte") },
    { pattern: "/payments/reconciliation", load: () => import("./Reconciliation.svelte") },
    { pattern: "/payments/reconciliation/:day", load: () => import("./ReconciliationDay.svelte") },
    { pattern: "/payments/statements", load: () => import("./Statements.svelte") },
  ],
  pages: [
    { name: "Payments", kind: "payments", href: "/payments" },
    { name: "Payments in doubt", kind: "payments", href: "/payments/in-doubt" },
    { name: "Ledger", kind: "payments", href: "/payments/ledger" },
    { name: "Merchants", kind: "payments", href: "/payments/merchants" },
    { name: "Batches", kind: "payments", href: "/payments/batches" },
    { name: "Breaks", kind: "payments", href: "/payments/breaks" },
    { name: "Reconciliation", kind: "payments", href: "/payments/reconciliation" },
    { name: "Bank statements", kind: "payments", href: "/payments/statements" },
  ],
  find: async () => (await listMerchants()).items.map(({ name, merchantId }) => ({ name, kind: "merchant", href: `/payments/merchants/${merchantId}` })),
  search: (text) => [{ name: `Payments with “${text}”`, kind: "search", href: `/payments?find=${encodeURIComponent(text)}` }],
  idLinks: new Map([
    ["pi", (id) => `/payments/intents/${id}`],
    ["acct", (id) => `/payments/accounts/${id}`],
    ["bat", (id) => `/payments/batches/${id}`],
    ["brk", (id) => `/payments/breaks?state=all&break=${id}`],
    ["stm", (id) => `/payments/statements?statement=${id}`],
    ["mer", (id) => `/payments/merchants/${id}`],
  ]),
};
