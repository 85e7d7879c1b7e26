import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { JavaProgram } from './java-program.ts'
import { lastLines } from './program.ts'
import { watchdog } from './watchdog.ts'

/** A broker's Java process. */
export interface BrokerProcess {
  readonly id: number
  readonly pid: number
  /** Whether it has ended. */
  hasEnded(): boolean
  /** The last lines of its log, which are the whole diagnosis of a failed start. */
  lastLog(): Promise<string>
  /** Asks it to end and waits; kills it where that takes longer than `graceMs`, at once for 0. */
  end(graceMs: number): Promise<void>
}

/** The name of a broker's properties in its folder. */
export const PROPERTIES_FILE = 'server.properties'

const LOGGING = ['-Dorg.slf4j.simpleLogger.defaultLogLevel=warn', '-Dorg.slf4j.simpleLogger.showDateTime=true']

/** Starts the broker of a formatted folder. It ends with this process, however that ends. */
export function startBroker({ java, flags, classPath }: JavaProgram, id: number, directory: string): BrokerProcess {
  const logPath = join(directory, 'broker.log')
  const log = openSync(logPath, 'a', 0o600)
  // What Java unpacks for itself (native codecs, statistics) goes with the folder, as a killed Java removes nothing.
  const own = ['-XX:-UsePerfData', `-Djava.io.tmpdir=${directory}`]
  const args = [...flags, ...LOGGING, ...own, 'kafka.Kafka', join(directory, PROPERTIES_FILE)]
  // Detached: a Ctrl-C at the terminal is for the test, which then stops its brokers in order.
  const child = spawn(java, args, {
    env: { ...process.env, CLASSPATH: classPath },
    stdio: ['ignore', log, log],
    detached: true,
  })
  closeSync(log)
  const pid = child.pid ?? 0
  if (pid !== 0) watchdog().watchProcess(pid)
  let over = false
  const end = new Promise<void>((resolve) => {
    child.once('error', () => resolve())
    child.once('exit', () => resolve())
  }).then(() => {
    over = true
    watchdog().forgetProcess(pid)
  })
  child.unref()
  return {
    id,
    pid,
    hasEnded: () => over,
    lastLog: async () => lastLines(await readFile(logPath, 'utf8').catch(() => '(no log was written)'), 50),
    end: async (graceMs) => {
      child.ref()
      child.kill(graceMs === 0 ? 'SIGKILL' : 'SIGTERM')
      const timer = setTimeout(() => child.kill('SIGKILL'), graceMs)
      await end
      clearTimeout(timer)
    },
  }
}
