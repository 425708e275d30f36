/**
 * Message HTML on its way to the screen. The server has cleaned it (nh3); it is cleaned again here and shown in a frame
 * whose sandbox runs no scripts, under a policy that loads nothing the user has not asked for.
 */

import type { DOMPurify } from 'dompurify';

let purifier: Promise<DOMPurify> | undefined;

/** Loaded with the first HTML message, not with the page. */
function load(): Promise<DOMPurify> {
  purifier ??= import('dompurify').then((module) => {
    const purify = module.default;
    purify.addHook('afterSanitizeAttributes', (node) => {
      if (node.tagName !== 'A' && node.tagName !== 'AREA') return;
      node.setAttribute('target', '_blank');
      node.setAttribute('rel', 'noopener noreferrer nofollow');
    });
    return purify;
  });
  return purifier;
}

const FORBIDDEN = ['script', 'iframe', 'object', 'embed', 'form', 'input', 'button', 'textarea', 'select', 'base', 'meta', 'link', 'math'];

/** Attributes that load, and that the purifier lets pass. */
const LOADING = ['srcset', 'background', 'poster', 'ping', 'imagesrcset'];
/** Without pictures drawn by markup, sound and film there is less to load and less to go wrong. */
const LOADING_TAGS = ['svg', 'picture', 'source', 'video', 'audio', 'track', 'image'];

/** A message as it may be passed on: it looks and links as before, and nothing in it acts. */
export async function harmless(html: string): Promise<string> {
  return (await load()).sanitize(html, { FORCE_BODY: true, FORBID_TAGS: FORBIDDEN, FORBID_ATTR: LOADING });
}

/** The body of a document, without anything that acts; remote pictures become empty frames of their size, those of the message itself what `inline` says. */
export async function clean(html: string, inline: (cid: string) => string | undefined = () => undefined): Promise<string> {
  const purify = await load();
  const root = purify.sanitize(html, {
    WHOLE_DOCUMENT: true,
    RETURN_DOM: true,
    FORBID_TAGS: [...FORBIDDEN, ...LOADING_TAGS, 'style'],
    FORBID_ATTR: LOADING,
    ADD_ATTR: ['target'],
  }) as HTMLElement;
  const body = root.querySelector('body');
  // What hangs on the body element (a background, a text colour) must not get lost with it.
  const look = body?.getAttribute('style') ?? '';
  const background = body?.getAttribute('bgcolor') ?? '';
  // In a document that is nowhere shown: in this page's own, pictures would be asked for at once.
  const wrapper = document.implementation.createHTMLDocument('').createElement('div');
  if (look) wrapper.setAttribute('style', look);
  if (background) wrapper.style.backgroundColor = background;
  if (body) wrapper.append(...body.childNodes);
  for (const image of wrapper.querySelectorAll('img')) {
    const cid = /^\s*cid:(.*)$/i.exec(image.getAttribute('src') ?? '')?.[1];
    if (cid !== undefined) image.setAttribute('src', inline(cid) ?? '');
    hold(image);
  }
  for (const styled of wrapper.querySelectorAll<HTMLElement>('[style]')) unload(styled);
  fold(wrapper);
  return wrapper.outerHTML;
}

/** Takes from a style what would load something. */
function unload(styled: HTMLElement): void {
  const kept = (styled.getAttribute('style') ?? '').split(';').filter((one) => !/url|image|src|\\|@/i.test(one));
  styled.setAttribute('style', kept.join(';'));
}

/** Keeps the room of a picture that is not loaded. One of a pixel or two only counts who reads, and goes. */
function hold(image: HTMLImageElement): void {
  const remote = image.dataset.blockedSrc !== undefined || /^\s*(https?:)?\/\//i.test(image.getAttribute('src') ?? '');
  if (!remote) return;
  const size = (name: 'width' | 'height'): number => parseInt(image.style[name] || image.getAttribute(name) || '', 10) || 0;
  const percent = /%/.test(image.style.width || image.getAttribute('width') || '');
  const width = percent ? 0 : size('width');
  const height = size('height');
  if ((width && width < 3) || (height && height < 3)) {
    image.remove();
    return;
  }
  const [w, h] = [width || (height ? height * 2 : 96), height || (width ? Math.round(width / 3) : 48)].map((n) => Math.min(n, 2000));
  const frame = `<svg xmlns="http://www.w3.org/2000/svg" width="${w}" height="${h}"><rect width="100%" height="100%" rx="4" fill="#8885" fill-opacity=".3"/></svg>`;
  image.src = `data:image/svg+xml,${encodeURIComponent(frame)}`;
}

const QUOTE = 'blockquote[type=cite], .gmail_quote, .moz-cite-prefix, #appendonsend, blockquote';

