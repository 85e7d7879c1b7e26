import { defineConfig } from 'tsup'

export default defineConfig({
  // The worker is a file of its own, beside the one that starts it.
  entry: { index: 'src/index.ts', 'sqlite-worker': 'src/store/sqlite-worker.ts' },
  format: ['esm', 'cjs'],
  dts: { entry: 'src/index.ts' },
  // `import.meta.url` in the CommonJS form, and `node:sqlite` with its prefix, without which there is no such module.
  shims: true,
  removeNodeProtocol: false,
  clean: true,
  sourcemap: true,
  target: 'node22.15',
  treeshake: true,
})
