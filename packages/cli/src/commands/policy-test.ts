import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import {
  type CaseResult,
  type CasesParseResult,
  caseProblems,
  casesData,
  describeCases,
  junitOf,
  parseCases,
  runCases,
  sarifOf,
} from '@headgate/policy/tools'
import { type CommandDefinition, type CommandIo, ExitCode } from '../command.ts'
import { FileUnreadableError } from '../errors.ts'
import { jsonLine } from '../json-value.ts'
import { loadPolicy, shortPath } from '../policy/load-policy.ts'
import { writeReport } from '../policy/write-report.ts'
import { type ReportOptions, reportFailure, reportProblems } from '../problem-report.ts'

interface TestOptions extends ReportOptions {
  readonly junit?: string
  readonly sarif?: string
}

/** `policy.yaml` has its cases in `policy.test.yaml`. */
function casesBeside(policy: string): string {
  return policy.replace(/(\.ya?ml)?$/, (extension) => `.test${extension === '' ? '.yaml' : extension}`)
}

/** Where no file was named and there is none beside the policy, the code alone would not say what was looked for. */
function reasonOf(error: unknown, isNamed: boolean): string {
  const code = String((error as { code?: unknown } | null)?.code ?? 'unknown')
  return isNamed || code !== 'ENOENT' ? code : `${code}: write cases there, or name the file that has them`
}

function readCases(io: CommandIo, file: string, isNamed: boolean): CasesParseResult {
  const path = resolve(io.folder, file)
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw new FileUnreadableError('cases', file, reasonOf(error, isNamed))
  }
  return parseCases({ path: shortPath(io, path), text })
}

async function runTests(
  io: CommandIo,
  policy: string,
  files: readonly string[],
  options: TestOptions,
): Promise<ExitCode> {
  try {
    const result = loadPolicy(io, policy)
    const isNamed = files.length > 0
    const read = (isNamed ? files : [casesBeside(policy)]).map((file) => readCases(io, file, isNamed))
    const problems = [result, ...read].flatMap((each) => (each.ok ? [] : each.problems))
    if (!result.ok || problems.length > 0) return reportProblems(io, problems, options)
    return report(
      io,
      runCases(
        result.document,
        read.flatMap((each) => (each.ok ? each.cases : [])),
      ),
      options,
    )
  } catch (error) {
    return reportFailure(io, error, options, ExitCode.Invalid)
  }
}

function report(io: CommandIo, results: readonly CaseResult[], { json, junit, sarif }: TestOptions): ExitCode {
  const failed = results.filter(({ failures }) => failures.length > 0).length
  if (junit !== undefined) writeReport(io, junit, junitOf(results))
  if (sarif !== undefined) {
    const found = sarifOf(caseProblems(results), 'error', {
      'unexpected-decision': 'the policy decides otherwise than expected',
    })
    writeReport(io, sarif, `${JSON.stringify(found, null, 2)}\n`)
  }
  const counts = { passed: results.length - failed, failed }
  if (json) io.writeOut(jsonLine({ ok: failed === 0, ...counts, results: casesData(results) }))
  else io.writeOut(`${describeCases(results)}\n`)
  return failed === 0 ? ExitCode.Ok : ExitCode.Failed
}

/** `headgate policy test <policy> [<cases> …]` */
export const definePolicyTest: CommandDefinition = (parent, select) => {
  parent
    .command('test <policy> [cases...]')
    .description('hold a policy against expected decisions; 1 where one is otherwise')
    .option('--junit <file>', 'write the results as JUnit XML too')
    .option('--sarif <file>', 'write what failed as SARIF too')
    .option('--json', 'write the result as JSON', false)
    .action((policy: string, files: string[], options: TestOptions) =>
      select((io) => runTests(io, policy, files, options)),
    )
}
