import { defineConfig } from 'tsup'

// The two run at once: neither may clean the folder of the other.
const shared = { clean: false, sourcemap: true, target: 'node24', treeshake: true } as const

export default defineConfig([
  { ...shared, entry: ['src/index.ts'], format: ['esm', 'cjs'], dts: true },
  { ...shared, entry: ['src/main.ts'], format: ['esm'] },
])
