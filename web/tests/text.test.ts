import { describe, expect, it } from 'vitest';
import type { Address, EmailDetail } from '../src/jmap/types';
import { hue, initials, parseAddresses, spell, unique } from '../src/text/addresses';
import { bytes, shortDate } from '../src/text/dates';
import { blocks, linkify, prefixed, quoteLines, recipients } from '../src/text/quote';
import { runs } from '../src/text/snippet';

const ann: Address = { name: 'Ann Lee', email: 'ann@x.test' };
const bob: Address = { name: null, email: 'bob@x.test' };
const me: Address = { name: 'Me', email: 'me@x.test' };
const mail = (part: Partial<EmailDetail>): EmailDetail => part as EmailDetail;

describe('addresses', () => {
  it.each([
    ['a@x', [{ name: null, email: 'a@x' }]],
    ['Ann <a@x>, b@y', [{ name: 'Ann', email: 'a@x' }, { name: null, email: 'b@y' }]],
    ['"Lee, Ann" <a@x>; b@y\nc@z', [{ name: 'Lee, Ann', email: 'a@x' }, { name: null, email: 'b@y' }, { name: null, email: 'c@z' }]],
    ['"A \\"Q\\" B" <a@x>', [{ name: 'A "Q" B', email: 'a@x' }]],
    [' , ;', []],
  ])('%s', (text, wanted) => expect(parseAddresses(text)).toEqual(wanted));

  it('spells what it parses', () => {
    const odd = { name: 'Lee, "Q" Ann', email: 'a@x' };
    expect(parseAddresses(spell(odd))).toEqual([odd]);
  });

  it('keeps the first of equals', () => expect(unique([ann, { name: 'X', email: 'ANN@x.test' }, bob], [bob])).toEqual([ann]));

  it('makes initials in any script and a stable hue', () => {
    expect(initials(ann)).toBe('AL');
    expect(initials({ name: '山田 太郎', email: 'y@x' })).toBe('山太');
    expect(initials(undefined)).toBe('NS');
    expect(hue(ann)).toBe(hue({ name: null, email: 'Ann@X.test' }));
  });
});

describe('quoting', () => {
  it('marks lines', () => expect(quoteLines('a\n\n> b\n')).toBe('> a\n>\n>> b'));
  it.each([
    ['Hello', 'Re: Hello'],
    ['Re: RE: AW: Hello', 'Re: Hello'],
    ['Fwd: Re[2]: Hello', 'Re: Hello'],
    [null, 'Re: '],
  ])('prefixes %s', (subject, wanted) => expect(prefixed('Re', subject)).toBe(wanted));

  it('answers the sender, or everybody but oneself', () => {
    const email = mail({ from: [ann], to: [me, bob], cc: [{ name: null, email: 'ME@x.test' }], replyTo: null });
    expect(recipients(email, [me], false)).toEqual({ to: [ann], cc: [] });
    expect(recipients(email, [me], true)).toEqual({ to: [ann], cc: [bob] });
  });

  it('prefers Reply-To, and answers an own message to its recipients', () => {
    expect(recipients(mail({ from: [ann], replyTo: [bob], to: [me], cc: null }), [me], false).to).toEqual([bob]);
    expect(recipients(mail({ from: [me], replyTo: null, to: [ann], cc: [bob] }), [me], true)).toEqual({ to: [ann], cc: [bob] });
    expect(recipients(mail({ from: [me], replyTo: null, to: [me], cc: null }), [me], false).to).toEqual([me]);
  });

  it('parts new words from quoted ones, with the line that announces them', () => {
    expect(blocks('Yes.\n\nOn Monday, Ann wrote:\n> tea?\n>\n> Ann\n')).toEqual([
      { kind: 'text', text: 'Yes.\n' },
      { kind: 'quote', text: 'On Monday, Ann wrote:\n> tea?\n>\n> Ann' },
    ]);
  });

  it('finds links without the stop after them', () => {
    expect(linkify('See https://x.test/a_(b), or www.y.test.').filter((p) => p.href)).toEqual([
      { text: 'https://x.test/a_(b)', href: 'https://x.test/a_(b)' },
      { text: 'www.y.test', href: 'https://www.y.test' },
    ]);
    expect(linkify('javascript:alert(1)').some((p) => p.href)).toBe(false);
    expect(linkify('write a.b@x.test!')[1]).toEqual({ text: 'a.b@x.test', href: 'mailto:a.b@x.test' });
  });
});

describe('snippets', () => {
  it('are runs of text, never markup', () => {
    expect(runs('a &lt;b&gt; <mark>tea &amp; milk</mark> &#39;c&#39; <i>')).toEqual([
      { text: 'a <b> ', mark: false },
      { text: 'tea & milk', mark: true },
      { text: " 'c' <i>", mark: false },
    ]);
  });
});

describe('dates and sizes', () => {
  const now = new Date(2026, 10, 23, 15, 0);
  it.each([
    [new Date(2026, 10, 23, 9, 5), /09:05/],
    [new Date(2026, 10, 21), /Sat/],
    [new Date(2026, 2, 4), /Mar/],
    [new Date(2024, 2, 4), /2024/],
  ])('%s', (date, wanted) => expect(shortDate(date.toISOString(), now, 'en-GB')).toMatch(wanted));
  it('is empty for what is no date', () => expect(shortDate('x', now)).toBe(''));
  it.each([[12, '12 B'], [1500, '2 KB'], [2_500_000, '2.5 MB'], [25_000_000, '25 MB']])('%d', (size, wanted) => expect(bytes(size)).toBe(wanted));
});
