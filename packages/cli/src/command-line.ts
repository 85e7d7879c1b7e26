import { Command, CommanderError, Help, type Option } from 'commander'
import { type CommandIo, type CommandRun, ExitCode } from './command.ts'
import { defineApprovals } from './commands/approvals.ts'
import { defineAudit } from './commands/audit.ts'
import { defineConfigCheck } from './commands/config-check.ts'
import { defineConnect } from './commands/connect.ts'
import { defineDev } from './commands/dev.ts'
import { defineDoctor } from './commands/doctor.ts'
import { defineGateway } from './commands/gateway.ts'
import { defineKeysCreate } from './commands/keys-create.ts'
import { defineKeysPublic } from './commands/keys-public.ts'
import { defineLogin } from './commands/login.ts'
import { defineLogout } from './commands/logout.ts'
import { definePolicyCheck } from './commands/policy-check.ts'
import { definePolicyDiff } from './commands/policy-diff.ts'
import { definePolicyDraft } from './commands/policy-draft.ts'
import { definePolicyExplain } from './commands/policy-explain.ts'
import { definePolicyImport } from './commands/policy-import.ts'
import { definePolicyLint } from './commands/policy-lint.ts'
import { definePolicySchema } from './commands/policy-schema.ts'
import { definePolicyTest } from './commands/policy-test.ts'
import { defineRequest } from './commands/request.ts'
import { defineSessions } from './commands/sessions.ts'
import { defineWhoami } from './commands/whoami.ts'
import { jsonLine } from './json-value.ts'
import { reportFailure } from './problem-report.ts'

/** What the command line asks for: a command to run, or text to show. */
type CommandLine =
  | { readonly kind: 'run'; readonly run: CommandRun }
  | { readonly kind: 'show'; readonly out: string; readonly error: string; readonly exitCode: ExitCode }

interface Shown {
  out: string
  error: string
}

/** How options stand in help: those that are needed say so, and a switch does not tell that it is off. */
const OPTION_HELP = Object.freeze({
  optionTerm: ({ flags, mandatory }: Option) => (mandatory ? `${flags} (required)` : flags),
  optionDescription: (option: Option) => new Help().optionDescription(option).replace(' (default: false)', ''),
})

function createProgram(version: string, shown: Shown, select: (run: CommandRun) => void): Command {
  const program = new Command('headgate')
    .description('a gate before Kafka that decides on every request by policy')
    .version(version)
    .showHelpAfterError('see --help')
    .configureHelp(OPTION_HELP)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => {
        shown.out += text
      },
      writeErr: (text) => {
        shown.error += text
      },
    })
  defineGateway(program, select)
  defineDev(program, select)
  defineDoctor(program, select)
  defineConfigCheck(program.command('config').description('gateway configs'), select)
  definePolicyCommands(
    program.command('policy').description('policies: draft, import, check, explain, compare, test, lint'),
    select,
  )
  defineLogin(program, select)
  defineLogout(program, select)
  defineWhoami(program, select)
  defineConnect(program, select)
  defineRequest(program, select)
  defineApprovals(program, select)
  defineAudit(program, select)
  defineSessions(program, select)
  const keys = program.command('keys').description('signing keys')
  defineKeysCreate(keys, select)
  defineKeysPublic(keys, select)
  return program
}

function definePolicyCommands(policy: Command, select: (run: CommandRun) => void): void {
  definePolicyCheck(policy, select)
  definePolicyExplain(policy, select)
  definePolicyDiff(policy, select)
  definePolicyDraft(policy, select)
  definePolicyImport(policy, select)
  definePolicyLint(policy, select)
  definePolicyTest(policy, select)
  definePolicySchema(policy, select)
}

/** Parses the arguments after the program's name. */
function parseCommandLine(args: readonly string[], version: string): CommandLine {
  const shown: Shown = { out: '', error: '' }
  let run: CommandRun | undefined
  const program = createProgram(version, shown, (selected) => {
    run = selected
  })
  try {
    program.parse(args, { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    return { kind: 'show', ...shown, exitCode: error.exitCode === 0 ? ExitCode.Ok : ExitCode.Invalid }
  }
  return run === undefined ? { kind: 'show', ...shown, exitCode: ExitCode.Invalid } : { kind: 'run', run }
}

/** Tells that the command line is not valid; `words` are those for people. */
function reportMisuse(io: CommandIo, words: string, isJson: boolean): void {
  const [message = ''] = words.replace(/^error: /, '').split('\n')
  if (isJson) io.writeOut(jsonLine({ ok: false, code: 'ERR_CLI_USAGE', message }))
  else io.writeError(words)
}

/** Runs a command line and gives what the process is to exit with; it never throws and never exits. */
export async function runCommandLine(args: readonly string[], version: string, io: CommandIo): Promise<ExitCode> {
  try {
    const line = parseCommandLine(args, version)
    if (line.kind === 'run') return await line.run(io)
    if (line.out !== '') io.writeOut(line.out)
    if (line.error !== '') reportMisuse(io, line.error, args.includes('--json'))
    return line.exitCode
  } catch (error) {
    return reportFailure(io, error, { json: false })
  }
}
