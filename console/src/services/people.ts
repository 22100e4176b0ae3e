// People and keys: what the settings pages show and change.

import { call, type Wire } from "./http";
import { PAGE_LIMIT_MAX, type Page } from "./pages";
import type { Role } from "./session.svelte";
import type { Camel } from "./shape";

export type Account = Camel<Wire["AccountView"]>;
export type ApiKey = Camel<Wire["ApiKeyView"]>;
export type CreatedApiKey = Camel<Wire["CreatedApiKeyView"]>;
export type PersonalToken = Camel<Wire["PersonalTokenView"]>;
export type CreatedPersonalToken = Camel<Wire["CreatedPersonalTokenView"]>;
export type Member = Camel<Wire["MemberView"]>;
export type Invitation = Camel<Wire["InvitationView"]>;
export type CreatedInvitation = Camel<Wire["CreatedInvitationView"]>;
export type SessionSummary = Camel<Wire["SessionSummaryView"]>;
export type AuditEntry = Camel<Wire["AuditEntryView"]>;
export type Totp = Camel<Wire["TotpView"]>;

export async function listApiKeys(): Promise<ApiKey[]> {
  return (await call<{ items: ApiKey[] }>("GET", "/api-keys")).items;
}

export function createApiKey(body: { name: string; role: Role }): Promise<CreatedApiKey> {
  return call("POST", "/api-keys", { body });
}

export function revokeApiKey(id: string): Promise<void> {
  return call("DELETE", `/api-keys/${id}`);
}

export async function listPersonalTokens(): Promise<PersonalToken[]> {
  return (await call<{ items: PersonalToken[] }>("GET", "/personal-tokens")).items;
}

export function createPersonalToken(body: { name: string; role: Role; expiresInS: number | null }): Promise<CreatedPersonalToken> {
  return call("POST", "/personal-tokens", { body });
}

export function revokePersonalToken(id: string): Promise<void> {
  return call("DELETE", `/personal-tokens/${id}`);
}

export function listMembers(cursor?: string): Promise<Page<Member>> {
  return call("GET", "/members", { query: { cursor, limit: PAGE_LIMIT_MAX } });
}

export function changeRole(accountId: string, role: Role): Promise<Member> {
  return call("PATCH", `/members/${accountId}`, { body: { role } });
}

export function removeMember(accountId: string): Promise<void> {
  return call("DELETE", `/members/${accountId}`);
}

export function listInvitations(cursor?: string): Promise<Page<Invitation>> {
  return call("GET", "/invitations", { query: { cursor, limit: PAGE_LIMIT_MAX } });
}

export function invite(body: { email: string; role: Role }): Promise<CreatedInvitation> {
  return call("POST", "/invitations", { body });
}

export function revokeInvitation(id: string): Promise<void> {
  return call("DELETE", `/invitations/${id}`);
}

export async function listSessions(): Promise<SessionSummary[]> {
  return (await call<{ items: SessionSummary[] }>("GET", "/sessions")).items;
}

export function endSession(id: string): Promise<void> {
  return call("DELETE", `/sessions/${id}`);
}

export function listAuditLog(result: string | undefined, cursor?: string): Promise<Page<AuditEntry>> {
  return call("GET", "/audit-log", { query: { result, cursor, limit: PAGE_LIMIT_MAX } });
}

export function getAccount(): Promise<Account> {
  return call("GET", "/account");
}

export function changeName(name: string): Promise<Account> {
  return call("PATCH", "/account", { body: { name } });
}

export function changePassword(body: { currentPassword: string; password: string }): Promise<void> {
  return call("PUT", "/account/password", { body });
}

export function beginTotp(password: string): Promise<Totp> {
  return call("POST", "/account/totp", { body: { password } });
}

export async function enableTotp(code: string): Promise<string[]> {
  return (await call<{ recoveryCodes: string[] }>("POST", "/account/totp/enable", { body: { code } })).recoveryCodes;
}

export function disableTotp(password: string): Promise<void> {
  return call("POST", "/account/totp/disable", { body: { password } });
}
