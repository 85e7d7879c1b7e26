import { formatSourceProblem } from '@headgate/policy'
import { type LintCode, lintCodes, lintPolicy, sarifOf } from '@headgate/policy/tools'
import { Option } from 'commander'
import { type CommandDefinition, type CommandIo, ExitCode } from '../command.ts'
import { jsonLine } from '../json-value.ts'
import { readNamedFile } from '../named-file.ts'
import { loadPolicy } from '../policy/load-policy.ts'
import { writeReport } from '../policy/write-report.ts'
import { type ReportOptions, reportFailure, reportProblems } from '../problem-report.ts'

interface LintOptions extends ReportOptions {
  readonly ignore: readonly LintCode[]
  readonly sarif?: string
  readonly groups?: string
}

/** The lines of a file, without remarks that begin with `#`. */
async function namesIn(io: CommandIo, file: string): Promise<ReadonlySet<string>> {
  const lines = (await readNamedFile(io, 'groups', file)).split('\n').map((line) => line.trim())
  return new Set(lines.filter((line) => line !== '' && !line.startsWith('#')))
}

async function lint(io: CommandIo, file: string, options: LintOptions): Promise<ExitCode> {
  try {
    const result = loadPolicy(io, file)
    if (!result.ok) return reportProblems(io, result.problems, options)
    const groups = options.groups === undefined ? undefined : await namesIn(io, options.groups)
    const findings = lintPolicy(result.document, io.clock.nowUnixMs(), groups).filter(
      ({ code }) => !options.ignore.includes(code),
    )
    if (options.sarif !== undefined) {
      writeReport(io, options.sarif, `${JSON.stringify(sarifOf(findings, 'warning', lintCodes), null, 2)}\n`)
    }
    const count = findings.length === 1 ? '1 finding' : `${findings.length} findings`
    if (options.json) io.writeOut(jsonLine({ ok: findings.length === 0, findings }))
    else io.writeOut(`${[...findings.map(formatSourceProblem), count].join('\n')}\n`)
    return findings.length === 0 ? ExitCode.Ok : ExitCode.Failed
  } catch (error) {
    return reportFailure(io, error, options, ExitCode.Invalid)
  }
}

/** `headgate policy lint <policy>` */
export const definePolicyLint: CommandDefinition = (parent, select) => {
  const known = Object.keys(lintCodes)
  parent
    .command('lint <policy>')
    .description('tell what a sound policy is likely not to mean; 1 where there is something')
    .addOption(
      new Option('--ignore <codes...>', 'leave out findings of these codes').choices(known).default([], 'none'),
    )
    .option('--groups <file>', 'hold group names against the groups that there are, one a line')
    .option('--sarif <file>', 'write the findings as SARIF too')
    .option('--json', 'write the result as JSON', false)
    .action((file: string, options: LintOptions) => select((io) => lint(io, file, options)))
}
