// Video: titles and their ladders, uploads, profiles and what they watch, plays, figures of experience.

import { call, send } from "./http";
import { PAGE_LIMIT_MAX, type Page } from "./pages";

export type TitleStatus = "uploading" | "processing" | "ready" | "failed" | "canceled";

/** One quality of a title, or its sound. */
export interface Rung {
  readonly name: string;
  readonly kind: "video" | "audio";
  readonly width: number | null;
  readonly height: number | null;
  /** Bits a second. */
  readonly bitrateMax: number;
  readonly bitrateMean: number | null;
  readonly codecs: string | null;
  readonly vmaf: number | null;
  readonly segmentsReady: number;
  readonly readyUntilS: number;
  readonly isComplete: boolean;
}

export interface TitleUpload {
  readonly uploadId: string;
  readonly bytesReceived: number;
  readonly bytesTotal: number;
  readonly expiresAt: string;
}

/** A film, and how far it is. */
export interface Title {
  readonly titleId: string;
  readonly name: string;
  readonly description: string;
  readonly tags: readonly string[];
  /** The youngest age that it is for. */
  readonly maturity: number;
  readonly status: TitleStatus;
  readonly why: string | null;
  readonly durationS: number | null;
  readonly width: number | null;
  readonly height: number | null;
  readonly posterUrl: string | null;
  readonly hlsUrl: string | null;
  readonly dashUrl: string | null;
  readonly upload: TitleUpload | null;
  readonly chunksReady: number;
  readonly chunksTotal: number;
  readonly etaS: number | null;
  readonly rungs: readonly Rung[];
  readonly firstBytesAt: string | null;
  readonly playableAt: string | null;
  readonly uploadedAt: string | null;
  readonly endedAt: string | null;
  readonly createdAt: string;
}

/** A part of the source that is encoded by itself. */
export interface Chunk {
  readonly number: number;
  readonly startS: number;
  readonly durationS: number;
}

export interface LadderRung {
  readonly name: string;
  readonly kind: "video" | "audio";
  readonly position: number;
  /** A letter a chunk: r ready, e being encoded, a again, q queued, f failed. */
  readonly states: string | null;
  /** For the sound, which isn't encoded in chunks. */
  readonly readyUntilS: number | null;
}

/** What was encoded again, and why. */
export interface LadderNote {
  readonly at: string;
  readonly rung: string | null;
  readonly chunkNumber: number | null;
  readonly text: string;
}

export interface Ladder {
  readonly chunks: readonly Chunk[];
  readonly rungs: readonly LadderRung[];
  readonly notes: readonly LadderNote[];
  readonly uploadedUntilS: number | null;
  readonly etaS: number | null;
}

export interface Subtitle {
  readonly language: string;
  readonly label: string;
}

/** Somebody who watches: several people may share an account. */
export interface Profile {
  readonly profileId: string;
  readonly name: string;
  readonly maturityMax: number;
}

export type ProfileChange = Pick<Profile, "name" | "maturityMax">;

export interface Card {
  readonly titleId: string;
  readonly name: string;
  readonly posterUrl: string | null;
  readonly durationS: number | null;
  readonly maturity: number;
  readonly positionS?: number | null;
  readonly leftS?: number | null;
  readonly reason?: string | null;
  readonly isNew?: boolean;
  /** Whether it is on the profile's list. */
  readonly isListed?: boolean;
}

export type RowKind = "continue" | "because" | "popular" | "new" | "my_list" | "tag";

export interface Row {
  readonly kind: RowKind;
  readonly title: string;
  readonly reason: string | null;
  readonly items: readonly Card[];
}

/** A title that was found, and what of it matched; not exactly, if there is a typing error. */
export interface Hit {
  readonly title: Card;
  readonly matches: readonly { readonly field: "name" | "tags" | "description"; readonly text: string; readonly isExact: boolean }[];
}

/** A viewing session with its addresses, whose token ends. */
export interface Play {
  readonly playId: string;
  readonly hlsUrl: string;
  readonly dashUrl: string;
  readonly expiresAt: string;
  readonly positionS: number | null;
}

