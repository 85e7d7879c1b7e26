import { createRequire } from 'node:module'
import type { Options } from 'tsup'

type Plugin = NonNullable<Options['esbuildPlugins']>[number]

const require = createRequire(import.meta.url)

/** An esbuild plugin that loads a package which stays outside when one of its names is first read, not with ours. */
export function loadLater(name: string): Plugin {
  return {
    name: 'load-later',
    setup(build) {
      build.onResolve({ filter: new RegExp(`^${name}$`) }, ({ kind }) =>
        kind === 'require-call' ? { path: name, external: true } : { path: name, namespace: 'load-later' },
      )
      build.onLoad({ filter: /^/, namespace: 'load-later' }, () => ({ contents: gettersOf(name), loader: 'js' }))
    },
  }
}

function gettersOf(name: string): string {
  const getters = Object.keys(require(name)).map((key) => `  get ${key}() { return load().${key} },`)
  return [
    'let loaded',
    `const load = () => (loaded ??= require('${name}'))`,
    'module.exports = {',
    ...getters,
    '}',
    '',
  ].join('\n')
}
