import {
  describeUnusedGrants,
  draftData,
  draftPolicyText,
  draftRules,
  parseSeenUses,
  type SeenUses,
  untoldGrants,
  unusedGrants,
} from '@headgate/policy/tools'
import { InvalidArgumentError } from 'commander'
import { parseDuration, parseTime } from '../asks/time-words.ts'
import { type CommandDefinition, type CommandIo, ExitCode } from '../command.ts'
import { GatewayAnswerError } from '../errors.ts'
import { addGatewayOptions, type GatewayAddressOptions } from '../gateway-address.ts'
import { connectGateway } from '../gateway-client.ts'
import { jsonLine } from '../json-value.ts'
import { loadPolicy } from '../policy/load-policy.ts'
import { type ReportOptions, reportFailure, reportProblems } from '../problem-report.ts'

interface DraftOptions extends ReportOptions, GatewayAddressOptions {
  readonly principal?: string
  readonly issuer?: string
  readonly since?: string
  readonly siblings: number
  readonly unused?: string
}

const MAX_SIBLINGS = 1_000

/** A time, or how long ago. */
function parseSince(text: string, nowUnixMs: number): number | undefined {
  const duration = parseDuration(text)
  return duration === undefined ? parseTime(text) : nowUnixMs - duration
}

async function askGateway(io: CommandIo, options: DraftOptions): Promise<SeenUses> {
  const client = await connectGateway(io, options)
  const seen = parseSeenUses(await client.get('/v1/seen'))
  if (seen === undefined) throw new GatewayAnswerError(new URL(client.url).host, 'it tells nothing of what was seen')
  return narrow(seen, options, io.clock.nowUnixMs())
}

function narrow(seen: SeenUses, { principal, issuer, since }: DraftOptions, nowUnixMs: number): SeenUses {
  const fromUnixMs = since === undefined ? 0 : (parseSince(since, nowUnixMs) ?? 0)
  const accesses = seen.accesses.filter(
    (use) =>
      use.lastUnixMs >= fromUnixMs &&
      (principal === undefined || use.subject === principal) &&
      (issuer === undefined || use.issuer === issuer),
  )
  return { ...seen, accesses, sinceUnixMs: Math.max(seen.sinceUnixMs, fromUnixMs) }
}

function writeDraft(io: CommandIo, seen: SeenUses, { siblings, json }: DraftOptions): ExitCode {
  const draft = draftRules(seen, { siblings })
  const policy = draftPolicyText(draft, seen, io.clock.nowUnixMs())
  io.writeOut(json ? jsonLine({ ok: true, sinceUnixMs: seen.sinceUnixMs, ...draftData(draft), policy }) : policy)
  return ExitCode.Ok
}

function writeUnused(io: CommandIo, seen: SeenUses, path: string, options: DraftOptions): ExitCode {
  const loaded = loadPolicy(io, path)
  if (!loaded.ok) return reportProblems(io, loaded.problems, options)
  const [unused, untold] = [unusedGrants(loaded.document, seen), untoldGrants(loaded.document, seen)]
  const { sinceUnixMs } = seen
  io.writeOut(
    options.json
      ? jsonLine({ ok: true, sinceUnixMs, unused, untold })
      : `${describeUnusedGrants(unused, untold, seen, io.clock.nowUnixMs())}\n`,
  )
  return ExitCode.Ok
}

async function draft(io: CommandIo, options: DraftOptions): Promise<ExitCode> {
  try {
    const seen = await askGateway(io, options)
    return options.unused === undefined ? writeDraft(io, seen, options) : writeUnused(io, seen, options.unused, options)
  } catch (error) {
    return reportFailure(io, error, options)
  }
}

function sinceOf(text: string): string {
  if (parseSince(text, 0) === undefined)
    throw new InvalidArgumentError('write how long ago, such as 7d, or date, time and zone, such as 2026-11-24T03:00Z.')
  return text
}

function siblingsOf(text: string): number {
  const count = Number(text)
  if (!Number.isInteger(count) || count < 2 || count > MAX_SIBLINGS)
    throw new InvalidArgumentError(`write a whole number, 2 to ${MAX_SIBLINGS}.`)
  return count
}

/** `headgate policy draft` */
export const definePolicyDraft: CommandDefinition = (parent, select) => {
  addGatewayOptions(
    parent
      .command('draft')
      .description(
        'print the smallest policy that grants what the gateway has seen; with --unused, what a policy grants and nobody used',
      ),
  )
    .option('--principal <subject>', 'of one principal')
    .option('--issuer <name>', 'of one issuer, as the config names it')
    .option('--since <time>', 'what was done since then: 7d, or 2026-11-24T03:00Z', sinceOf)
    .option('--siblings <count>', 'so many names that are used are worth one pattern', siblingsOf, 5)
    .option('--unused <policy>', 'tell what this policy grants and nobody was seen to use')
    .option('--json', 'write the result as JSON', false)
    .action((options: DraftOptions) => select((io) => draft(io, options)))
}
