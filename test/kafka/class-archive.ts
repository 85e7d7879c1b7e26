import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { cached } from './cache.ts'
import type { JarSet, Progress } from './jars.ts'
import type { JavaRuntime } from './java-runtime.ts'

/** Runs a broker with further flags from its start to its orderly end. */
export type BrokerRun = (extraFlags: readonly string[]) => Promise<void>

/**
 * A class-data archive of what a broker loads, made once for a set of jars and a Java build by running a broker once: a
 * later one starts in about half the time. `undefined` where it cannot be made: it saves time, nothing depends on it.
 */
export async function classArchive(
  java: JavaRuntime,
  jars: JarSet,
  onProgress: Progress | undefined,
  run: BrokerRun,
): Promise<string | undefined> {
  const key = createHash('sha256').update(`${java.home} ${java.build} ${jars.classPath}`).digest('hex').slice(0, 8)
  try {
    const directory = await cached(`${jars.name}-classes-of-a-broker-${key}`, async (unfinished) => {
      onProgress?.('preparing Kafka to start quickly (once)')
      await run([`-XX:ArchiveClassesAtExit=${join(unfinished, ARCHIVE)}`, '-Xlog:disable'])
    })
    return join(directory, ARCHIVE)
  } catch {
    return undefined
  }
}

const ARCHIVE = 'kafka.jsa'