/** How playing went. Times in ms; the ratio is of time that was waited for to time that was watched. */
export interface Figures {
  readonly plays: number;
  readonly joinP50Ms: number | null;
  readonly joinP95Ms: number | null;
  readonly rebufferRatio: number | null;
  readonly switchesPerPlay: number | null;
  readonly failures: number;
}

export interface Experience extends Figures {
  readonly watchingNow: number;
  readonly byTitle: readonly (Figures & { readonly titleId: string; readonly name: string })[];
}

export interface TitleChange {
  readonly name?: string;
  readonly description?: string;
  readonly tags?: readonly string[];
  readonly maturity?: number;
}

export function listTitles(filter: { status?: TitleStatus | undefined; q?: string | undefined } = {}, cursor?: string, limit = PAGE_LIMIT_MAX): Promise<Page<Title>> {
  return call("GET", "/video/titles", { query: { ...filter, cursor, limit } });
}

export function getTitle(id: string): Promise<Title> {
  return call("GET", `/video/titles/${id}`);
}

export function getLadder(id: string): Promise<Ladder> {
  return call("GET", `/video/titles/${id}/ladder`);
}

export function changeTitle(id: string, body: TitleChange): Promise<Title> {
  return call("PATCH", `/video/titles/${id}`, { body });
}

export function deleteTitle(id: string): Promise<void> {
  return call("DELETE", `/video/titles/${id}`);
}

export function cancelTitle(id: string): Promise<Title> {
  return call("POST", `/video/titles/${id}/cancel`);
}

export async function listSubtitles(id: string): Promise<readonly Subtitle[]> {
  return (await call<{ items: Subtitle[] }>("GET", `/video/titles/${id}/subtitles`)).items;
}

/** Set the text of a language, from a file of WebVTT or SubRip. */
export async function setSubtitle(id: string, language: string, text: string): Promise<void> {
  const type = text.trimStart().startsWith("WEBVTT") ? "text/vtt" : "application/x-subrip";
  await send("PUT", `/video/titles/${id}/subtitles/${encodeURIComponent(language)}`, { headers: { "Content-Type": type }, body: new Blob([text]) });
}

export function deleteSubtitle(id: string, language: string): Promise<void> {
  return call("DELETE", `/video/titles/${id}/subtitles/${encodeURIComponent(language)}`);
}

/** Do again what has failed. */
export function retryTitle(id: string): Promise<Title> {
  return call("POST", `/video/titles/${id}/retry`);
}

export function getTitleExperience(id: string, days = 7): Promise<Experience> {
  return call("GET", `/video/titles/${id}/experience`, { query: { days } });
}

export function getExperience(days: number): Promise<Experience> {
  return call("GET", "/video/experience", { query: { days } });
}

export function listProfiles(): Promise<{ items: Profile[] }> {
  return call("GET", "/video/profiles");
}

export function createProfile(body: ProfileChange): Promise<Profile> {
  return call("POST", "/video/profiles", { body });
}

export function changeProfile(id: string, body: ProfileChange): Promise<Profile> {
  return call("PATCH", `/video/profiles/${id}`, { body });
}

export function deleteProfile(id: string): Promise<void> {
  return call("DELETE", `/video/profiles/${id}`);
}

export async function listRows(profileId: string): Promise<readonly Row[]> {
  return (await call<{ rows: Row[] }>("GET", `/video/profiles/${profileId}/rows`)).rows;
}

export function setListed(profileId: string, titleId: string, isIn: boolean): Promise<unknown> {
  const path = `/video/profiles/${profileId}/list/${titleId}`;
  return isIn ? call("PUT", path, { body: {} }) : call("DELETE", path);
}

export async function searchTitles(q: string, profileId: string | undefined): Promise<readonly Hit[]> {
  return (await call<{ items: Hit[] }>("GET", "/video/search", { query: { q, profile_id: profileId } })).items;
}

export function startPlay(titleId: string, profileId: string | undefined): Promise<Play> {
  return call("POST", `/video/titles/${titleId}/plays`, { body: { profileId } });
}

/** A token that is valid for longer, for a play that goes on. */
export function renewPlay(playId: string): Promise<Play> {
  return call("POST", `/video/plays/${playId}/renew`, { body: {} });
}
