import { copyFileSync } from 'node:fs'
import { defineConfig } from 'tsup'
import { writeLicences } from '../../.ci/licences.mjs'

// The two run at once: neither may clean the folder of the other.
const shared = { clean: false, sourcemap: true, target: 'node24', treeshake: true } as const

export default defineConfig([
  { ...shared, entry: ['src/index.ts'], format: ['esm', 'cjs'], dts: true },
  {
    ...shared,
    entry: {
      // It looks at the version of Node, and imports nothing but the command beside it.
      main: 'src/main.ts',
      'command-process': 'src/command-process.ts',
      // The gateway inside starts its threads from files beside the command; this one is bundled with what it needs.
      'saml-worker': '../gateway/dist/saml-worker.js',
    },
    format: ['esm'],
    // The command is one file but for its native parts: a gateway starts in two thirds of the time and with 25 MB less.
    // The testkit, with its identity provider, is loaded by `headgate dev` alone, the parser by `headgate doctor`.
    noExternal: [/^(?!@node-rs\/|@platformatic\/|@headgate\/testkit|oxc-parser|node:)/],
    external: ['@node-rs/crc32', '@platformatic/wasm-utils', '@headgate/testkit', 'oxc-parser'],
    splitting: false,
    removeNodeProtocol: false,
    metafile: true,
    onSuccess: async () => {
      copyFileSync('../gateway/dist/sqlite-worker.js', 'dist/sqlite-worker.js')
      writeLicences('dist/metafile-esm.json', 'dist/THIRD-PARTY-LICENCES.txt')
    },
    banner: {
      js: "import { createRequire as requireOf } from 'node:module';const require = requireOf(import.meta.url);",
    },
  },
])
