import { type Command, InvalidArgumentError } from 'commander'
import { parseTime } from '../asks/time-words.ts'
import type { CommandDefinition, CommandIo, CommandRun, ExitCode } from '../command.ts'
import { ReplayEndedError, TerminalRefusedError } from '../errors.ts'
import { addGatewayOptions, type GatewayAddressOptions } from '../gateway-address.ts'
import { connectGateway, type GatewayClient } from '../gateway-client.ts'
import { type JsonObject, jsonObject, textMember } from '../json-value.ts'
import { type ReportOptions, reportFailure, reportResult } from '../problem-report.ts'
import { objectsOf, textOf } from '../sessions/json-members.ts'
import { describeReplayLine, rawValue } from '../sessions/replay-words.ts'
import { describeSession, describeSessions } from '../sessions/session-words.ts'

type SessionOptions = ReportOptions & GatewayAddressOptions

interface PageOptions extends SessionOptions {
  readonly limit?: string
  readonly after?: string
}

interface ListOptions extends PageOptions {
  readonly principal?: string
  readonly topic?: string
  readonly since?: string
  readonly until?: string
}

interface ReplayOptions extends PageOptions {
  readonly topic?: string
  readonly partition?: string
  readonly all: boolean
  readonly raw: boolean
}

type Query = Readonly<Record<string, string | undefined>>

function pathOf(path: string, query: Query): string {
  const given = Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined)
  return given.length === 0 ? path : `${path}?${new URLSearchParams(given)}`
}

function more(answer: JsonObject | undefined): string {
  const next = textOf(answer, 'next')
  return next === '' ? '' : `\n\nthere is more: --after ${next}`
}

async function withGateway(
  io: CommandIo,
  options: SessionOptions,
  work: (client: GatewayClient) => Promise<ExitCode>,
): Promise<ExitCode> {
  try {
    return await work(await connectGateway(io, options))
  } catch (error) {
    return reportFailure(io, error, options)
  }
}

function listSessions(options: ListOptions): CommandRun {
  const { principal, topic, since, until, limit, after } = options
  return (io) =>
    withGateway(io, options, async (client) => {
      const path = pathOf('/v1/sessions', { principal, topic, since, until, limit, after })
      const answer = jsonObject(await client.get(path)) ?? {}
      return reportResult(io, answer, describeSessions(objectsOf(answer, 'sessions')) + more(answer), options)
    })
}

function showSession(id: string, options: PageOptions): CommandRun {
  const { limit, after } = options
  return (io) =>
    withGateway(io, options, async (client) => {
      const answer = jsonObject(await client.get(pathOf(`/v1/sessions/${encodeURIComponent(id)}`, { limit, after })))
      return reportResult(io, { session: answer }, describeSession(answer ?? {}) + more(answer), options)
    })
}

/** Gives pages line by line; the last line of each is its end. */
async function* pagesOf(
  client: GatewayClient,
  id: string,
  options: ReplayOptions,
): AsyncGenerator<readonly JsonObject[]> {
  const { topic, partition, limit } = options
  let { after } = options
  do {
    const path = `/v1/sessions/${encodeURIComponent(id)}/replay`
    const lines = await client.getLines(pathOf(path, { topic, partition, limit, after }))
    const end = lines.at(-1)
    if (end?.['type'] !== 'end') throw new ReplayEndedError(textMember(end, 'code'))
    yield lines
    after = textMember(end, 'next')
  } while (options.all && after !== undefined)
}

function writeWords(io: CommandIo, lines: readonly JsonObject[]): void {
  for (const line of lines) if (line['type'] !== 'end') io.writeOut(`${describeReplayLine(line)}\n`)
}

function writeValues(io: CommandIo, lines: readonly JsonObject[]): void {
  for (const value of lines.map(rawValue)) if (value !== undefined) io.writeOut(`${value}\n`)
}

function replaySession(id: string, options: ReplayOptions): CommandRun {
  return (io) =>
    withGateway(io, options, async (client) => {
      // What somebody wrote into a record could drive a terminal.
      if (options.raw && io.isOutTerminal) throw new TerminalRefusedError()
      const kept: JsonObject[] = []
      let last: JsonObject | undefined
      for await (const lines of pagesOf(client, id, options)) {
        last = lines.at(-1)
        if (options.raw) writeValues(io, lines)
        else if (options.json) kept.push(...lines)
        else writeWords(io, lines)
      }
      const next = more(last).trim()
      if (options.json && !options.raw) return reportResult(io, { lines: kept }, '', options)
      if (next !== '') io.writeError(`${next}\n`)
      return 0
    })
}

function revokeSession(id: string, options: SessionOptions): CommandRun {
  return (io) =>
    withGateway(io, options, async (client) => {
      await client.postForm('/revoke', { token: id })
      const words = `session ${id} is revoked: its tokens count no more, and its connections have no rights`
      return reportResult(io, { session: id, revoked: true }, words, options)
    })
}

function time(text: string): string {
  if (parseTime(text) === undefined)
    throw new InvalidArgumentError('write date, time and zone, such as 2026-11-30T02:00:00Z.')
  return text
}

function addOptions(command: Command, what: string): Command {
  return addGatewayOptions(command)
    .option('--limit <count>', `at most so many ${what} at once`)
    .option('--after <place>', 'go on where an earlier answer ended')
    .option('--json', 'write the result as JSON', false)
}

/** `headgate sessions list | show | replay | revoke` */
export const defineSessions: CommandDefinition = (parent, select) => {
  const sessions = parent.command('sessions').description('what sessions did, and what they saw')
  addOptions(sessions.command('list').description('list sessions, those that went on last first'), 'sessions')
    .option('--principal <name>', 'only of a subject, or of `issuer/subject`')
    .option('--topic <topic>', 'only those that read it, wrote it, or were refused it')
    .option('--since <time>', 'only those that went on after it, such as 2026-11-30T02:00:00Z', time)
    .option('--until <time>', 'only those that began before it', time)
    .action((options: ListOptions) => select(listSessions(options)))
  addOptions(
    sessions
      .command('show <session>')
      .description('tell who, from where, and what was read, written, refused and asked'),
    'entries',
  ).action((id: string, options: PageOptions) => select(showSession(id, options)))
  addOptions(
    sessions.command('replay <session>').description('show what a session saw, as far as you may see it now'),
    'records',
  )
    .option('--topic <topic>', 'only this topic')
    .option('--partition <number>', 'only this partition')
    .option('--all', 'all of it, page after page', false)
    .option('--raw', 'values alone, as they are, one a line; to a file or a pipe', false)
    .action((id: string, options: ReplayOptions) => select(replaySession(id, options)))
  addGatewayOptions(sessions.command('revoke <session>').description('end a session now, on live connections too'))
    .option('--json', 'write the result as JSON', false)
    .action((id: string, options: SessionOptions) => select(revokeSession(id, options)))
}
