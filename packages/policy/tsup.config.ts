import { copyFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { defineConfig } from 'tsup'

// They run at once: none may clean the folder of the others.
const shared = {
  entry: ['src/index.ts', 'src/tools/index.ts'],
  clean: false,
  sourcemap: true,
  target: 'node22.15',
  treeshake: true,
} as const

/** The folder of a package that has ECMAScript modules alone. */
const folderOf = (name: string): string => dirname(createRequire(import.meta.url).resolve(`${name}/package.json`))

export default defineConfig([
  { ...shared, format: ['esm'] },
  {
    ...shared,
    format: ['cjs'],
    // jose has no CommonJS of its own, and jest loads none else.
    noExternal: ['jose'],
    onSuccess: async () => copyFileSync(join(folderOf('jose'), 'LICENSE.md'), 'dist/jose.LICENSE'),
  },
  { ...shared, format: ['esm', 'cjs'], dts: { only: true } },
])
