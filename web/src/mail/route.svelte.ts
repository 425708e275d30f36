/** The address bar: /mail/inbox, /mail/inbox/T123, /search?q=…; back and forward work as everywhere. */

import type { Id } from '../jmap/types';

export interface Place {
  /** A role, or a mailbox id after `~`. Empty while searching. */
  mailbox: string;
  search: string;
  thread: Id;
}

export const HOME: Place = { mailbox: 'inbox', search: '', thread: '' };

export function parsePlace(path: string, query: string): Place {
  const [top, first, second] = path.split('/').filter(Boolean).map(decoded);
  if (top === 'search') return { mailbox: '', search: new URLSearchParams(query).get('q') ?? '', thread: first ?? '' };
  if (top === 'mail' && first) return { mailbox: first, search: '', thread: second ?? '' };
  return { ...HOME };
}

function decoded(piece: string): string {
  try {
    return decodeURIComponent(piece);
  } catch {
    return piece;
  }
}

export function spellPlace(place: Place): string {
  const thread = place.thread ? `/${encodeURIComponent(place.thread)}` : '';
  if (place.mailbox) return `/mail/${encodeURIComponent(place.mailbox)}${thread}`;
  return `/search${thread}?q=${encodeURIComponent(place.search)}`;
}

export class Route {
  place = $state.raw<Place>(HOME);

  constructor() {
    this.place = parsePlace(location.pathname, location.search);
    window.addEventListener('popstate', () => (this.place = parsePlace(location.pathname, location.search)));
  }

  go(next: Partial<Place>, replace = false): void {
    const place = { ...this.place, ...next };
    const url = spellPlace(place);
    if (url === location.pathname + location.search) return;
    if (replace) history.replaceState(null, '', url);
    else history.pushState(null, '', url);
    this.place = place;
  }
}
