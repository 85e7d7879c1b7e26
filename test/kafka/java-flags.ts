import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { cacheDirectory } from './cache.ts'
import type { JarSet } from './jars.ts'
import type { JavaRuntime } from './java-runtime.ts'

/** `test` starts fast and stays small; `bench` compiles fully and has memory. */
export type KafkaProfile = 'test' | 'bench'

const START_FAST = ['-Xms64m', '-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xss512k']
const RUN_FAST = ['-Xms1g', '-Xmx1g', '-XX:+UseG1GC']

/** The flags of a Java program of a profile; a class archive that is missing or does not fit is silently left out by Java. */
export function javaFlags(profile: KafkaProfile, java: JavaRuntime, jars: JarSet): string[] {
  if (profile === 'bench') return [...RUN_FAST, ...headless]
  return [...START_FAST, ...headless, `-XX:SharedArchiveFile=${classArchivePath(java, jars)}`, '-Xlog:cds=off', '-Xlog:cds+dynamic=off']
}

/** Where the class archive of a Java build and a set of jars is kept. */
export function classArchivePath(java: JavaRuntime, jars: JarSet): string {
  const build = createHash('sha256').update(`${java.build}\n${jars.classPath}`).digest('hex').slice(0, 8)
  return join(cacheDirectory(), `${jars.name}-${build}.jsa`)
}

const headless = ['-Djava.awt.headless=true', '-XX:-UsePerfData']
