import { copyFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'tsup'

// They run at once: none may clean the folder of the others.
const shared = { entry: ['src/index.ts'], clean: false, sourcemap: true, target: 'node22.15', treeshake: true } as const
const WASM = '@platformatic/wasm-utils'

export default defineConfig([
  { ...shared, format: ['esm'] },
  {
    ...shared,
    format: ['cjs'],
    // It has no CommonJS of its own, and jest loads none else; its second entry carries the WebAssembly in it.
    noExternal: [/^@platformatic\//],
    esbuildOptions: (options) => {
      options.alias = { [WASM]: `${WASM}/bundled` }
    },
    onSuccess: async () => {
      const dist = dirname(fileURLToPath(import.meta.resolve(WASM)))
      copyFileSync(join(dist, '../LICENSE'), 'dist/wasm-utils.LICENSE')
    },
  },
  { ...shared, format: ['esm', 'cjs'], dts: { only: true } },
])
