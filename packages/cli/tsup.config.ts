import { defineConfig } from 'tsup'

const shared = { clean: true, sourcemap: true, target: 'node24', treeshake: true } as const

export default defineConfig([
  { ...shared, entry: ['src/index.ts'], format: ['esm', 'cjs'], dts: true },
  { ...shared, entry: ['src/main.ts'], format: ['esm'], clean: false },
])
