import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type HeadgateRun, startHeadgate, startProgram } from '../clients/headgate.ts'
import { type KafkaCluster, startKafka } from '../kafka/start-kafka.ts'
import { watchdog } from '../kafka/watchdog.ts'

const GUIDE = join(import.meta.dirname, '../../docs/guides/from-kafkajs-in-ten-minutes.md')
const WRITTEN_KAFKA = 'localhost:9092'
const WRITTEN_FOLDER = '<the folder that dev printed>'

let kafka: KafkaCluster
/** Beside this file, so that what the service imports is found as in a project that has it installed. */
let folder: string
let commands: string[]
let dev: HeadgateRun

beforeAll(async () => {
  folder = await mkdtemp(join(import.meta.dirname, '.kafkajs-guide-'))
  watchdog().watchFolder(folder)
  kafka = await startKafka({ plaintext: true })
  await kafka.createTopics([
    { topic: 'orders', partitions: 1 },
    { topic: 'payments', partitions: 1 },
  ])
  const text = (await readFile(GUIDE, 'utf8')).replaceAll(WRITTEN_KAFKA, kafka.plaintextBootstrap ?? '')
  for (const [, name = '', content = ''] of text.matchAll(/^```(?:js|yaml)\n(?:\/\/|#) ([\w.]+)\n([\s\S]*?)^```/gm)) {
    await writeFile(join(folder, name), content)
  }
  // As npm makes it where something is installed.
  await writeFile(
    join(folder, 'package.json'),
    JSON.stringify({ name: 'shop', dependencies: { '@headgate/kafkajs': '*' } }),
  )
  commands = [...text.matchAll(/^```sh\n([\s\S]*?)^```/gm)].flatMap(([, block = '']) => block.trim().split('\n'))
})

afterAll(async () => {
  dev?.child.kill('SIGINT')
  await dev?.ended
  await kafka?.stop()
  await rm(folder, { recursive: true, force: true })
  watchdog().forgetFolder(folder)
})

/** Takes the next command of the guide, which has to be the one that is meant. */
function next(start: string): string {
  const command = commands.shift() ?? ''
  expect(command.startsWith(start)).toBe(true)
  return command
}

async function run(command: string): Promise<HeadgateRun> {
  const [program = '', ...args] = [...command.matchAll(/"([^"]*)"|(\S+)/g)].map(
    ([, quoted, plain = '']) => quoted ?? plain,
  )
  const source = ['--conditions=@headgate/source', '--disable-warning=TimeoutNegativeWarning']
  const started =
    program === 'headgate'
      ? startHeadgate(args, {}, folder)
      : startProgram(program, program === 'node' ? [...source, ...args] : args, {}, folder)
  return started
}

async function finish(command: string): Promise<HeadgateRun> {
  const started = await run(command)
  await started.ended
  return started
}

test('the service as it is', async () => {
  const service = await finish(next('node service.mjs'))
  expect(service.out()).toContain('read c-7: {"total":12.50}')
  expect(await service.ended).toBe(0)
})

test('the policy is sound, and the gateway prints what to set', async () => {
  expect(await (await finish(next('headgate policy check'))).ended).toBe(0)
  next('npm install --global @headgate/cli')
  dev = await run(next('headgate dev'))
  const [, printed = ''] = await dev.wrote(/made for this run, in (\S+);/)
  commands = commands.map((command) => command.replace(WRITTEN_FOLDER, printed))
})

test('with the import swapped the service prints the same line, and one warning [guide-from-kafkajs]', async () => {
  next('npm install @headgate/kafkajs @opentelemetry/api')
  await finish(next('sed'))
  expect(await readFile(join(folder, 'service.mjs'), 'utf8')).toContain("from '@headgate/kafkajs'")
  const service = await finish(next('node'))
  expect(service.out()).toContain('read c-7: {"total":12.50}')
  expect(`${service.out()}${service.error()}`.match(/brokers/g)).toHaveLength(1)
  expect(await service.ended).toBe(0)
})

test('what no rule grants is refused, and passes a second after the rule says so', async () => {
  const command = next('node')
  const refused = await finish(command)
  expect(refused.error()).toContain('ERR_KAFKAJS_DENIED')
  expect(refused.error()).toContain("type: 'TOPIC_AUTHORIZATION_FAILED'")
  const policy = join(folder, 'policy.yaml')
  await writeFile(policy, (await readFile(policy, 'utf8')).replaceAll('[orders]', '[orders, payments]'))
  await dev.wrote(/policy in force[\s\S]*policy in force/)
  expect((await finish(command)).out()).toContain('read c-7')
})

test('doctor finds nothing to do', async () => {
  const doctor = await finish(next('headgate doctor'))
  expect(doctor.out()).toContain('fetch')
  expect(await doctor.ended).toBe(0)
}, 60_000)

test('the guide has no command that was not run [guide-from-kafkajs]', () => {
  expect(commands).toEqual([])
})
