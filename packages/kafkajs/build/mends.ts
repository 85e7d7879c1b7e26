import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import type { Options } from 'tsup'
import { patches } from './patches.ts'
import { replacements } from './replacements.ts'

type Plugin = NonNullable<Options['esbuildPlugins']>[number]

/** A difference between the bundled kafkajs and kafkajs 2.2.4. */
interface Difference {
  /** The file, below kafkajs's `src` folder. */
  readonly file: string
  /** What is wrong, and the upstream report of it. */
  readonly fault: string
}

/** One small change to a file. */
export interface Patch extends Difference {
  /** The text that is replaced; it must occur exactly once. */
  readonly from: string
  readonly to: string
}

/** A whole file that one of ours stands for, with the same exports. */
export interface Replacement extends Difference {
  /** SHA-256 of kafkajs's own file. */
  readonly sha256: string
  /** Our file, in the folder `mended`. */
  readonly by: string
}

/** Any difference. */
export type Mend = Patch | Replacement

/** Every difference between the bundled kafkajs and kafkajs 2.2.4. */
export const mends: readonly Mend[] = [...patches, ...replacements]

/** Applies a mend; throws when what it mends is not there exactly once, so that another kafkajs is never mended blindly. */
export function applyMend(source: string, mend: Mend): string {
  if ('by' in mend) {
    if (createHash('sha256').update(source).digest('hex') === mend.sha256) return readReplacement(mend)
    throw new Error(`${mend.file}: expected the file of kafkajs 2.2.4`)
  }
  const parts = source.split(mend.from)
  if (parts.length !== 2) throw new Error(`${mend.file}: expected the mended text once, found ${parts.length - 1}`)
  return parts.join(mend.to)
}

const readReplacement = ({ by }: Replacement): string =>
  readFileSync(new URL(`./mended/${by}`, import.meta.url), 'utf8')

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
