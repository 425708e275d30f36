/** The search box's language: words, "phrases" and operators → an RFC 8621 §4.4.1 filter. */

import type { Filter, FilterCondition, Id } from '../jmap/types';

export interface SearchContext {
  /** A mailbox by role or name, whatever its case; undefined when there is none. */
  mailbox: (name: string) => Id | undefined;
  /** Left out unless `in:` asks for them: trash and junk. */
  hidden: Id[];
  now: Date;
}

export interface ParsedSearch {
  filter: Filter;
  /** What could not be understood, for a hint under the box. */
  problems: string[];
}

interface Term {
  not: boolean;
  operator: string;
  value: string;
}

const OPERATORS = ['from', 'to', 'cc', 'subject', 'body', 'has', 'is', 'before', 'after', 'in', 'larger', 'smaller'];
const TERM = /(-?)(?:([a-z]+):)?(?:"([^"]*)"?|(\S+))/giu;

const IS: Record<string, FilterCondition> = {
  unread: { notKeyword: '$seen' },
  read: { hasKeyword: '$seen' },
  starred: { hasKeyword: '$flagged' },
  flagged: { hasKeyword: '$flagged' },
  answered: { hasKeyword: '$answered' },
  draft: { hasKeyword: '$draft' },
};

export function terms(text: string): Term[] {
  const found: Term[] = [];
  for (const [whole, minus, name, quoted, bare] of text.matchAll(TERM)) {
    const operator = (name ?? '').toLowerCase();
    if (name && !OPERATORS.includes(operator)) found.push({ not: minus === '-', operator: '', value: whole.replace(/^-/, '') });
    else found.push({ not: minus === '-', operator, value: quoted ?? bare ?? '' });
  }
  return found.filter((t) => t.value !== '');
}

export function parseSearch(text: string, context: SearchContext): ParsedSearch {
  const problems: string[] = [];
  const conditions: Filter[] = [];
  let everywhere = true;
  for (const term of terms(text)) {
    const condition = translate(term, context);
    if (!condition) {
      problems.push(`${term.operator}:${term.value}`);
      continue;
    }
    if (condition === 'anywhere' || 'inMailbox' in condition) everywhere = false;
    if (condition === 'anywhere') continue;
    conditions.push(term.not ? { operator: 'NOT', conditions: [condition] } : condition);
  }
  if (everywhere && context.hidden.length) conditions.push({ inMailboxOtherThan: context.hidden });
  const filter = conditions.length === 1 ? conditions[0]! : { operator: 'AND' as const, conditions };
  return { filter, problems };
}

function translate({ operator, value }: Term, context: SearchContext): FilterCondition | 'anywhere' | undefined {
  switch (operator) {
    case '': return { text: value };
    case 'from': return { from: value };
    case 'to': return { to: value };
    case 'cc': return { cc: value };
    case 'subject': return { subject: value };
    case 'body': return { body: value };
    case 'has': return value.toLowerCase().startsWith('attachment') ? { hasAttachment: true } : undefined;
    case 'is': return IS[value.toLowerCase()];
    case 'before': return dated('before', value, context.now);
    case 'after': return dated('after', value, context.now);
    case 'larger': return sized('minSize', value);
    case 'smaller': return sized('maxSize', value);
    case 'in': return within(value, context);
    default: return undefined;
  }
}

function within(value: string, context: SearchContext): FilterCondition | 'anywhere' | undefined {
  if (value.toLowerCase() === 'anywhere') return 'anywhere';
  const id = context.mailbox(value);
  return id === undefined ? undefined : { inMailbox: id };
}

function dated(key: 'before' | 'after', value: string, now: Date): FilterCondition | undefined {
  const date = day(value.toLowerCase(), now);
  return date && { [key]: date.toISOString().replace(/\.\d+Z$/, 'Z') };
}

/** 2026-11-23, 2026-11, 2026, 23.11.2026, today, yesterday, 7d, 2w, 3m, 1y: local midnight at its start. */
export function day(value: string, now: Date): Date | undefined {
  const today = new Date(now.getFullYear(), now.getMonth(), now.getDate());
  if (value === 'today') return today;
  if (value === 'yesterday') return new Date(now.getFullYear(), now.getMonth(), now.getDate() - 1);
  const ago = /^(\d{1,4})([dwmy])$/.exec(value);
  if (ago) return back(today, Number(ago[1]), ago[2]!);
  const iso = /^(\d{4})(?:[-/.](\d{1,2}))?(?:[-/.](\d{1,2}))?$/.exec(value);
  if (iso) return calendar(Number(iso[1]), Number(iso[2] ?? 1), Number(iso[3] ?? 1));
  const european = /^(\d{1,2})\.(\d{1,2})\.(\d{4})$/.exec(value);
  if (european) return calendar(Number(european[3]), Number(european[2]), Number(european[1]));
  return undefined;
}

function back(from: Date, count: number, unit: string): Date {
  const [y, m, d] = [from.getFullYear(), from.getMonth(), from.getDate()];
  if (unit === 'y') return new Date(y - count, m, d);
  if (unit === 'm') return new Date(y, m - count, d);
  return new Date(y, m, d - count * (unit === 'w' ? 7 : 1));
}

function calendar(year: number, month: number, date: number): Date | undefined {
  const made = new Date(year, month - 1, date);
  return made.getMonth() === month - 1 && made.getDate() === date ? made : undefined;
}

function sized(key: 'minSize' | 'maxSize', value: string): FilterCondition | undefined {
  const parts = /^(\d+(?:\.\d+)?)\s*([kmg]?)b?$/i.exec(value);
  if (!parts) return undefined;
  const unit = { '': 1, k: 1e3, m: 1e6, g: 1e9 }[parts[2]!.toLowerCase()] ?? 1;
  return { [key]: Math.round(Number(parts[1]) * unit) };
}
