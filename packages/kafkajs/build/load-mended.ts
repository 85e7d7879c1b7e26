import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, relative } from 'node:path'
import { applyMend, mends } from './mends.ts'

const require = createRequire(import.meta.url)

/** The folder of kafkajs's own files. */
export const KAFKAJS_SOURCE: string = join(dirname(require.resolve('kafkajs/package.json')), 'src')

/** Loads a file of kafkajs as it is. */
export function loadPlain<T>(file: string): T {
  return require(join(KAFKAJS_SOURCE, file)) as T
}

/** Loads a file of kafkajs, and all that it requires, as they are bundled. For tests. */
export function loadMended<T>(file: string): T {
  return load(join(KAFKAJS_SOURCE, file)) as T
}

const loaded = new Map<string, { exports: unknown }>()

function load(path: string): unknown {
  const known = loaded.get(path)
  if (known !== undefined) return known.exports
  const module: { exports: unknown } = { exports: {} }
  loaded.set(path, module)
  const file = relative(KAFKAJS_SOURCE, path).replaceAll('\\', '/')
  const text = mends.filter((mend) => mend.file === file).reduce(applyMend, readFileSync(path, 'utf8'))
  const from = createRequire(path)
  const requireMended = (id: string): unknown => {
    const target = from.resolve(id)
    return target.startsWith(KAFKAJS_SOURCE) ? load(target) : from(id)
  }
  new Function('require', 'module', 'exports', text)(requireMended, module, module.exports)
  return module.exports
}
