import { defineConfig } from 'tsup'
import { mendKafkajs } from './build/mends.ts'

const shared = { entry: ['src/index.ts'], target: 'node22.15' } as const

export default defineConfig([
  {
    ...shared,
    format: ['cjs'],
    clean: true,
    sourcemap: true,
    noExternal: ['kafkajs'],
    esbuildPlugins: [mendKafkajs()],
  },
  { ...shared, format: ['esm', 'cjs'], dts: { only: true }, external: ['#kafkajs', 'kafkajs'] },
])
