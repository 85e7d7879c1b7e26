import type { Options } from 'tsup'

type Plugin = NonNullable<Options['esbuildPlugins']>[number]

/** An esbuild plugin that takes the entry of the codecs' library which carries its WebAssembly in it: one file is all there is. */
export function carryWasm(): Plugin {
  return {
    name: 'carry-wasm',
    setup(build) {
      build.onResolve({ filter: /^@platformatic\/wasm-utils$/ }, ({ path, importer, kind, resolveDir }) =>
        build.resolve(`${path}/bundled`, { importer, kind, resolveDir }),
      )
    },
  }
}
