/** Dates as people read them, by Intl alone. */

export function sameDay(a: Date, b: Date): boolean {
  return a.getFullYear() === b.getFullYear() && a.getMonth() === b.getMonth() && a.getDate() === b.getDate();
}

const formats = new Map<string, Intl.DateTimeFormat>();

function format(name: string, locale: string | undefined, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${locale ?? ''}|${name}`;
  let made = formats.get(key);
  if (!made) formats.set(key, (made = new Intl.DateTimeFormat(locale, options)));
  return made;
}

/** For a row of the list: a time today, a weekday this week, else a day, with the year when it is another one. */
export function shortDate(iso: string, now: Date, locale?: string): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return '';
  if (sameDay(date, now)) return format('time', locale, { timeStyle: 'short' }).format(date);
  const age = now.getTime() - date.getTime();
  if (age > 0 && age < 6 * 86_400_000) return format('week', locale, { weekday: 'short' }).format(date);
  if (date.getFullYear() === now.getFullYear()) return format('day', locale, { day: 'numeric', month: 'short' }).format(date);
  return format('year', locale, { day: 'numeric', month: 'short', year: 'numeric' }).format(date);
}

/** For an open message and for tooltips. */
export function longDate(iso: string, locale?: string): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return '';
  return format('long', locale, { dateStyle: 'full', timeStyle: 'short' }).format(date);
}

export function mediumDate(iso: string, locale?: string): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return '';
  return format('medium', locale, { dateStyle: 'medium', timeStyle: 'short' }).format(date);
}

export function bytes(size: number): string {
  if (size < 1000) return `${size} B`;
  if (size < 999_500) return `${Math.round(size / 1000)} KB`;
  if (size < 999_500_000) return `${(size / 1e6).toFixed(size < 10e6 ? 1 : 0)} MB`;
  return `${(size / 1e9).toFixed(1)} GB`;
}
