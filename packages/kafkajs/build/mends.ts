import { readFile } from 'node:fs/promises'
import type { Options } from 'tsup'

type Plugin = NonNullable<Options['esbuildPlugins']>[number]

/** One small change to a file of the bundled kafkajs. */
export interface Mend {
  /** The file, below kafkajs's `src` folder. */
  readonly file: string
  /** What is wrong, and the upstream report of it. */
  readonly fault: string
  /** The text that is replaced; it must occur exactly once. */
  readonly from: string
  readonly to: string
}

/** Every difference between the bundled kafkajs and kafkajs 2.2.4. */
export const mends: readonly Mend[] = [
  {
    file: 'network/requestQueue/index.js',
    fault:
      'an idle connection runs a timer every millisecond, with a negative delay that newer Node versions warn about: ' +
      'https://github.com/tulios/kafkajs/issues/1751',
    from: 'let scheduleAt = this.throttledUntil - Date.now()\n',
    to: 'let scheduleAt = this.throttledUntil - Date.now()\n    if (this.pending.length === 0) return\n',
  },
]

/** Applies a mend; throws when the text is not there exactly once, so that another kafkajs is never mended blindly. */
export function applyMend(source: string, mend: Mend): string {
  const parts = source.split(mend.from)
  if (parts.length !== 2) throw new Error(`${mend.file}: expected the mended text once, found ${parts.length - 1}`)
  return parts.join(mend.to)
}

/** An esbuild plugin that mends kafkajs while it is bundled, and fails when a mend met no file. */
export function mendKafkajs(): Plugin {
  return {
    name: 'mend-kafkajs',
    setup(build) {
      const left = new Set(mends)
      build.onLoad({ filter: /[\\/]kafkajs[\\/]src[\\/]/ }, async ({ path }) => {
        const here = mends.filter(({ file }) => path.replaceAll('\\', '/').endsWith(`/kafkajs/src/${file}`))
        if (here.length === 0) return undefined
        for (const mend of here) left.delete(mend)
        const source = await readFile(path, 'utf8')
        return { contents: here.reduce(applyMend, source), loader: 'js' }
      })
      build.onEnd(() => {
        for (const mend of left) throw new Error(`${mend.file}: was not bundled`)
      })
    },
  }
}
