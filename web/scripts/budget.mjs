// The first load must stay small: everything index.html needs before the mail list, gzipped.
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const BUDGET = 90 * 1024;
const out = new URL('../../src/pillarbox/servers/http/static/', import.meta.url);
const manifest = JSON.parse(readFileSync(new URL('.vite/manifest.json', out), 'utf8'));
const files = new Set(['index.html']);

function collect(key) {
  const chunk = manifest[key];
  if (files.has(chunk.file)) return;
  files.add(chunk.file);
  for (const css of chunk.css ?? []) files.add(css);
  for (const next of chunk.imports ?? []) collect(next);
}

collect('index.html');
let total = 0;
for (const file of files) total += gzipSync(readFileSync(new URL(file, out)), { level: 9 }).length;
const line = `first load: ${(total / 1024).toFixed(1)} KB gzip of ${BUDGET / 1024} KB (${files.size} files)`;
if (total > BUDGET) {
  console.error(`${line}: over budget`);
  process.exit(1);
}
console.log(line);
