// Secrets of the person's own, for providers that let one choose it, and stand-ins for those that are shown later.

const BYTES = 32;

/** Where a person chooses the secret, and enters it at both ends. */
const CHOSEN = new Set(["api_key", "basic", "bitbucket", "github", "gitlab", "hmac", "typeform"]);

/** Where the secret is shown only after the URL was entered. */
const SHOWN_LATER = new Set(["linear", "paddle", "pagerduty", "sentry", "shopify", "square", "standard_webhooks", "stripe", "svix", "zendesk"]);

export function isChosen(provider: string): boolean {
  return CHOSEN.has(provider);
}

export function isShownLater(provider: string): boolean {
  return SHOWN_LATER.has(provider);
}

/** Return 256 random bits in hex. */
export function randomSecret(): string {
  return [...randomBytes()].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Return a stand-in for a secret that is shown later; it has the form of those that begin with `whsec_`, too. */
export function standInSecret(): string {
  return `whsec_${btoa(String.fromCharCode(...randomBytes()))}`;
}

function randomBytes(): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(BYTES));
}
