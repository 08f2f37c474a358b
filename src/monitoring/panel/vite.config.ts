/** Builds the page in `web/` to `dist/panel`. Run by the build script. */
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

export default defineConfig({
  root: fileURLToPath(new URL('web', import.meta.url)),
  base: './',
  build: {
    outDir: fileURLToPath(new URL('../../../dist/panel', import.meta.url)),
    emptyOutDir: true,
    target: 'es2022',
    modulePreload: false,
    assetsInlineLimit: 0, // the page's content policy takes files of its own address only
  },
});
