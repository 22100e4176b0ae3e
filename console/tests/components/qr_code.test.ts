import { render, screen } from "@testing-library/svelte";
import { encode } from "uqr";
import { expect, test } from "vitest";

import QrCode from "$/components/QrCode.svelte";

test("a QR code draws each dark module of its text once, and has a name", () => {
  const text = "otpauth://totp/Ninefold:ines@example.com?secret=JBSWY3DPEHPK3PXP&issuer=Ninefold";
  render(QrCode, { text, label: "QR code for the authenticator app" });
  const path = screen.getByRole("img", { name: "QR code for the authenticator app" }).querySelector("path");
  const dark = encode(text, { border: 4 }).data.flat().filter(Boolean).length;
  expect(path?.getAttribute("d")?.match(/M/g)).toHaveLength(dark);
});
