import { type PrincipalKind, parseInstant, principalKinds } from '@headgate/policy'
import {
  describeExplanation,
  explainDecision,
  explanationData,
  RequestWordsError,
  requestOf,
} from '@headgate/policy/tools'
import { Option } from 'commander'
import { type CommandDefinition, type CommandIo, ExitCode } from '../command.ts'
import { loadPolicy } from '../policy/load-policy.ts'
import { type ReportOptions, reportFailure, reportProblems, reportResult } from '../problem-report.ts'

interface ExplainOptions extends ReportOptions {
  readonly as: string
  readonly groups?: string
  readonly groupsUnknown?: boolean
  readonly kind?: PrincipalKind
  readonly claim?: readonly string[]
  readonly partition?: string
  readonly at?: string
}

interface Question {
  readonly file: string
  readonly verb: string
  readonly name: string
}

/** `department=risk`, as often as there are values. */
function claimsOf(words: readonly string[] | undefined): Readonly<Record<string, readonly string[]>> | undefined {
  if (words === undefined) return undefined
  const claims = new Map<string, string[]>()
  for (const word of words) {
    const at = word.indexOf('=')
    if (at <= 0) throw new RequestWordsError('`--claim` is no claim: write `name=value`')
    const name = word.slice(0, at)
    claims.set(name, [...(claims.get(name) ?? []), word.slice(at + 1)])
  }
  return Object.fromEntries(claims)
}

function instantOf(io: CommandIo, text: string | undefined): number {
  if (text === undefined) return io.clock.nowUnixMs()
  const unixMs = parseInstant(text)
  if (unixMs === undefined)
    throw new RequestWordsError(`\`--at\` is no instant: write one such as 2026-12-01T08:00:00Z`)
  return unixMs
}

async function explain(io: CommandIo, { file, verb, name }: Question, options: ExplainOptions): Promise<ExitCode> {
  try {
    const groups = options.groupsUnknown === true ? undefined : (options.groups ?? '').split(',').filter(Boolean)
    const partition = options.partition === undefined ? undefined : Number(options.partition)
    const { principal, request } = requestOf({
      as: options.as,
      groups,
      verb,
      name,
      partition,
      kind: options.kind,
      claims: claimsOf(options.claim),
    })
    const result = loadPolicy(io, file)
    if (!result.ok) return reportProblems(io, result.problems, options)
    const explanation = explainDecision(result.document, principal, request, instantOf(io, options.at))
    return reportResult(io, explanationData(explanation), describeExplanation(explanation), options)
  } catch (error) {
    return reportFailure(io, error, options, ExitCode.Invalid)
  }
}

/** `headgate policy explain <policy> --as issuer/subject [--groups a,b] <verb> <name>` */
export const definePolicyExplain: CommandDefinition = (parent, select) => {
  parent
    .command('explain <policy> <verb> <name>')
    .description('tell how a request is decided, by which rules, and what is missing')
    .requiredOption('--as <principal>', 'who asks: issuer/subject')
    .option('--groups <groups>', 'their groups, with commas between; none unless told')
    .option('--groups-unknown', 'their groups are unknown')
    .addOption(new Option('--kind <kind>', 'what they are; unknown unless told').choices(principalKinds))
    .option('--claim <name=value...>', 'what else their issuer states; may be given again')
    .option('--partition <partition>', 'one partition; the whole topic unless told')
    .option('--at <instant>', 'when, such as 2026-12-01T08:00:00Z; now unless told')
    .option('--json', 'write the result as JSON', false)
    .action((file: string, verb: string, name: string, options: ExplainOptions) =>
      select((io) => explain(io, { file, verb, name }, options)),
    )
}
