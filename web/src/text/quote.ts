/** Replies, forwards and quotations as text. */

import type { Address, EmailDetail } from '../jmap/types';
import { displayName, spellAll, unique } from './addresses';
import { mediumDate } from './dates';

export const FORWARD_LINE = '---------- Forwarded message ----------';

/** `Re: Re: AW: x` → `x` with one prefix of ours. */
export function prefixed(prefix: 'Re' | 'Fwd', subject: string | null): string {
  const bare = (subject ?? '').replace(/^(?:\s*(?:re|aw|sv|antw|fwd?|wg|tr)\s*(?:\[\d+\])?\s*:)+\s*/i, '');
  return `${prefix}: ${bare}`;
}

/** RFC 3676 §4.5: deeper quotes get no space between their marks. */
export function quoteLines(text: string): string {
  const lines = text.replace(/\r\n?/g, '\n').trimEnd().split('\n');
  return lines.map((line) => (line.startsWith('>') ? `>${line}` : line === '' ? '>' : `> ${line}`)).join('\n');
}

/** An answer: room to write on top, then who wrote what. */
export function replyBody(email: EmailDetail, text: string): string {
  return `\n\nOn ${mediumDate(email.sentAt ?? email.receivedAt)}, ${displayName(email.from?.[0])} wrote:\n${quoteLines(text)}\n`;
}

export function forwardHeader(email: EmailDetail): string {
  const lines = [
    FORWARD_LINE,
    `From: ${spellAll(email.from)}`,
    `Date: ${mediumDate(email.sentAt ?? email.receivedAt)}`,
    `Subject: ${email.subject ?? ''}`,
    `To: ${spellAll(email.to)}`,
  ];
  if (email.cc?.length) lines.push(`Cc: ${spellAll(email.cc)}`);
  return lines.join('\n');
}

export interface Recipients {
  to: Address[];
  cc: Address[];
}

/** Whom an answer goes to. Answering one's own message goes to whom it went; nobody twice, never oneself. */
export function recipients(email: EmailDetail, mine: Address[], all: boolean): Recipients {
  const own = new Set(mine.map((a) => a.email.toLowerCase()));
  const fromMe = email.from?.some((a) => own.has(a.email.toLowerCase())) ?? false;
  const sender = email.replyTo?.length ? email.replyTo : (email.from ?? []);
  const main = fromMe ? (email.to ?? []) : sender;
  const to = unique(main, fromMe ? mine : []);
  if (!all) return { to: to.length ? to : unique(main), cc: [] };
  const others = fromMe ? (email.cc ?? []) : [...(email.to ?? []), ...(email.cc ?? [])];
  return { to: to.length ? to : unique(main), cc: unique(others, [...mine, ...to]) };
}

export interface Block {
  kind: 'text' | 'quote';
  text: string;
}

const ATTRIBUTION = /^(?:On\b.*\bwrote:|Am\b.*\bschrieb\b.*:|Le\b.*\bécrit\s*:|El\b.*\bescribió:|.*<[^>\s]+@[^>\s]+>.*:)\s*$/;

/** Text parted into what is new and what is quoted, so that quotes can be folded. The line announcing one goes with it. */
export function blocks(text: string): Block[] {
  const found: Block[] = [];
  for (const line of text.replace(/\r\n?/g, '\n').split('\n')) {
    const last = found.at(-1);
    const kind = line.startsWith('>') ? 'quote' : 'text';
    if (last && (last.kind === kind || (kind === 'text' && line === '' && last.kind === 'text'))) last.text += `\n${line}`;
    else found.push({ kind, text: line });
  }
  for (let i = 1; i < found.length; i++) if (found[i]!.kind === 'quote') moveAttribution(found[i - 1]!, found[i]!);
  return found.filter((b) => b.text.trim() !== '');
}

function moveAttribution(before: Block, quote: Block): void {
  const lines = before.text.trimEnd().split('\n');
  for (const count of [1, 2]) {
    const candidate = lines.slice(-count).join(' ');
    if (lines.length < count || !ATTRIBUTION.test(candidate)) continue;
    quote.text = `${lines.slice(-count).join('\n')}\n${quote.text}`;
    before.text = lines.slice(0, -count).join('\n');
    return;
  }
}

export interface Piece {
  text: string;
  href?: string;
}

const LINK = /\b(?:https?:\/\/|mailto:|www\.)[^\s<>"']+|[\w.+-]+@[\w-]+(?:\.[\w-]+)+/gi;

/** Web and mail addresses in text; a closing bracket or full stop is not part of one. */
export function linkify(text: string): Piece[] {
  const found: Piece[] = [];
  let at = 0;
  for (const match of text.matchAll(LINK)) {
    const link = trimLink(match[0]);
    if (match.index > at) found.push({ text: text.slice(at, match.index) });
    found.push({ text: link, href: target(link) });
    at = match.index + link.length;
  }
  if (at < text.length) found.push({ text: text.slice(at) });
  return found;
}

function trimLink(link: string): string {
  let end = link.replace(/[.,;:!?'"»]+$/, '');
  while (end.endsWith(')') && (end.match(/\(/g)?.length ?? 0) < (end.match(/\)/g)?.length ?? 0)) end = end.slice(0, -1);
  return end.replace(/[.,;:!?\]}]+$/, '');
}

function target(link: string): string {
  if (/^(https?:|mailto:)/i.test(link)) return link;
  return link.toLowerCase().startsWith('www.') ? `https://${link}` : `mailto:${link}`;
}

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c]!);
}

export function textToHtml(text: string): string {
  return `<div style="white-space:pre-wrap">${escapeHtml(text)}</div>`;
}

