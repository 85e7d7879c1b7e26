import type { Command } from 'commander'
import { describeAsk, describeAsks, describeOutcome } from '../asks/ask-words.ts'
import { type Asked, askedListOf, askedOf } from '../asks/asked.ts'
import type { CommandDefinition, CommandIo, CommandRun, ExitCode } from '../command.ts'
import { addGatewayOptions, type GatewayAddressOptions } from '../gateway-address.ts'
import { connectGateway, type GatewayClient } from '../gateway-client.ts'
import { type JsonObject, jsonObject } from '../json-value.ts'
import { type ReportOptions, reportFailure, reportResult } from '../problem-report.ts'

type AskOptions = ReportOptions & GatewayAddressOptions

interface ListOptions extends AskOptions {
  readonly state: string
  readonly topic?: string
  readonly mine: boolean
  readonly limit: string
}

interface StepOptions extends AskOptions {
  readonly reason?: string
}

type Work = (client: GatewayClient) => Promise<ExitCode>

/** Runs something against the gateway; every failure is told with its code. */
async function withGateway(io: CommandIo, options: AskOptions, work: Work): Promise<ExitCode> {
  try {
    return await work(await connectGateway(io, options))
  } catch (error) {
    return reportFailure(io, error, options)
  }
}

function pathOf(id: string, step = ''): string {
  return `/v1/asks/${encodeURIComponent(id)}${step === '' ? '' : `/${step}`}`
}

function listAsks(options: ListOptions): CommandRun {
  return (io) =>
    withGateway(io, options, async (client) => {
      const query = new URLSearchParams({ limit: options.limit })
      if (options.state !== 'all') query.set('state', options.state)
      if (options.topic !== undefined) query.set('topic', options.topic)
      if (options.mine) query.set('mine', 'true')
      const answer = jsonObject(await client.get(`/v1/asks?${query}`)) ?? {}
      const words = describeAsks(askedListOf(client.url, answer), io.clock.nowUnixMs())
      const more = answer['next'] === undefined ? '' : '\nthere are more: raise --limit or narrow the list'
      return reportResult(io, answer, words + more, options)
    })
}

async function fetchAsk(client: GatewayClient, id: string): Promise<{ raw: JsonObject; ask: Asked }> {
  const raw = jsonObject(await client.get(pathOf(id))) ?? {}
  return { raw, ask: askedOf(client.url, raw) }
}

function showAsk(id: string, options: AskOptions): CommandRun {
  return (io) =>
    withGateway(io, options, async (client) => {
      const { raw, ask } = await fetchAsk(client, id)
      return reportResult(io, { ask: raw }, describeAsk(ask, io.clock.nowUnixMs()), options)
    })
}

/** Shows the ask, then takes the step at the revision that was shown: what is decided on is what was seen. */
function takeStep(step: string, id: string, options: StepOptions): CommandRun {
  return (io) =>
    withGateway(io, options, async (client) => {
      const { ask } = await fetchAsk(client, id)
      if (!options.json) io.writeOut(`${describeAsk(ask, io.clock.nowUnixMs())}\n\n`)
      const reason = options.reason === undefined ? {} : { reason: options.reason }
      const raw = jsonObject(await client.post(pathOf(id, step), { ...reason, revision: ask.revision })) ?? {}
      return reportResult(io, { ask: raw }, describeOutcome(askedOf(client.url, raw)), options)
    })
}

function addOptions(command: Command): Command {
  return addGatewayOptions(command).option('--json', 'write the result as JSON', false)
}

function defineReading(approvals: Command, select: (run: CommandRun) => void): void {
  addOptions(approvals.command('list').description('list the asks that are yours, or yours to decide on, newest first'))
    .option('--state <states>', '`live`, `all`, or states such as `pending,active`', 'live')
    .option('--topic <topic>', 'only those of a topic')
    .option('--mine', 'only your own', false)
    .option('--limit <count>', 'at most so many, up to 200', '50')
    .action((options: ListOptions) => select(listAsks(options)))
  addOptions(
    approvals.command('show <ask>').description('tell who wants what, why, for how long, and every step'),
  ).action((id: string, options: AskOptions) => select(showAsk(id, options)))
}

function defineSteps(approvals: Command, select: (run: CommandRun) => void): void {
  const define = (step: string, what: string, reason: 'required' | 'optional'): void => {
    const command = addOptions(approvals.command(`${step} <ask>`).description(what))
    if (reason === 'required') command.requiredOption('--reason <text>', 'why')
    else command.option('--reason <text>', 'why')
    command.action((id: string, options: StepOptions) => select(takeStep(step, id, options)))
  }
  define('approve', 'show an ask and approve it as it is shown', 'optional')
  define('deny', 'show an ask and deny it; one denial is enough', 'required')
  define('revoke', 'take back what was approved: access ends at once', 'optional')
  define('cancel', 'take back an ask of your own, or of a service that you own', 'optional')
  define('reason', 'add the reason that an ask lacks', 'required')
}

/** `headgate approvals list | show | approve | deny | revoke | cancel | reason` */
export const defineApprovals: CommandDefinition = (parent, select) => {
  const approvals = parent.command('approvals').description('asks for approval: see them, decide on them')
  defineReading(approvals, select)
  defineSteps(approvals, select)
}
