import { changesData, describeChanges, diffPolicies, diffStanding } from '@headgate/policy/tools'
import { type CommandDefinition, type CommandIo, ExitCode } from '../command.ts'
import { jsonLine } from '../json-value.ts'
import { loadPolicy } from '../policy/load-policy.ts'
import { type ReportOptions, reportFailure, reportProblems } from '../problem-report.ts'

interface DiffOptions extends ReportOptions {
  readonly allowNew: boolean
}

async function diff(io: CommandIo, old: string, changed: string, options: DiffOptions): Promise<ExitCode> {
  try {
    const [before, after] = [loadPolicy(io, old), loadPolicy(io, changed)]
    if (!before.ok) return reportProblems(io, before.problems, options)
    if (!after.ok) return reportProblems(io, after.problems, options)
    const compared = { before: before.document, after: after.document }
    const changes = diffPolicies(compared.before, compared.after, io.clock.nowUnixMs())
    const standing = diffStanding(compared.before, compared.after)
    const hasNewAccess = [...changes, ...standing].some(({ isNewAccess }) => isNewAccess)
    const isRefused = hasNewAccess && !options.allowNew
    if (options.json) io.writeOut(jsonLine({ ok: !isRefused, hasNewAccess, changes: changesData(changes), standing }))
    else io.writeOut(`${describeChanges(changes, standing, compared)}\n`)
    return isRefused ? ExitCode.Failed : ExitCode.Ok
  } catch (error) {
    return reportFailure(io, error, options, ExitCode.Invalid)
  }
}

/** `headgate policy diff <old> <new>` */
export const definePolicyDiff: CommandDefinition = (parent, select) => {
  parent
    .command('diff <old> <new>')
    .description('tell every change of access between two policies, each with a witness; 1 where access is new')
    .option('--allow-new', 'end with 0 where access is new too', false)
    .option('--json', 'write the result as JSON', false)
    .action((old: string, changed: string, options: DiffOptions) => select((io) => diff(io, old, changed, options)))
}
