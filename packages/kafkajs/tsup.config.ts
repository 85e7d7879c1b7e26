import { defineConfig } from 'tsup'
import { carryWasm } from './build/carry-wasm.ts'
import { loadLater } from './build/load-later.ts'
import { mendKafkajs } from './build/mends.ts'

const TELEMETRY = '@opentelemetry/api'
const shared = { entry: ['src/index.ts'], target: 'node22.15' } as const

export default defineConfig([
  {
    ...shared,
    format: ['cjs'],
    clean: true,
    metafile: true,
    // Everything is inside but Node itself and the telemetry's API, of which a process has one.
    noExternal: [/^(?!node:)/],
    esbuildOptions: (options) => {
      // Our own packages from their sources: file by file the bundler sees what is not used.
      options.conditions = ['@headgate/source']
    },
    esbuildPlugins: [mendKafkajs(), carryWasm(), loadLater(TELEMETRY)],
  },
  {
    ...shared,
    format: ['esm', 'cjs'],
    dts: {
      only: true,
      compilerOptions: { paths: { '@headgate/*': ['../*/src/index.ts'] } },
    },
    external: ['#kafkajs', 'kafkajs'],
  },
])
