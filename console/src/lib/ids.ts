// Ids such as `sub_01h455vb4pex5vsknk084sn02q`, and where they lead.

/** The address of what an id names, by the id's prefix. */
export type IdLinks = ReadonlyMap<string, (id: string) => string>;

const ID = /^([a-z]+)_[0-9a-z]{26}$/;

/** Where a whole id leads; undefined if the text isn't an id with one of these prefixes. */
export function hrefOfId(links: IdLinks, text: string): string | undefined {
  const prefix = ID.exec(text)?.[1];
  return prefix === undefined ? undefined : links.get(prefix)?.(text);
}
