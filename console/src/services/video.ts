// Video: titles and their ladders, uploads, profiles and what they watch, plays, figures of experience.

import { call, send, type Wire } from "./http";
import { PAGE_LIMIT_MAX, type Page } from "./pages";
import type { Camel } from "./shape";

/** A film, and how far it is. */
export type Title = Camel<Wire["TitleView"]>;
export type TitleStatus = Title["status"];
/** One quality of a title, or its sound. */
export type Rung = Camel<Wire["RungView"]>;

/** What of a title is ready, part by part. */
export type Ladder = Camel<Wire["LadderView"]>;
/** A part of the source that is encoded by itself. */
export type Chunk = Ladder["chunks"][number];
/** The states have a letter a chunk: r ready, e being encoded, a again, q queued, f failed. */
export type LadderRung = Ladder["rungs"][number];

export type Subtitle = Camel<Wire["SubtitleView"]>;
/** Somebody who watches: several people may share an account. */
export type Profile = Camel<Wire["ProfileView"]>;
export type ProfileChange = Pick<Profile, "name" | "maturityMax">;

type WireCard = Camel<Wire["ninefold.systems.video.routes.watching_wire.CardView"]>;
/** A title in a list for viewers; the rest is known for those that come for a profile. */
export type Card = Pick<WireCard, "titleId" | "name" | "posterUrl" | "durationS" | "maturity"> & Partial<WireCard>;
/** Titles that have something in common. */
export type Row = Camel<Wire["RowView"]>;
/** A title that was found, and what of it matched; not exactly, if there is a typing error. */
export type Hit = Camel<Wire["HitView"]>;

/** A viewing session with its addresses, whose token ends. */
export type Play = Camel<Wire["PlayView"]>;
/** How playing went. Times in ms; the ratio is of time that was waited for to time that was watched. */
export type Experience = Camel<Wire["ExperienceView"]>;

export function listTitles(filter: { status?: TitleStatus | undefined; q?: string | undefined } = {}, cursor?: string, limit = PAGE_LIMIT_MAX): Promise<Page<Title>> {
  return call("GET", "/video/titles", { query: { ...filter, cursor, limit } });
}

export function getTitle(id: string): Promise<Title> {
  return call("GET", `/video/titles/${id}`);
}

export function getLadder(id: string): Promise<Ladder> {
  return call("GET", `/video/titles/${id}/ladder`);
}

export function changeTitle(id: string, body: Partial<Pick<Title, "name" | "description" | "tags" | "maturity">>): Promise<Title> {
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
