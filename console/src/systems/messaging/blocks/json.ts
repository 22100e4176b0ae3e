// Blocks come from programs: each field may be missing, or something else than it should be.

export type Json = Readonly<Record<string, unknown>>;

export function isRecord(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A text field; empty if it is none. */
export function textIn(value: Json, field: string): string {
  const found = value[field];
  return typeof found === "string" ? found : "";
}

/** An object field; empty if it is none. */
export function recordIn(value: Json, field: string): Json {
  const found = value[field];
  return isRecord(found) ? found : {};
}

/** The objects of a list field. */
export function listIn(value: Json, field: string): Json[] {
  const found = value[field];
  return Array.isArray(found) ? found.filter(isRecord) : [];
}
