// A secret of the person's own, for providers that let one choose it.

const BYTES = 32;

/** Return 256 random bits in hex. */
export function randomSecret(): string {
  return [...crypto.getRandomValues(new Uint8Array(BYTES))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Return a stand-in for a secret that the provider shows later; it fits those with the prefix `whsec_`, too. */
export function placeholderSecret(): string {
  return `whsec_${btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(BYTES))))}`;
}
