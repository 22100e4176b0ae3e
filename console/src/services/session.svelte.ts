// Who is signed in, in which organisation, and what they may do there.

import { feed } from "./feed";
import { call, setCsrfToken, type Wire } from "./http";
import type { Camel } from "./shape";

export type Session = Camel<Wire["SessionView"]>;
export type Role = Wire["Role"];
export type FoundInvitation = Camel<Wire["FoundInvitationView"]>;

class Current {
  session = $state<Session | null>(null);
  isKnown = $state(false);

  get organisation(): { organisationId: string; name: string; role: Role } | undefined {
    return this.session?.organisations.find((each) => each.organisationId === this.session?.organisationId);
  }

  /** Whether the person may change what the systems have. */
  get canWrite(): boolean {
    return this.session?.role !== "viewer" && this.session?.role !== null;
  }

  get isAdmin(): boolean {
    return this.session?.role === "admin" || this.session?.role === "owner";
  }

  begin(session: Session): void {
    if (this.session && this.session.organisationId !== session.organisationId) feed.reset();
    setCsrfToken(session.csrfToken);
    this.session = session;
    this.isKnown = true;
  }

  end(): void {
    feed.reset();
    this.session = null;
    this.isKnown = true;
  }
}

export const current = new Current();

/** Find out who is signed in. */
export async function loadSession(): Promise<void> {
  current.begin(await call<Session>("GET", "/session"));
}

export async function isSetUpNeeded(): Promise<boolean> {
  return (await call<{ isNeeded: boolean }>("GET", "/setup")).isNeeded;
}

export async function setUp(body: { token: string; email: string; name: string; password: string }): Promise<void> {
  current.begin(await call<Session>("POST", "/setup", { body }));
}

/** Sign in. Without a `code` where one is needed, the server refuses with `second_factor_required`. */
export async function signIn(body: { email: string; password: string; code?: string }): Promise<void> {
  current.begin(await call<Session>("POST", "/session", { body }));
}

export async function signOut(): Promise<void> {
  await call("DELETE", "/session");
  current.end();
}

export async function switchOrganisation(organisationId: string): Promise<void> {
  current.begin(await call<Session>("PATCH", "/session", { body: { organisationId } }));
}

export function findInvitation(token: string): Promise<FoundInvitation> {
  return call("POST", "/invitations/find", { body: { token } });
}

export async function signUp(body: { token: string; name: string; password: string }): Promise<void> {
  current.begin(await call<Session>("POST", "/invitations/sign-up", { body }));
}

export async function acceptInvitation(token: string): Promise<void> {
  const accepted = await call<{ organisationId: string }>("POST", "/invitations/accept", { body: { token } });
  await switchOrganisation(accepted.organisationId);
}

export async function resetPassword(body: { token: string; password: string }): Promise<void> {
  await call("POST", "/password-reset", { body });
}
