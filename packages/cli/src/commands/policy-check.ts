import { resolve } from 'node:path'
import { readPolicyFiles } from '@headgate/gateway'
import type { CommandDefinition, CommandIo, ExitCode } from '../command.ts'
import { countWords } from '../count-words.ts'
import { type ReportOptions, reportProblems, reportResult } from '../problem-report.ts'

async function checkPolicy(io: CommandIo, file: string, options: ReportOptions): Promise<ExitCode> {
  const { result } = readPolicyFiles(resolve(io.folder, file))
  if (!result.ok) return reportProblems(io, result.problems, options)
  const { rules, topics } = result.document
  const summary = { rules: rules.length, topics: topics.length, digest: result.digest }
  const words = `policy is sound: ${countWords(summary.rules, 'rule')}, ${summary.topics} topic ${summary.topics === 1 ? 'entry' : 'entries'}, digest ${summary.digest}`
  return reportResult(io, summary, words, options)
}

/** `headgate policy check <file>` */
export const definePolicyCheck: CommandDefinition = (parent, select) => {
  parent
    .command('check <file>')
    .description('tell every problem of a policy and of the parts it lists')
    .option('--json', 'write the result as JSON', false)
    .action((file: string, options: ReportOptions) => select((io) => checkPolicy(io, file, options)))
}
