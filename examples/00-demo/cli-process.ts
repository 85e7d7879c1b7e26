import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { World } from '@headgate/test/world'
import { signInPerson } from '@headgate/testkit'
import { print, styled } from './terminal.ts'

const MAIN = fileURLToPath(new URL('../../packages/cli/src/main.ts', import.meta.url))
const FLAGS = ['--conditions=@headgate/source', '--disable-warning=ExperimentalWarning']
const SHOWN_LINES = 18

/** What a command came to. */
export interface CommandResult {
  readonly exitCode: number
  readonly out: string
  readonly error: string
}

/** Runs `headgate …` as a person would, in a process of its own, and shows the command and what it prints. */
export async function headgate(world: World, account: string, args: readonly string[]): Promise<CommandResult> {
  const token = await signInPerson(world.identity, account)
  return await run(
    args,
    { HEADGATE_GATEWAY: world.httpUrl, HEADGATE_TOKEN: token, HEADGATE_CA: world.ca.path },
    account,
  )
}

/** Runs `headgate …` without a gateway: everything it needs is in its arguments. */
export function headgateOffline(args: readonly string[]): Promise<CommandResult> {
  return run(args, {}, 'anybody')
}

async function run(
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
  who: string,
): Promise<CommandResult> {
  const { PATH = '' } = process.env
  const child = spawn(process.execPath, [...FLAGS, MAIN, ...args], {
    env: { PATH, NO_COLOR: '1', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [out, error]: Buffer[][] = [[], []]
  child.stdout.on('data', (chunk: Buffer) => out?.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => error?.push(chunk))
  const [exitCode] = (await once(child, 'close')) as [number | null]
  const result = {
    exitCode: exitCode ?? 1,
    out: Buffer.concat(out ?? []).toString(),
    error: Buffer.concat(error ?? []).toString(),
  }
  show(who, args, result)
  return result
}

function show(who: string, args: readonly string[], { out, error }: CommandResult): void {
  print(`    ${styled('dim', `${who} $`)} ${styled('cyan', `headgate ${args.map(quoted).join(' ')}`)}`)
  const lines = `${out}${error}`.trimEnd().split('\n')
  for (const line of lines.slice(0, SHOWN_LINES)) print(`    ${styled('yellow', line)}`)
  if (lines.length > SHOWN_LINES) print(styled('dim', `    … ${lines.length - SHOWN_LINES} more lines`))
}

function quoted(argument: string): string {
  return /^[\w./:=-]+$/.test(argument) ? argument : `'${argument}'`
}
