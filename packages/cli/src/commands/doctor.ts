import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseEnv } from 'node:util'
import { type CommandDefinition, type CommandIo, ExitCode } from '../command.ts'
import type { Check } from '../doctor/check.ts'
import { checkCode, checkPackages } from '../doctor/check-code.ts'
import { checkConnection } from '../doctor/check-connection.ts'
import { readManifest } from '../doctor/installed-package.ts'
import { FileUnreadableError } from '../errors.ts'
import { jsonLine, printable } from '../json-value.ts'
import { readNamedFile } from '../named-file.ts'
import { type ReportOptions, reportFailure } from '../problem-report.ts'

interface DoctorOptions extends ReportOptions {
  readonly envFile?: string
  readonly connection: boolean
}

const MARKS: Readonly<Record<Check['status'], string>> = Object.freeze({ passed: '✓', failed: '✗', noted: '·' })
const MAX_WORDS = 2_000

function words({ status, what, message, code }: Check): string {
  const known = code === undefined ? '' : ` (${code})`
  return `  ${MARKS[status]} ${printable(what)}: ${printable(message, MAX_WORDS)}${known}\n`
}

/** Tells each check as it comes, under the name of its area. */
class Teller {
  readonly #io: CommandIo
  readonly #isJson: boolean
  readonly checks: Check[] = []

  constructor(io: CommandIo, isJson: boolean) {
    this.#io = io
    this.#isJson = isJson
  }

  tell(check: Check): void {
    const isNewArea = this.checks.at(-1)?.area !== check.area
    this.checks.push(check)
    if (!this.#isJson) this.#io.writeOut(`${isNewArea ? `${check.area}\n` : ''}${words(check)}`)
  }

  finish(folder: string): ExitCode {
    const failed = this.checks.filter(({ status }) => status === 'failed')
    const ok = failed.length === 0
    if (this.#isJson) this.#io.writeOut(jsonLine({ ok, folder, checks: this.checks }))
    else if (ok) this.#io.writeOut('all is well\n')
    else this.#io.writeOut(`to mend: ${failed.map(({ what }) => printable(what)).join(', ')}\n`)
    return ok ? ExitCode.Ok : ExitCode.Failed
  }
}

async function environmentOf(io: CommandIo, { envFile }: DoctorOptions): Promise<CommandIo['environment']> {
  if (envFile === undefined) return io.environment
  // As Node takes it: what is set already stays.
  return { ...parseEnv(await readNamedFile(io, 'the environment', envFile)), ...io.environment }
}

function hint(io: CommandIo, folder: string, options: DoctorOptions): readonly Check[] {
  const isUnset = io.environment['HEADGATE_GATEWAY'] === undefined && options.envFile === undefined
  if (!isUnset || !existsSync(join(folder, '.env'))) return []
  const message = 'there is one here, which is not read: `--env-file .env` reads it'
  return [{ area: 'environment', status: 'noted', what: '.env', message }]
}

async function examine(io: CommandIo, folder: string, options: DoctorOptions): Promise<ExitCode> {
  const teller = new Teller(io, options.json)
  // Loaded by this command alone: it has a native part.
  const parser = await import('oxc-parser')
  for (const check of checkCode(parser, folder)) teller.tell(check)
  const packages = checkPackages(folder)
  for (const check of packages) teller.tell(check)
  const isInstalled = packages[0]?.status === 'passed'
  if (!options.connection || !isInstalled) return teller.finish(folder)
  for (const check of hint(io, folder, options)) teller.tell(check)
  for await (const check of checkConnection(folder, await environmentOf(io, options))) teller.tell(check)
  return teller.finish(folder)
}

async function runDoctor(io: CommandIo, path: string, options: DoctorOptions): Promise<ExitCode> {
  const folder = resolve(io.folder, path)
  try {
    if (readManifest(folder) === undefined)
      throw new FileUnreadableError('a service', join(path, 'package.json'), 'ENOENT')
    return await examine(io, folder, options)
  } catch (error) {
    return reportFailure(io, error, options)
  }
}

/** `headgate doctor [folder]` */
export const defineDoctor: CommandDefinition = (parent, select) => {
  parent
    .command('doctor')
    .argument('[folder]', "a service's folder, where its package.json is", '.')
    .description(
      'find what keeps a service from Kafka: imports of kafkajs, then each step from its identity to a first fetch',
    )
    .option('--env-file <file>', 'variables beside those that are set, as `node --env-file` takes them')
    .option('--no-connection', 'look at code and packages alone')
    .option('--json', 'write the result as JSON', false)
    .action((folder: string, options: DoctorOptions) => select((io) => runDoctor(io, folder, options)))
}
