import { readdirSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { createConsumer } from '../packaging/consumer.ts'
import type { Figure } from './figure.ts'
import { spreadOf } from './statistics.ts'

const PACKAGES = ['kafkajs', '@headgate/kafkajs']
const FORMATS: Readonly<Record<string, (name: string) => string>> = {
  CommonJS: (name) => `const t = performance.now(); require('${name}'); console.log(performance.now() - t)`,
  ECMAScript: (name) => `const t = performance.now(); import('${name}').then(() => console.log(performance.now() - t))`,
}

/** What the installed packages take on disk, and how long their import takes in a new process. */
export function benchSdkSize(rounds: number, tell: (text: string) => void): Figure[] {
  const consumer = createConsumer({ more: { kafkajs: '2.2.4' } })
  try {
    const require = createRequire(join(consumer.folder, 'package.json'))
    const sizes = PACKAGES.map((name): Figure => {
      const what = `installed with its dependencies: ${name}`
      const bytes = [...closureOf(name, require, new Map()).values()].reduce((sum, size) => sum + size, 0)
      return { bench: 'sdk', what, unit: 'MB', digits: 2, spread: spreadOf([bytes / 1e6]) }
    })
    tell('sdk: sizes measured')
    const samples = new Map<string, number[]>()
    for (let round = 0; round <= rounds; round += 1) {
      for (const name of PACKAGES) {
        for (const [format, program] of Object.entries(FORMATS)) {
          const tookMs = Number(consumer.run(process.execPath, '-e', program(name)))
          const what = `import, ${format}: ${name}`
          if (round > 0) samples.set(what, [...(samples.get(what) ?? []), tookMs])
        }
      }
    }
    const times = [...samples].map(
      ([what, own]): Figure => ({ bench: 'sdk', what, unit: 'ms', digits: 1, spread: spreadOf(own) }),
    )
    return [...sizes, ...times]
  } finally {
    consumer.remove()
  }
}

/** Bytes of a package and of all that it depends on, peers included, by folder. */
function closureOf(name: string, require: NodeJS.Require, known: Map<string, number>): Map<string, number> {
  const folder = folderOf(name, require)
  if (known.has(folder)) return known
  known.set(folder, bytesIn(folder))
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const inner = createRequire(join(folder, 'package.json'))
  for (const next of Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies }))
    closureOf(next, inner, known)
  return known
}

function folderOf(name: string, require: NodeJS.Require): string {
  for (const path of require.resolve.paths(name) ?? []) {
    const folder = join(path, name)
    if (statSync(join(folder, 'package.json'), { throwIfNoEntry: false })) return realpathSync(folder)
  }
  throw new Error(`${name} is not installed`)
}

function bytesIn(folder: string): number {
  let bytes = 0
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isFile() && !entry.parentPath.includes('node_modules', folder.length))
      bytes += statSync(join(entry.parentPath, entry.name)).size
  }
  return bytes
}
