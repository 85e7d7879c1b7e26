import { classArchive } from './class-archive.ts'
import type { JarSet, Progress } from './jars.ts'
import type { JavaRuntime } from './java-runtime.ts'

/** How Java is started with a set of jars. */
export interface JavaProgram {
  readonly java: string
  readonly flags: readonly string[]
  readonly classPath: string
}

/** `test` starts fast and stays small; `bench` compiles fully and has memory. */
export type KafkaProfile = 'test' | 'bench'

const PROFILES: Readonly<Record<KafkaProfile, readonly string[]>> = {
  test: ['-Xms64m', '-Xmx384m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xss512k'],
  bench: ['-Xms1g', '-Xmx1g', '-XX:+UseG1GC'],
}

/** How a program of these jars is started in a profile. */
export async function javaProgram(
  profile: KafkaProfile,
  java: JavaRuntime,
  jars: JarSet,
  onProgress?: Progress,
): Promise<JavaProgram> {
  const archive = profile === 'test' ? await classArchive(java, jars, onProgress) : undefined
  const archiveFlags = archive === undefined ? [] : [`-XX:SharedArchiveFile=${archive}`, '-Xshare:auto']
  return {
    java: java.java,
    flags: [...PROFILES[profile], '-Djava.awt.headless=true', ...archiveFlags],
    classPath: jars.classPath,
  }
}
