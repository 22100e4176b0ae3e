// A payment as the API shows it, for tests.

import type { Account, AccountEntry, Attempt, Charge, Entry, Merchant, PaymentDetails, PaymentEvent } from "$/services/payments";
import type { BatchDetails } from "$/services/settlement";

export function attempt(fields: Partial<Attempt> = {}): Attempt {
  return {
    attemptId: "att_1",
    paymentId: "pi_1",
    merchantId: "mer_1",
    refundId: null,
    operation: "authorise",
    state: "succeeded",
    amount: 24_850,
    currency: "USD",
    processor: "simulator",
    processorReference: "auth_77213",
    errorCode: null,
    errorMessage: null,
    createdAt: "2026-11-19T15:12:04Z",
    finishedAt: "2026-11-19T15:12:05Z",
    inDoubtSince: null,
    inquiryCount: 0,
    nextInquiryAt: null,
    deadlineAt: null,
    evidenceKind: null,
    evidence: null,
    closedBy: null,
    ...fields,
  };
}

export function charge(fields: Partial<Charge> = {}): Charge {
  return {
    chargeId: "ch_1",
    state: "succeeded",
    amount: 24_850,
    currency: "USD",
    amountCaptured: 24_850,
    amountRefunded: 0,
    amountRefunding: 0,
    fee: 373,
    reserve: 0,
    processorReference: "auth_77213",
    errorCode: null,
    declineCode: null,
    errorMessage: null,
    createdAt: "2026-11-19T15:12:04Z",
    capturedAt: "2026-11-19T15:12:47Z",
    availableAt: "2026-11-23T05:00:00Z",
    releasedAt: null,
    voidedAt: null,
    ...fields,
  };
}

export function event(version: number, type: string, at: string, detail: PaymentEvent["detail"] = {}): PaymentEvent {
  return { version, type, at, detail };
}

export function payment(fields: Partial<PaymentDetails> = {}): PaymentDetails {
  return {
    paymentId: "pi_1",
    merchantId: "mer_1",
    state: "succeeded",
    amount: 24_850,
    currency: "USD",
    captureMethod: "automatic",
    amountCapturable: 0,
    amountReceived: 24_850,
    amountRefunded: 0,
    customerId: null,
    paymentMethodId: "pm_1",
    description: "order 104218",
    metadata: {},
    errorCode: null,
    declineCode: null,
    errorMessage: null,
    inDoubtSince: null,
    captureBefore: null,
    cancelReason: null,
    createdAt: "2026-11-19T15:12:04Z",
    updatedAt: "2026-11-19T15:12:47Z",
    liveChannel: "payments.changes:org_1",
    timeline: [event(1, "created", "2026-11-19T15:12:04Z"), event(2, "captured", "2026-11-19T15:12:47Z", { amount: 24_850, fee: 373 })],
    attempts: [attempt()],
    charges: [charge()],
    refunds: [],
    card: { brand: "visa", last4: "4242", expMonth: 12, expYear: 2034 },
    ...fields,
  };
}

export function entry(fields: Partial<Entry> = {}): Entry {
  return {
    transferId: "txf_1",
    sequence: 1,
    kind: "posted",
    debitAccountId: "acct_1",
    debitKind: "processor_receivable",
    creditAccountId: "acct_2",
    creditKind: "merchant_held",
    amount: 24_850,
    currency: "USD",
    causeType: "capture",
    at: "2026-11-19T15:12:47Z",
    ...fields,
  };
}

export function account(fields: Partial<Account> = {}): Account {
  return {
    accountId: "acct_2",
    merchantId: "mer_1",
    kind: "merchant_held",
    currency: "USD",
    balance: 24_477,
    pending: 0,
    postedDebits: 373,
    postedCredits: 24_850,
    pendingDebits: 0,
    pendingCredits: 0,
    ...fields,
  };
}

export function accountEntry(fields: Partial<AccountEntry> = {}): AccountEntry {
  return {
    transferId: "txf_1",
    sequence: 1,
    kind: "posted",
    side: "credit",
    amount: 24_850,
    currency: "USD",
    otherAccountId: "acct_1",
    pendingTransferId: null,
    causeType: "capture",
    causeId: "0199",
    paymentId: "pi_1",
    batchId: null,
    at: "2026-11-19T15:12:47Z",
    ...fields,
  };
}

export function batch(fields: Partial<BatchDetails> = {}): BatchDetails {
  return {
    batchId: "bat_1",
    merchantId: "mer_1",
    currency: "USD",
    day: "2026-11-23",
    cutoffAt: "2026-11-23T22:00:00Z",
    state: "delivered",
    payoutState: "in_transit",
    openingAmount: 0,
    captureCount: 1_205,
    captureAmount: 6_291_760,
    feeAmount: 93_140,
    reserveAmount: 0,
    reserveReleasedAmount: 0,
    refundCount: 8,
    refundAmount: -10_283,
    returnedAmount: 0,
    correctionAmount: 0,
    lineCount: 1_213,
    payoutAmount: 6_188_337,
    carriedAmount: 0,
    carriedReason: null,
    accountId: "acct_3",
    afterSequence: 87_190,
    lastSequence: 88_412,
    sha256: "00",
    bankFileId: "bfl_1",
    computedAt: "2026-11-23T22:00:01Z",
    postedAt: "2026-11-23T22:00:02Z",
    fileWrittenAt: "2026-11-23T22:02:11Z",
    deliveredAt: "2026-11-23T22:02:12Z",
    liveChannel: "payments.settlement:org_1",
    payout: null,
    bankFile: null,
    statementLines: [],
    ...fields,
  };
}

export function merchant(fields: Partial<Merchant> = {}): Merchant {
  return {
    merchantId: "mer_1",
    name: "Kestrel Outdoor US",
    country: "US",
    defaultCurrency: "USD",
    processor: "simulator",
    timeZone: "America/New_York",
    cutoff: "17:00",
    feeBps: 140,
    feeFixed: 25,
    fees: [],
    holdDays: 2,
    firstPayoutDays: 7,
    reserveBps: 0,
    reserveDays: 0,
    payoutMinimum: 0,
    bankAccountName: null,
    bankRoutingNumber: null,
    bankAccountLast4: null,
    bankAccountKind: null,
    createdAt: "2026-11-01T00:00:00Z",
    ...fields,
  };
}
