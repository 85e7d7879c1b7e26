import { relative } from 'node:path'
import { isHeadgateError } from '@headgate/core'
import { formatSourceProblem, type SourceProblem } from '@headgate/policy'
import { type CommandIo, ExitCode } from './command.ts'
import { countWords } from './count-words.ts'
import { jsonLine } from './json-value.ts'

/** How a command tells its result. */
export interface ReportOptions {
  /** Machines read it: one JSON object on standard output. */
  readonly json: boolean
}

function shorten(io: CommandIo, problem: SourceProblem): SourceProblem {
  const path = relative(io.folder, problem.path)
  return path.startsWith('..') ? problem : { ...problem, path }
}

/** How problems are told. */
interface ProblemReportOptions extends ReportOptions {
  /** What came of them, where something else was to. */
  readonly outcome?: string
}

/** Tells every problem, one a line, how many there are, and what came of them. */
export function reportProblems(
  io: CommandIo,
  problems: readonly SourceProblem[],
  { json, outcome }: ProblemReportOptions,
): ExitCode {
  const shown = problems.map((problem) => shorten(io, problem))
  if (json) {
    io.writeOut(jsonLine({ ok: false, problems: shown }))
    return ExitCode.Invalid
  }
  const count = countWords(shown.length, 'problem')
  const last = outcome === undefined ? count : `${count}: ${outcome}`
  io.writeError(`${[...shown.map(formatSourceProblem), last].join('\n')}\n`)
  return ExitCode.Invalid
}

/**
 * Tells a failure: its text and code where it is one of ours, else only what kind it is.
 *
 * @param exitCode what it ends with: `Invalid` where `Failed` would say that a command found what it looks for
 */
export function reportFailure(
  io: CommandIo,
  error: unknown,
  { json }: ReportOptions,
  exitCode: ExitCode = ExitCode.Failed,
): ExitCode {
  const isOurs = isHeadgateError(error)
  const code = isOurs ? error.code : ((error as { code?: unknown } | null)?.code ?? 'ERR_CLI_UNEXPECTED')
  const message = isOurs ? error.message : `unexpected: ${error instanceof Error ? error.name : typeof error}`
  if (json) io.writeOut(jsonLine({ ok: false, code: String(code), message }))
  else io.writeError(`headgate: ${message} (${String(code)})\n`)
  return exitCode
}

/** Tells people what is worth a look beside a result, one a line; gives it as it is shown, for machines. */
export function reportWarnings(
  io: CommandIo,
  warnings: readonly SourceProblem[],
  { json }: ReportOptions,
): readonly SourceProblem[] {
  const shown = warnings.map((warning) => shorten(io, warning))
  if (json) return shown
  for (const warning of shown)
    io.writeError(`${formatSourceProblem({ ...warning, message: `warning: ${warning.message}` })}\n`)
  return shown
}

/** Tells that all is well. */
export function reportResult(io: CommandIo, result: object, words: string, { json }: ReportOptions): ExitCode {
  io.writeOut(json ? jsonLine({ ok: true, ...result }) : `${words}\n`)
  return ExitCode.Ok
}
