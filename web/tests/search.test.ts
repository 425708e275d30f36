import { describe, expect, it } from 'vitest';
import { day, parseSearch, type SearchContext } from '../src/text/search';

const now = new Date(2026, 10, 23, 15, 0);
const context: SearchContext = {
  mailbox: (name) => ({ inbox: 'm1', work: 'm7' })[name.toLowerCase()],
  hidden: ['trash', 'junk'],
  now,
};
const filter = (text: string): unknown => parseSearch(text, context).filter;
const hidden = { inMailboxOtherThan: ['trash', 'junk'] };
const and = (...conditions: unknown[]): unknown => ({ operator: 'AND', conditions });

describe('the search language', () => {
  it.each([
    ['tea', and({ text: 'tea' }, hidden)],
    ['from:ann in:inbox', and({ from: 'ann' }, { inMailbox: 'm1' })],
    ['in:Work', { inMailbox: 'm7' }],
    ['in:anywhere tea', { text: 'tea' }],
    ['subject:"two words" in:inbox', and({ subject: 'two words' }, { inMailbox: 'm1' })],
    ['"exact phrase" in:anywhere', { text: 'exact phrase' }],
    ['is:unread in:anywhere', { notKeyword: '$seen' }],
    ['IS:Starred in:anywhere', { hasKeyword: '$flagged' }],
    ['has:attachment in:anywhere', { hasAttachment: true }],
    ['-from:bob in:anywhere', { operator: 'NOT', conditions: [{ from: 'bob' }] }],
    ['larger:2M in:anywhere', { minSize: 2_000_000 }],
    ['http://x in:anywhere', { text: 'http://x' }],
    ['subject:"open in:anywhere', and({ subject: 'open in:anywhere' }, hidden)],
  ])('%s', (text, wanted) => expect(filter(text)).toEqual(wanted));

  it('says what it does not understand and searches for the rest', () => {
    const parsed = parseSearch('before:soon is:purple in:nowhere tea', context);
    expect(parsed.problems).toEqual(['before:soon', 'is:purple', 'in:nowhere']);
    expect(parsed.filter).toEqual(and({ text: 'tea' }, hidden));
  });

  it.each([
    ['2026-11-01', new Date(2026, 10, 1)],
    ['2026-11', new Date(2026, 10, 1)],
    ['2025', new Date(2025, 0, 1)],
    ['1.2.2026', new Date(2026, 1, 1)],
    ['today', new Date(2026, 10, 23)],
    ['yesterday', new Date(2026, 10, 22)],
    ['2w', new Date(2026, 10, 9)],
    ['1m', new Date(2026, 9, 23)],
    ['2026-02-30', undefined],
    ['soon', undefined],
  ])('day %s', (text, wanted) => expect(day(text, now)).toEqual(wanted));

  it('spells dates as UTCDate without fractions', () => {
    expect(JSON.stringify(filter('after:2026-11-01 in:anywhere'))).toMatch(/"after":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"/);
  });
});
