// Which program a session belongs to, in words: `Chrome 150 on Linux`.

// The order matters: Edge and Opera also call themselves Chrome, and all of them call themselves Safari.
const BROWSERS: readonly (readonly [string, RegExp])[] = [
  ["Edge", /\bEdg(?:A|iOS)?\/(\d+)/],
  ["Opera", /\bOPR\/(\d+)/],
  ["Firefox", /\b(?:Firefox|FxiOS)\/(\d+)/],
  ["Chrome", /\b(?:Headless)?(?:Chrome|CriOS)\/(\d+)/],
  ["Safari", /\bVersion\/(\d+).*\bSafari\//],
];
const SYSTEMS: readonly (readonly [string, RegExp])[] = [
  ["Android", /\bAndroid\b/],
  ["iPhone", /\biPhone\b/],
  ["iPad", /\biPad\b/],
  ["Windows", /\bWindows\b/],
  ["macOS", /\bMac OS X\b/],
  ["ChromeOS", /\bCrOS\b/],
  ["Linux", /\bLinux\b/],
];

/** A `User-Agent` in words; what is no known browser stays as it is. */
export function browserText(client: string): string {
  for (const [name, pattern] of BROWSERS) {
    const version = pattern.exec(client)?.[1];
    if (!version) continue;
    const system = SYSTEMS.find(([, mark]) => mark.test(client))?.[0];
    return `${name} ${version}${system ? ` on ${system}` : ""}`;
  }
  return client || "unknown";
}
