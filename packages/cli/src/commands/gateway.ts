import { resolve } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { type LogPort, systemClock } from '@headgate/core'
import { createGateway, createLog, type Gateway, type GatewayConfig, type LogLevel } from '@headgate/gateway'
import { Option } from 'commander'
import { loadCheckedConfig } from '../checked-config.ts'
import { type CommandDefinition, type CommandIo, ExitCode } from '../command.ts'
import { type ReportOptions, reportFailure, reportProblems } from '../problem-report.ts'

interface GatewayOptions extends ReportOptions {
  readonly config: string
  readonly logLevel: LogLevel
}

const DRAIN_TIMEOUT_MS = 30_000

/** Resolves at the nth signal that asks the process to end. */
function endSignal(io: CommandIo, nth: number): Promise<void> {
  return new Promise((resolve) => {
    let count = 0
    const handler = (): void => {
      count += 1
      if (count === nth) resolve()
    }
    io.onSignal('SIGTERM', handler)
    io.onSignal('SIGINT', handler)
  })
}

async function reload(gateway: Gateway, log: LogPort): Promise<void> {
  try {
    await gateway.reload()
  } catch (error) {
    const name = error instanceof Error ? error.name : 'unknown'
    log.error({ event: 'reload', error: name }, 'reload failed: everything stays as it was')
  }
}

function afterDrainTimeout(): Promise<void> {
  return new Promise((expired) => systemClock.after(DRAIN_TIMEOUT_MS, expired))
}

async function drain(gateway: Gateway, log: LogPort, forced: Promise<void>): Promise<ExitCode> {
  log.info({ event: 'draining' }, 'draining')
  const outcome = await Promise.race([
    gateway.close().then(() => ExitCode.Ok),
    forced.then(() => ExitCode.Failed),
    afterDrainTimeout().then(() => ExitCode.Failed),
  ])
  log.info({ event: 'stopped', code: outcome === ExitCode.Ok ? 'drained' : 'cut' }, 'stopped')
  return outcome
}

async function serve(io: CommandIo, config: GatewayConfig, options: GatewayOptions): Promise<ExitCode> {
  const log = createLog({ level: options.logLevel, stream: { write: (line) => io.writeError(line) } })
  const [first, second] = [endSignal(io, 1), endSignal(io, 2)]
  const gateway = await createGateway({ config, log, clock: systemClock })
  const addresses = await gateway.start()
  io.onSignal('SIGHUP', () => void reload(gateway, log))
  const words = `Kafka clients: ${addresses.bootstrap}\ntokens and bundles: ${addresses.httpUrl}\n`
  io.writeOut(options.json ? `${JSON.stringify({ ok: true, ...addresses })}\n` : words)
  await first
  return drain(gateway, log, second)
}

/**
 * A burst of sign-ins would grow V8's young generation to its largest, and idle connections would hold it for ever. What a
 * gateway makes is read buffers, which are pooled, and small objects that die at once: growth buys it nothing.
 */
function keepYoungGenerationSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1')
}

async function runGateway(io: CommandIo, options: GatewayOptions): Promise<ExitCode> {
  keepYoungGenerationSmall()
  const checked = loadCheckedConfig(resolve(io.folder, options.config), io)
  if (!checked.ok) return reportProblems(io, checked.problems, { ...options, outcome: 'nothing was started' })
  try {
    return await serve(io, checked.config, options)
  } catch (error) {
    return reportFailure(io, error, options)
  }
}

/** `headgate gateway --config <file>` */
export const defineGateway: CommandDefinition = (parent, select) => {
  parent
    .command('gateway')
    .description('run a gateway: SIGTERM or SIGINT drains it, SIGHUP reloads policy and modes')
    .requiredOption('--config <file>', 'the gateway config')
    .addOption(
      new Option('--log-level <level>', 'the least level that is logged')
        .choices(['debug', 'info', 'warn', 'error'])
        .default('info'),
    )
    .option('--json', 'write the addresses as JSON', false)
    .action((options: GatewayOptions) => select((io) => runGateway(io, options)))
}
