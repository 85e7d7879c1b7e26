import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ClientConnection } from '../clients/connection.ts'
import { HEADGATE, type HeadgateRun, startProgram } from '../clients/headgate.ts'
import { consoleProduce } from '../clients/java.ts'
import { toolJars } from '../kafka/jars.ts'
import { findJava } from '../kafka/java-runtime.ts'
import { freePorts } from '../kafka/ports.ts'
import { declaredParts } from '../reporter/parts.ts'
import type { World } from '../world/start-world.ts'
import { createDesk, type Desk, followLogin, startPeopleWorld } from './people-world.ts'

const GUIDE = join(import.meta.dirname, '../../docs/guides/at-a-keyboard.md')
/** The shell tools of Kafka that the guide uses, which a distribution starts by scripts of these names. */
const TOOLS = {
  'kafka-topics.sh': 'org.apache.kafka.tools.TopicCommand',
  'kafka-console-consumer.sh': 'org.apache.kafka.tools.consumer.ConsoleConsumer',
}

let world: World
let desk: Desk

beforeAll(async () => {
  world = await startPeopleWorld({ tokenLifetimeSeconds: 300 })
  desk = await createDesk(world)
})

afterAll(async () => {
  await desk?.remove()
  await world?.close()
})

/** The commands of the guide, in order. */
async function commands(): Promise<string[]> {
  const text = await readFile(GUIDE, 'utf8')
  return [...text.matchAll(/^```sh\n([\s\S]*?)^```/gm)].flatMap(([, block = '']) => block.trim().split('\n'))
}

/** Puts the programs that the guide names into a folder. */
async function installPrograms(folder: string): Promise<void> {
  const install = async (name: string, command: readonly string[]): Promise<void> => {
    const words = command.map((word) => `'${word}'`).join(' ')
    await writeFile(join(folder, name), `#!/bin/sh\nexec ${words} "$@"\n`)
    await chmod(join(folder, name), 0o700)
  }
  const { java } = await findJava()
  const { classPath } = await toolJars()
  await install('headgate', [process.execPath, ...HEADGATE])
  for (const [name, mainClass] of Object.entries(TOOLS)) {
    await install(name, [
      java,
      '-Xmx256m',
      '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
      '-cp',
      classPath,
      mainClass,
    ])
  }
}

async function runLine(line: string, environment: Readonly<Record<string, string>>): Promise<HeadgateRun> {
  // With exec the signal that ends `connect` reaches it and not the shell.
  const isPlain = line.startsWith('headgate')
  const run = startProgram('sh', ['-c', isPlain ? `exec ${line}` : line], environment)
  if (line.startsWith('headgate login')) await followLogin(run, 'ada')
  if (line.startsWith('headgate connect')) await run.wrote(/It ends with Ctrl\+C/)
  else await run.ended
  return run
}

/** What the guide's first command sets, for the world's gateway in place of the guide's. */
function exportedBy(line: string | undefined): Record<string, string> {
  const [, name = '', value = ''] = /^export (\w+)=(\S+)$/.exec(line ?? '') ?? []
  return { [name]: value.replace('https://gateway.example', world.httpUrl) }
}

function brokersOf({ kafka }: World): ClientConnection {
  return { bootstrap: kafka.scramBootstrap, sasl: { mechanism: 'SCRAM-SHA-512', ...kafka.gatewayCredential } }
}

test('every command of the guide for engineers does what the guide says [guide-at-a-keyboard]', async () => {
  const folder = join(desk.environment['XDG_CONFIG_HOME'] ?? '', 'bin')
  await mkdir(folder)
  await installPrograms(folder)
  const [port = 0] = await freePorts(1)
  const [first, ...rest] = await commands()
  const path = [folder, process.env['PATH']].join(delimiter)
  const environment = { ...desk.environment, PATH: path, HEADGATE_GATEWAY: '', ...exportedBy(first) }
  const lines = rest
    .filter((line) => !line.includes('kcat') || declaredParts().includes('kcat'))
    .map((line) => line.replaceAll('127.0.0.1:9092', `127.0.0.1:${port}`))
  const runs = new Map<string, HeadgateRun>()
  // One record at least has to be there for whoever reads, also where kcat writes none.
  await consoleProduce(brokersOf(world), 'orders', ['an order'])
  for (const line of lines) runs.set(line, await runLine(line, environment))
  const find = (start: string): HeadgateRun | undefined => runs.get(lines.find((line) => line.startsWith(start)) ?? '')
  const connect = find('headgate connect')
  connect?.child.kill('SIGTERM')
  const failed = await Promise.all(
    [...runs].map(async ([line, run]) => ((await run.ended) === 0 ? [] : [line, run.out(), run.error()])),
  )

  expect(failed.flat()).toEqual([])
  expect(find('headgate whoami')?.out()).toContain('ada of corp')
  expect(find('kafka-topics.sh')?.out().split('\n')).toContain('orders')
  expect(find('kafka-console-consumer.sh')?.out()).toContain('order')
  expect(find('headgate logout')?.out()).toContain('signed out')
  expect(connect?.error()).toBe('')
}, 180_000)