/** The quotation a reply ends with is folded; <details> needs no script. */
function fold(wrapper: HTMLElement): void {
  const quotes = Array.from(wrapper.querySelectorAll<HTMLElement>(QUOTE)).filter((q) => !q.parentElement?.closest(QUOTE));
  const quote = quotes.at(-1);
  if (!quote || !quote.textContent?.trim()) return;
  const range = wrapper.ownerDocument.createRange();
  range.setStart(wrapper, 0);
  range.setEndBefore(quote);
  const before = range.toString().trim();
  range.setStartAfter(quote);
  range.setEndAfter(wrapper.lastChild!);
  if (!before || range.toString().trim()) return;
  const details = wrapper.ownerDocument.createElement('details');
  const summary = wrapper.ownerDocument.createElement('summary');
  summary.textContent = '•••';
  summary.setAttribute('aria-label', 'Show quoted text');
  quote.replaceWith(details);
  details.append(summary, quote);
}

/** Mail that sets no colours of its own may take those of the page; all other is shown on white paper, as meant. */
export function hasOwnColours(cleaned: string): boolean {
  return /bgcolor|background|[;"\s]color\s*[:=]|<img|<font/i.test(cleaned);
}

const POLICY = "default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'";

const FRAME_STYLE = `
  html { color-scheme: var(--scheme); background: transparent; overflow-x: auto; overflow-y: hidden; }
  body { margin: 0; padding: var(--pad); font: 15px/1.55 system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif;
    color: var(--ink); overflow-wrap: anywhere; }
  img { max-width: 100%; height: auto; }
  table { max-width: 100%; }
  a { color: var(--link); }
  pre { white-space: pre-wrap; }
  details > summary { display: inline-block; margin: 10px 0; padding: 0 12px; border-radius: 99px; background: var(--rule); color: var(--ink);
    font: 12px/20px system-ui, sans-serif; letter-spacing: 2px; cursor: pointer; list-style: none; }
  details > summary::-webkit-details-marker { display: none; }
  blockquote { margin: 0.6em 0; padding-left: 0.9em; border-left: 3px solid var(--rule); color: inherit; }
`;

/** The frame's own style, before that of the message. Dark only for mail without colours of its own. */
function frameStyle(cleaned: string, dark: boolean): string {
  const plain = !hasOwnColours(cleaned);
  const variables =
    dark && plain
      ? '--scheme: dark; --ink: #e9e4df; --link: #8fb8f0; --rule: #4a4440; --pad: 0'
      : `--scheme: light; --ink: #211d1b; --link: #1f5fae; --rule: #d8d2cc; --pad: ${dark ? '16px' : '0'}`;
  return `:root{${variables}}${FRAME_STYLE}`;
}

/** A whole document for the frame's srcdoc. */
export function frameDocument(cleaned: string, dark: boolean): string {
  return `<!doctype html><html><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${POLICY}"><base target="_blank"><style>${frameStyle(cleaned, dark)}</style></head><body>${cleaned}</body></html>`;
}

/** Gives a document that came from the server (with its remote pictures) the look of the other. */
export function dress(page: Document, dark: boolean): void {
  const body = page.body;
  if (!page.head || !body) return;
  let style = page.getElementById('webmail');
  if (!style) {
    style = page.createElement('style');
    style.id = 'webmail';
    page.head.replaceChildren(style);
    fold(body);
  }
  style.textContent = frameStyle(body.innerHTML, dark);
}

/** The words of an HTML message, for quoting it as text. Parsed inertly: no script runs, nothing is loaded. */
export function htmlToText(html: string): string {
  const body = new DOMParser().parseFromString(html, 'text/html').body;
  body.querySelectorAll('style, script, head, title').forEach((node) => node.remove());
  const out: string[] = [];
  walk(body, out);
  return out.join('').replace(/[ \t]+\n/g, '\n').replace(/\n{3,}/g, '\n\n').trim();
}

const BLOCKS = /^(P|DIV|TABLE|TR|UL|OL|LI|H[1-6]|BLOCKQUOTE|PRE|SECTION|ARTICLE|HEADER|FOOTER|HR)$/;

function walk(node: Node, out: string[]): void {
  for (const child of node.childNodes) {
    if (child.nodeType === Node.TEXT_NODE) out.push((child.textContent ?? '').replace(/\s+/g, ' '));
    else if (child instanceof Element) element(child, out);
  }
}

function element(child: Element, out: string[]): void {
  if (child.tagName === 'BR') out.push('\n');
  else if (child.tagName === 'BLOCKQUOTE') {
    const inner: string[] = [];
    walk(child, inner);
    const lines = inner.join('').trim().split('\n');
    out.push(`\n${lines.map((line) => `> ${line.trim()}`).join('\n')}\n`);
  } else if (BLOCKS.test(child.tagName)) {
    out.push('\n', child.tagName === 'LI' ? '- ' : '');
    walk(child, out);
    out.push(child.tagName === 'P' ? '\n\n' : '\n');
  } else walk(child, out);
}
