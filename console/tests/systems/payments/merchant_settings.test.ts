import { fireEvent, render, screen, waitFor } from "@testing-library/svelte";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { RefusedError } from "$/services/http";
import * as payments from "$/services/payments";
import { current } from "$/services/session.svelte";
import MerchantSettings from "$/systems/payments/MerchantSettings.svelte";

import { merchant } from "./sample";

const change = vi.spyOn(payments, "changeMerchant");

beforeEach(() => {
  vi.spyOn(current, "canWrite", "get").mockReturnValue(true);
});
afterEach(() => {
  change.mockReset();
});

function field(label: string): HTMLInputElement {
  return screen.getByLabelText(label);
}

async function save(): Promise<void> {
  await fireEvent.click(screen.getByRole("button", { name: "Save" }));
}

test("amounts and shares are sent in minor units and hundredths of a percent, and an account number only if it is new", async () => {
  change.mockResolvedValue(merchant());
  const onchange = vi.fn();
  render(MerchantSettings, { merchant: merchant(), onchange });
  await fireEvent.input(field("Fee in percent"), { target: { value: "1.45" } });
  await fireEvent.input(field("Fee in USD"), { target: { value: "0.3" } });
  await fireEvent.input(field("Name of the merchant"), { target: { value: "Kestrel Outdoor EU" } });
  await save();
  await waitFor(() => expect(onchange).toHaveBeenCalledOnce());
  expect(change).toHaveBeenCalledWith("mer_1", expect.objectContaining({ name: "Kestrel Outdoor EU", feeBps: 145, feeFixed: 30, payoutMinimum: 0, holdDays: 2 }));
  expect(change.mock.calls[0]?.[1]).not.toHaveProperty("bankAccountNumber");
});

test("the decimals of an amount are those of the currency", async () => {
  render(MerchantSettings, { merchant: merchant({ defaultCurrency: "JPY", feeFixed: 40 }), onchange: vi.fn() });
  expect(field("Fee in JPY").value).toBe("40");
  await fireEvent.input(field("Fee in JPY"), { target: { value: "40.5" } });
  expect(screen.getByText("An amount in JPY.")).toBeTruthy();
  expect(screen.getByRole<HTMLButtonElement>("button", { name: "Save" }).disabled).toBe(true);
});

test("a bank account is shown by its last four, and the field for its number stays empty after it was saved", async () => {
  change.mockResolvedValue(merchant());
  render(MerchantSettings, { merchant: merchant({ bankAccountLast4: "4321" }), onchange: vi.fn() });
  expect([field("Account number").value, field("Account number").placeholder]).toEqual(["", "•••• 4321"]);
  await fireEvent.input(field("Account number"), { target: { value: "000987654321" } });
  await save();
  await waitFor(() => expect(field("Account number").value).toBe(""));
  expect(change).toHaveBeenCalledWith("mer_1", expect.objectContaining({ bankAccountNumber: "000987654321" }));
});

test("what the server refuses stands at its field", async () => {
  change.mockRejectedValue(new RefusedError({ status: 422, code: "invalid_merchant", title: "Invalid merchant", detail: "'Mars/Base' is no time zone.", field: "time_zone" } as unknown as RefusedError["problem"]));
  render(MerchantSettings, { merchant: merchant(), onchange: vi.fn() });
  await save();
  await screen.findByText(/is no time zone/);
  expect(field("Time zone").getAttribute("aria-invalid")).toBe("true");
});

test("a person who only reads can't change anything", () => {
  vi.spyOn(current, "canWrite", "get").mockReturnValue(false);
  render(MerchantSettings, { merchant: merchant(), onchange: vi.fn() });
  expect(screen.queryByRole("button", { name: "Save" })).toBeNull();
  expect(field("Cut-off").closest("fieldset")?.disabled).toBe(true);
});
