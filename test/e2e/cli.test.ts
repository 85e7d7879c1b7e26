import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { until } from '../kafka/until.ts'
import { recordForSweep } from '../sweep/recorder.ts'
import { startWorld, type World } from '../world/start-world.ts'

const POLICY = `
rules:
  - id: everyone-reads-orders
    who: everyone
    may: { consume: [orders] }
`
/** What the command says once it serves. */
const STARTED = 'Kafka clients: '
const MAIN = join(import.meta.dirname, '../../packages/cli/src/main.ts')

let world: World
let directory: string

beforeAll(async () => {
  world = await startWorld({
    clients: [{ clientId: 'orders', groups: [] }],
    topics: [{ topic: 'orders', partitions: 1 }],
    policy: POLICY,
  })
  directory = await mkdtemp(join(tmpdir(), 'headgate-cli-'))
})

afterAll(async () => {
  await world?.close()
  if (directory !== undefined) await rm(directory, { recursive: true, force: true })
})

interface Run {
  readonly child: ChildProcess
  readonly ended: Promise<number | null>
  output(): string
}

function headgate(...args: readonly string[]): Run {
  const child = spawn(process.execPath, ['--conditions=@headgate/source', MAIN, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  const collect = (chunk: Buffer): void => {
    output += chunk.toString()
  }
  child.stdout.on('data', collect)
  child.stderr.on('data', collect)
  child.once('exit', () => recordForSweep('log', output))
  return { child, output: () => output, ended: new Promise((resolve) => child.once('exit', resolve)) }
}

/** The files of the world's gateway with other ports, store and trail, so that a second one can run beside it. */
async function secondConfig(name: string, change: (text: string) => string = (text) => text): Promise<string> {
  const text = await readFile(world.files.configPath, 'utf8')
  const moved = text.replaceAll(
    /^( +(?:port|firstPort)): (\d+)$/gm,
    (_, key: string, port: string) => `${key}: ${Number(port) - 9_000}`,
  )
  const parted = moved
    .replace('path: state/gateway.db', `path: ${name}-state/gateway.db`)
    .replace('folder: audit', `folder: ${name}-audit`)
  const path = join(world.files.configPath, '..', name)
  await writeFile(
    path,
    change(parted.replace(/localhost:(\d+)$/m, (_, port: string) => `localhost:${Number(port) - 9_000}`)),
  )
  return path
}

test('every mistake of a configuration is told at once, with its place and its mend, and nothing is started [config-errors]', async () => {
  const path = join(directory, 'wrong.yaml')
  await writeFile(path, 'cluster:\n  name: demo\n  bootstrap: [nowhere]\nlistener:\n  prot: 9092\nissuers: []\n')

  const run = headgate('gateway', '--config', path)

  expect(await run.ended).toBe(2)
  expect(run.output()).toMatch(/wrong\.yaml:3:\d+: /)
  expect(run.output()).toMatch(/wrong\.yaml:5:\d+: .*prot/)
  expect(run.output().trim().split('\n').length).toBeGreaterThan(4)
  expect(run.output()).not.toContain(STARTED)
})

test('every mistake of a policy is told at once, with its place and its mend, and nothing is started [policy-errors]', async () => {
  const wrong =
    'rules:\n  - id: a\n    who: everyone\n    may: { consum: [orders] }\n  - id: a\n    who: { grups: [x] }\n    may: { consume: ["bad topic"] }\n'
  await writeFile(join(world.files.configPath, '..', 'wrong-policy.yaml'), wrong)
  const path = await secondConfig('wrong-policy-gateway.yaml', (text) =>
    text.replace(/^policy: .*$/m, 'policy: wrong-policy.yaml'),
  )

  const run = headgate('gateway', '--config', path)

  expect(await run.ended).toBe(2)
  for (const place of [
    /wrong-policy\.yaml:4:\d+/,
    /wrong-policy\.yaml:5:\d+/,
    /wrong-policy\.yaml:6:\d+/,
    /wrong-policy\.yaml:7:\d+/,
  ]) {
    expect(run.output()).toMatch(place)
  }
  expect(run.output()).not.toContain(STARTED)
})

test('a gateway starts, takes a new policy on SIGHUP, keeps the last one when the new one is wrong, and ends with 0 on SIGTERM', async () => {
  const path = await secondConfig('second-gateway.yaml')
  const run = headgate('gateway', '--config', path)
  try {
    await until('the gateway to listen', () => run.output().includes(STARTED))
    await writeFile(world.files.policyPath, POLICY.replace('everyone-reads-orders', 'renamed'))
    run.child.kill('SIGHUP')
    await until('the new policy', () => /policy/.test(run.output().split('localhost:').at(-1) ?? ''))
    await writeFile(world.files.policyPath, 'rules: nonsense\n')
    run.child.kill('SIGHUP')
    await until('the refusal', () => /refused|ERR_POLICY/.test(run.output()))
    expect(run.child.exitCode).toBeNull()
  } finally {
    await writeFile(world.files.policyPath, POLICY)
    run.child.kill('SIGTERM')
  }

  expect(await run.ended).toBe(0)
})

test('a port that is taken is told with its number, and the exit code is 1', async () => {
  const path = await secondConfig('taken-gateway.yaml')
  const port = Number(/firstPort: (\d+)/.exec(await readFile(path, 'utf8'))?.[1])
  const holder = createServer().listen(port, '127.0.0.1')
  try {
    const run = headgate('gateway', '--config', path)

    expect(await run.ended).toBe(1)
    expect(run.output()).toContain('ERR_GATEWAY_LISTEN')
    expect(run.output()).toContain(String(port))
  } finally {
    holder.close()
  }
})
