/** What the palette can find: somewhere to go, or something to do. */
export interface Finding {
  readonly name: string;
  readonly kind: string;
  readonly href?: string;
  readonly act?: () => void;
}

/** The pages of the shell. */
export const PAGES: readonly Finding[] = [
  { name: "Overview", kind: "page", href: "/" },
  { name: "API keys", kind: "settings", href: "/settings/keys" },
  { name: "Members and invitations", kind: "settings", href: "/settings/members" },
  { name: "Account", kind: "settings", href: "/settings/account" },
  { name: "Personal tokens", kind: "settings", href: "/settings/tokens" },
  { name: "Sessions", kind: "settings", href: "/settings/sessions" },
  { name: "Audit log", kind: "settings", href: "/settings/audit-log" },
];
