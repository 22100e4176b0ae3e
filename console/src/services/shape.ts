// The API writes `next_attempt_at`, TypeScript `nextAttemptAt`: the same shape, as a type and at run time.

type CamelText<Text extends string> = Text extends `${infer Head}_${infer Tail}` ? `${Head}${Capitalize<CamelText<Tail>>}` : Text;

/** A type of the API with its fields in camel case, at every depth. */
export type Camel<T> = T extends readonly (infer Item)[]
  ? Camel<Item>[]
  : T extends object
    ? { [Key in keyof T as Key extends string ? CamelText<Key> : Key]: Camel<T[Key]> }
    : T;

/** Fields whose content belongs to somebody else, and keeps its names. */
const OPAQUE = new Set(["payload", "result", "options", "body_json", "body_form", "blocks", "view"]);

/** Return a response's content with its fields in camel case. */
export function camelize(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(camelize);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [toCamel(key), OPAQUE.has(key) ? inner : camelize(inner)]),
  );
}

/** Return a request's content with its fields in snake case; fields that are undefined are left out. */
export function snakify(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(snakify);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [toSnake(key), OPAQUE.has(key) ? inner : snakify(inner)]),
  );
}

function toCamel(text: string): string {
  return text.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

function toSnake(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
