import { execFile } from 'node:child_process'
import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type Consumer, createConsumer } from '../../packaging/consumer.ts'

const run = promisify(execFile)

/** OpenTelemetry as a service has it, with the instrumentation of kafkajs. */
export const TELEMETRY: Readonly<Record<string, string>> = {
  '@opentelemetry/context-async-hooks': '3.1.1',
  '@opentelemetry/core': '3.1.1',
  '@opentelemetry/instrumentation': '0.300.0',
  '@opentelemetry/instrumentation-kafkajs': '0.33.0',
  '@opentelemetry/sdk-metrics': '3.1.1',
  '@opentelemetry/sdk-trace': '3.1.1',
}

/** One span as `telemetry.mjs` tells it. */
export interface ToldSpan {
  readonly scope: string
  readonly name: string
  readonly kind: number
  readonly attributes: Readonly<Record<string, unknown>>
  readonly parent?: string
}

/** A project of its own with the packed packages, whose programs do not stop this process meanwhile. */
export interface PackedProject {
  readonly consumer: Consumer
  /** Runs a program of this folder there, and gives the last line that it printed, as data. */
  run<T>(program: string, environment: Readonly<Record<string, string>>): Promise<T>
}

/** Makes such a project, with files of this folder in it. */
export function createPackedProject(
  files: readonly string[],
  more: Readonly<Record<string, string>>,
  aliases: Readonly<Record<string, string>> = {},
): PackedProject {
  const consumer = createConsumer({ packages: aliases['kafkajs'] === undefined ? ['kafkajs'] : [], more, aliases })
  for (const file of files) copyFileSync(join(import.meta.dirname, file), join(consumer.folder, file))
  return {
    consumer,
    async run<T>(program: string, environment: Readonly<Record<string, string>>): Promise<T> {
      const { stdout } = await run(process.execPath, ['--import', './telemetry.mjs', program], {
        cwd: consumer.folder,
        env: { PATH: process.env['PATH'], KAFKAJS_NO_PARTITIONER_WARNING: '1', ...environment },
        timeout: 60_000,
        maxBuffer: 64 * 1024 * 1024,
      })
      return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as T
    },
  }
}
