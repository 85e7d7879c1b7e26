import { resolve } from 'node:path'
import { loadCheckedConfig } from '../checked-config.ts'
import type { CommandDefinition, CommandIo, ExitCode } from '../command.ts'
import { type ReportOptions, reportProblems, reportResult, reportWarnings } from '../problem-report.ts'

async function checkConfig(io: CommandIo, file: string, options: ReportOptions): Promise<ExitCode> {
  const checked = loadCheckedConfig(resolve(io.folder, file), io)
  if (!checked.ok) return reportProblems(io, checked.problems, options)
  const { cluster, issuers, samlIssuers = [], policy } = checked.config
  const warnings = reportWarnings(io, checked.warnings, options)
  const names = [...issuers, ...samlIssuers].map(({ name }) => name)
  const result = { cluster: cluster.name, issuers: names, policy: policy.path, warnings }
  const words = `config is sound: cluster ${result.cluster}, issuers ${result.issuers.join(', ')}, policy ${policy.path}`
  return reportResult(io, result, words, options)
}

/** `headgate config check <file>` */
export const defineConfigCheck: CommandDefinition = (parent, select) => {
  parent
    .command('check <file>')
    .description('tell every problem of a gateway config and of the policy it names')
    .option('--json', 'write the result as JSON', false)
    .action((file: string, options: ReportOptions) => select((io) => checkConfig(io, file, options)))
}
