// Words, numbers and ids.

const NUMBER = new Intl.NumberFormat("en-GB");

/** Such as `48,211`. */
export function numberText(value: number): string {
  return NUMBER.format(value);
}

/** Such as `1 delivery` and `214 deliveries`. */
export function countText(count: number, one: string, many = `${one}s`): string {
  return `${numberText(count)} ${count === 1 ? one : many}`;
}

/** The prefix and the last six characters, because the first ten are the time and look alike. */
export function shortId(id: string): string {
  const [prefix, rest] = [id.slice(0, id.indexOf("_")), id.slice(-6)];
  return `${prefix}_…${rest}`;
}

/** What a subscription is called: its description, or its host. */
export function nameOf(subscription: { description: string; url: string }): string {
  return subscription.description || hostOf(subscription.url);
}

export function hostOf(url: string): string {
  try {
    return new URL(url).host;
  } catch {
    return url;
  }
}

/** Quote a text for a POSIX shell. */
export function shellText(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
