import {
  describeExplanation,
  explainDecision,
  explanationData,
  parseInstant,
  RequestWordsError,
  requestOf,
} from '@headgate/policy'
import type { CommandDefinition, CommandIo, ExitCode } from '../command.ts'
import { loadPolicy } from '../policy/load-policy.ts'
import { type ReportOptions, reportFailure, reportProblems, reportResult } from '../problem-report.ts'

interface ExplainOptions extends ReportOptions {
  readonly as: string
  readonly groups?: string
  readonly groupsUnknown?: boolean
  readonly partition?: string
  readonly at?: string
}

interface Question {
  readonly file: string
  readonly verb: string
  readonly name: string
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
    const { principal, request } = requestOf({ as: options.as, groups, verb, name, partition })
    const result = loadPolicy(io, file)
    if (!result.ok) return reportProblems(io, result.problems, options)
    const explanation = explainDecision(result.document, principal, request, instantOf(io, options.at))
    return reportResult(io, explanationData(explanation), describeExplanation(explanation), options)
  } catch (error) {
    return reportFailure(io, error, options)
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
    .option('--partition <partition>', 'one partition; the whole topic unless told')
    .option('--at <instant>', 'when, such as 2026-12-01T08:00:00Z; now unless told')
    .option('--json', 'write the result as JSON', false)
    .action((file: string, verb: string, name: string, options: ExplainOptions) =>
      select((io) => explain(io, { file, verb, name }, options)),
    )
}
