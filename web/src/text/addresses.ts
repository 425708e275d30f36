/** Addresses as typed and as shown. */

import type { Address } from '../jmap/types';

/** The name, or the part before the @ when there is none. */
export function displayName(address: Address | undefined): string {
  if (!address) return '(no sender)';
  return address.name?.trim() || address.email.split('@')[0] || address.email;
}

export function firstName(address: Address): string {
  const name = displayName(address);
  return name.includes(',') ? name : (name.split(/\s+/)[0] ?? name);
}

export function spell(address: Address): string {
  const name = address.name?.trim();
  if (!name) return address.email;
  const quoted = /[",.<>@();:\\[\]]/.test(name) ? `"${name.replace(/["\\]/g, '\\$&')}"` : name;
  return `${quoted} <${address.email}>`;
}

export function spellAll(list: Address[] | null): string {
  return (list ?? []).map(spell).join(', ');
}

export function looksValid(address: Address): boolean {
  return /^[^\s@<>",;]+@[^\s@<>",;]+$/.test(address.email);
}

/** `Ann <a@x>, "B, C" <b@y>; d@z` → addresses. Commas, semicolons and line ends part them, not inside quotes or <>. */
export function parseAddresses(text: string): Address[] {
  const pieces = text.match(/(?:"(?:\\.|[^"\\])*"|<[^>]*>|[^,;\n"<])+/g) ?? [];
  return pieces.map(parseOne).filter((a) => a.email !== '');
}

function parseOne(piece: string): Address {
  const angled = /^\s*([\s\S]*?)\s*<\s*([^>]*?)\s*>\s*$/.exec(piece);
  if (!angled) return { name: null, email: piece.trim() };
  const name = angled[1]!.replace(/^"([\s\S]*)"$/, '$1').replace(/\\(.)/g, '$1').trim();
  return { name: name || null, email: angled[2]! };
}

/** One address once, whatever the case of its letters; the first spelling stays. */
export function unique(list: Address[], without: Address[] = []): Address[] {
  const seen = new Set(without.map((a) => a.email.toLowerCase()));
  return list.filter((a) => {
    const key = a.email.toLowerCase();
    return seen.has(key) ? false : (seen.add(key), true);
  });
}

/** One or two letters for an avatar, in any script. */
export function initials(address: Address | undefined): string {
  const words = displayName(address).replace(/[^\p{L}\p{N}\s]/gu, ' ').trim().split(/\s+/);
  const first = Array.from(words[0] ?? '')[0] ?? '?';
  const last = words.length > 1 ? (Array.from(words.at(-1)!)[0] ?? '') : '';
  return (first + last).toUpperCase();
}

/** A stable hue for a person: the same on every page and every device. */
export function hue(address: Address | undefined): number {
  let hash = 7;
  for (const char of (address?.email ?? '').toLowerCase()) hash = (hash * 31 + char.codePointAt(0)!) % 9973;
  return (hash * 47) % 360;
}
