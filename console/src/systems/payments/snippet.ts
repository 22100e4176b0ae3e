/** A Python program that makes a payment with the official SDK. */
export function snippetOf(origin: string, secretKey = "sk_test_…"): string {
  return [
    "import stripe",
    "",
    `stripe.api_key = "${secretKey}"`,
    `stripe.api_base = "${origin}/stripe"`,
    "stripe.PaymentIntent.create(",
    '    amount=1999, currency="usd", confirm=True,',
    '    payment_method="pm_card_visa", payment_method_types=["card"],',
    ")",
  ].join("\n");
}
