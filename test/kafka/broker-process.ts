import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { JarSet } from './jars.ts'
import type { JavaRuntime } from './java-runtime.ts'
import { lastLines } from './program.ts'

/** How the virtual machine of a broker is set: quick to start, or quick once warm. */
export type JvmProfile = 'test' | 'bench'

const PROFILES: Readonly<Record<JvmProfile, readonly string[]>> = {
  test: ['-Xms64m', '-Xmx384m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xss512k'],
  bench: ['-Xms1g', '-Xmx1g', '-XX:+UseG1GC'],
}

/** A broker that was started. */
export interface BrokerProcess {
  readonly nodeId: number
  readonly child: ChildProcess
  readonly logPath: string
}

/** The options that a Java program of the jars runs with. */
export function jvmOptions(profile: JvmProfile, archive: string | undefined): string[] {
  return [...PROFILES[profile], ...(archive === undefined ? [] : [`-XX:SharedArchiveFile=${archive}`, '-Xshare:auto'])]
}

/** Starts one broker in a directory that holds its server.properties. */
export function startBroker(java: JavaRuntime, jars: JarSet, options: readonly string[], directory: string, nodeId: number): BrokerProcess {
  const logPath = join(directory, 'broker.log')
  const log = openSync(logPath, 'a', 0o600)
  const logging = ['-Dorg.slf4j.simpleLogger.defaultLogLevel=warn', '-Dorg.slf4j.simpleLogger.showDateTime=true']
  const args = [...options, ...logging, 'kafka.Kafka', join(directory, 'server.properties')]
  const child = spawn(java.java, args, { env: { ...process.env, CLASSPATH: jars.classPath }, stdio: ['ignore', log, log] })
  closeSync(log)
  return { nodeId, child, logPath }
}

/** The last lines of a broker's log, which is the whole diagnosis of a failed start. */
export async function logTail({ logPath }: BrokerProcess): Promise<string> {
  return lastLines(await readFile(logPath, 'utf8').catch(() => ''), 50)
}

/** Asks a broker to end, and ends it after `graceMs`. */
export async function endBroker({ child }: BrokerProcess, graceMs: number): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  child.kill(graceMs === 0 ? 'SIGKILL' : 'SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), graceMs)
  await gone
  clearTimeout(timer)
}
