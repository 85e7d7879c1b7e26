import { InvalidArgumentError } from 'commander'
import { describeAsk, describeOutcome } from '../asks/ask-words.ts'
import { type Asked, askedListOf, askedOf } from '../asks/asked.ts'
import { parseDuration, parseTime } from '../asks/time-words.ts'
import { type CommandDefinition, type CommandIo, ExitCode } from '../command.ts'
import { addGatewayOptions, type GatewayAddressOptions } from '../gateway-address.ts'
import { connectGateway, type GatewayClient } from '../gateway-client.ts'
import { jsonObject } from '../json-value.ts'
import { type ReportOptions, reportFailure, reportResult } from '../problem-report.ts'

interface RequestOptions extends ReportOptions, GatewayAddressOptions {
  readonly produce: boolean
  readonly reason?: string
  readonly for?: number
  readonly start?: number
  readonly wait: boolean
}

const POLL_MS = 2_000

function duration(text: string): number {
  const durationMs = parseDuration(text)
  if (durationMs === undefined) throw new InvalidArgumentError('write a number and s, m, h or d, such as 30m.')
  return durationMs
}

function time(text: string): number {
  const unixMs = parseTime(text)
  if (unixMs === undefined) throw new InvalidArgumentError('write date, time and zone, such as 2026-11-30T02:00:00Z.')
  return unixMs
}

function isUndecided({ state }: Asked): boolean {
  return state === 'pending' || state === 'approved'
}

async function waitFor(io: CommandIo, client: GatewayClient, asks: readonly Asked[]): Promise<readonly Asked[]> {
  let current = asks
  // It ends: an ask that nobody decides on expires, and one that is approved has its start.
  while (current.some(isUndecided) && current.every((ask) => isUndecided(ask) || ask.state === 'active')) {
    await new Promise<void>((resolve) => io.clock.after(POLL_MS, resolve))
    current = await Promise.all(
      current.map(async ({ id }) => askedOf(client.url, await client.get(`/v1/asks/${encodeURIComponent(id)}`))),
    )
  }
  return current
}

async function request(io: CommandIo, topic: string, options: RequestOptions): Promise<ExitCode> {
  try {
    const client = await connectGateway(io, options)
    const answer = jsonObject(
      await client.post('/v1/asks', {
        topic,
        operation: options.produce ? 'produce' : 'consume',
        ...(options.reason === undefined ? {} : { reason: options.reason }),
        ...(options.for === undefined ? {} : { durationMs: options.for }),
        ...(options.start === undefined ? {} : { startsAtUnixMs: options.start }),
      }),
    )
    const opened = askedListOf(client.url, answer)
    const shown = opened.map((ask) => describeAsk(ask, io.clock.nowUnixMs())).join('\n\n')
    if (!options.wait) return reportResult(io, answer ?? {}, shown, options)
    if (!options.json) io.writeOut(`${shown}\n\n`)
    const asks = await waitFor(io, client, opened)
    const outcomes = asks.map(({ id, state, revision }) => ({ id, state, revision }))
    reportResult(io, { asks: outcomes }, asks.map((ask) => `${ask.id}  ${describeOutcome(ask)}`).join('\n'), options)
    return asks.every(({ state }) => state === 'active') ? ExitCode.Ok : ExitCode.Failed
  } catch (error) {
    return reportFailure(io, error, options)
  }
}

/** `headgate request <topic> [--reason <text>]` */
export const defineRequest: CommandDefinition = (parent, select) => {
  addGatewayOptions(
    parent.command('request <topic>').description('ask for an approval to read a topic, or to write it'),
  )
    .option('--produce', 'to write it', false)
    .option('--reason <text>', 'why; most protections require one')
    .option('--for <duration>', 'for how long, such as 30m or 2h; as long as the protection gives otherwise', duration)
    .option('--start <time>', 'a fixed window: from then on, such as 2026-11-30T02:00:00Z', time)
    .option('--wait', 'wait for the decision; the exit code is 0 when access is given', false)
    .option('--json', 'write the result as JSON', false)
    .action((topic: string, options: RequestOptions) => select((io) => request(io, topic, options)))
}
