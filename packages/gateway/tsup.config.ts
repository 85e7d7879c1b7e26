import { defineConfig } from 'tsup'

export default defineConfig({
  // The workers are files of their own, beside the one that starts them.
  entry: {
    index: 'src/index.ts',
    'sqlite-worker': 'src/store/sqlite-worker.ts',
    'saml-worker': 'src/identity/saml/saml-worker.ts',
  },
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
