// The way of a batch to the bank, as stations.

import { countText } from "$/lib/text";
import type { BatchDetails } from "$/services/settlement";

import { zoneTimeText } from "./days";
import { moneyText } from "./money";
import type { Station } from "./path";

export function batchStations(batch: BatchDetails, timeZone: string): Station[] {
  const reached = (word: string, at: string | null, what: string): Station => ({
    word,
    state: at === null ? "queued" : "succeeded",
    when: at === null ? "" : zoneTimeText(at, timeZone),
    what: at === null ? "" : what,
    isAfterDoubt: false,
  });
  const computed = [reached("Cut-off", batch.cutoffAt, "the merchant’s day ends"), reached("Computed", batch.computedAt, countText(batch.lineCount, "entry", "entries"))];
  if (batch.state === "carried") return [...computed, { ...reached("Carried", batch.computedAt, moneyText(batch.carriedAmount, batch.currency)), state: "waiting" }];
  const paid: Station = batch.payout?.failedAt ? { ...reached("Returned", batch.payout.failedAt, batch.payout.failureCode ?? ""), state: "failed" } : reached("On the statement", batch.payout?.paidAt ?? null, moneyText(batch.payout?.paidAmount ?? batch.payoutAmount, batch.currency));
  return [
    ...computed,
    reached("Posted", batch.postedAt, moneyText(batch.payoutAmount, batch.currency)),
    reached("In the bank file", batch.fileWrittenAt, batch.bankFile?.name ?? ""),
    reached("Delivered", batch.deliveredAt, "to the bank"),
    paid,
  ];
}
