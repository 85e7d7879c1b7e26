import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { cached } from './cache.ts'
import type { JarSet, Progress } from './jars.ts'
import type { JavaRuntime } from './java-runtime.ts'
import { runProgram } from './program.ts'

/**
 * A class-data archive of Kafka's server classes, made once for a set of jars and a Java build: a broker then starts in
 * about half the time. `undefined` where it cannot be made: the archive saves time, nothing depends on it.
 */
export async function classArchive(
  java: JavaRuntime,
  jars: JarSet,
  onProgress?: Progress,
): Promise<string | undefined> {
  const key = createHash('sha256').update(`${java.home} ${java.build} ${jars.classPath}`).digest('hex').slice(0, 8)
  try {
    const directory = await cached(`${jars.name}-classes-${key}`, async (unfinished) => {
      onProgress?.('preparing Kafka to start quickly (once)')
      const archive = join(unfinished, 'kafka.jsa')
      const args = [
        `-XX:ArchiveClassesAtExit=${archive}`,
        '-Xlog:disable',
        'kafka.tools.StorageTool',
        'version-mapping',
      ]
      await runProgram(java.java, args, { env: { ...process.env, CLASSPATH: jars.classPath } })
    })
    return join(directory, 'kafka.jsa')
  } catch {
    return undefined
  }
}
