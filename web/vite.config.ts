import { fileURLToPath } from 'node:url';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

const server = process.env.PILLARBOX_URL ?? 'http://127.0.0.1:8080';

export default defineConfig({
  plugins: [svelte()],
  build: {
    outDir: fileURLToPath(new URL('../src/pillarbox/servers/http/static', import.meta.url)),
    emptyOutDir: true,
    target: 'es2022',
    // light-dark() is kept as it is: every browser of the last two years knows it.
    cssTarget: ['chrome123', 'firefox121', 'safari17.5'],
    // The page's policy has no data: scripts or fonts, and the module preload polyfill is not needed.
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    manifest: true,
    reportCompressedSize: false,
  },
  server: { proxy: { '/jmap': server, '/auth': server, '/.well-known': server } },
  test: { include: ['tests/**/*.test.ts'], environment: 'node' },
});
