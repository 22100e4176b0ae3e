// What a merchant was told about a payment, as one row for each endpoint.

import type { PaymentNotice, PaymentWebhookEvent } from "$/services/payments";
import type { Delivery } from "$/services/webhooks";

/** Such as `shop.example.com`, of an endpoint's address. */
export function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : url;
}

/** A row for each endpoint of each event; one without an endpoint has a row, too. */
export function noticesOf(events: readonly PaymentWebhookEvent[], deliveries: ReadonlyMap<string, Delivery | undefined>): PaymentNotice[] {
  return events.flatMap((event): PaymentNotice[] =>
    event.endpoints.length === 0
      ? [{ event, url: null, webhookEventId: null, delivery: undefined }]
      : event.endpoints.map(({ url, webhookEventId }) => ({ event, url, webhookEventId, delivery: deliveries.get(webhookEventId) })),
  );
}
