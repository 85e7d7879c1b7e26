import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Consumer, createConsumer } from '../packaging/consumer.ts'
import { sameTypesProgram } from '../packaging/kafkajs-types.ts'
import { needsPart } from '../reporter/parts.ts'
import { startWorld, type World } from '../world/start-world.ts'
import { COMPILERS, NODES, nodePackages, nodeProgram, OLD_NODES } from './versions.ts'

const POLICY = `
rules:
  - id: orders-service-owns-orders
    who: { subjects: [orders] }
    may: { produce: [orders], consume: [orders], as: ["orders-*"] }
`

const NODENEXT = ['--module', 'nodenext', '--moduleResolution', 'nodenext']
/** Other ways in which services find their packages, and the compiler that has a way no more. */
const RESOLUTIONS = [
  { name: 'the resolution of bundlers', until: '9', options: ['--module', 'esnext', '--moduleResolution', 'bundler'] },
  {
    name: 'the resolution of older CommonJS projects',
    until: '6',
    options: ['--module', 'commonjs', '--moduleResolution', 'node10', '--esModuleInterop'],
  },
] as const

let consumer: Consumer
let world: World

beforeAll(async () => {
  const compilers = COMPILERS.map((version) => [`typescript-${version}`, `npm:typescript@${version}`])
  consumer = createConsumer({
    packages: ['kafkajs'],
    // kafkajs itself is there to compare with: whoever swaps the import has its types elsewhere in the code.
    more: {
      ...nodePackages([...NODES, ...OLD_NODES]),
      ...Object.fromEntries(compilers),
      '@types/node': '22.20.5',
      kafkajs: '2.2.4',
    },
  })
  world = await startWorld({
    clients: [{ clientId: 'orders', groups: [] }],
    topics: [{ topic: 'orders', partitions: 1 }],
    policy: POLICY,
  })
})
afterAll(async () => {
  await world?.close()
  consumer?.remove()
})

/** Sends a record in each codec and reads it, as a service does that has everything from its environment. */
const ROUND_TRIP = `
async function roundTrip(group) {
  const kafka = new Kafka({ clientId: 'orders', logLevel: logLevel.ERROR })
  const [producer, consumer] = [kafka.producer(), kafka.consumer({ groupId: group, maxWaitTimeInMs: 200 })]
  await Promise.all([producer.connect(), consumer.connect()])
  const wanted = Object.values(CompressionTypes).map((compression) => ({ compression, value: group + compression }))
  for (const { compression, value } of wanted)
    await producer.send({ topic: 'orders', compression, messages: [{ value }] })
  const seen = new Set()
  await consumer.subscribe({ topics: ['orders'], fromBeginning: true })
  await new Promise((resolve, reject) => {
    consumer.on('consumer.crash', ({ payload }) => reject(payload.error))
    consumer.run({
      eachMessage: async ({ message }) => {
        seen.add(String(message.value))
        if (wanted.every(({ value }) => seen.has(value))) resolve()
      },
    })
  })
  const refusal = await producer.send({ topic: 'payments', messages: [{ value: 'x' }] }).catch((error) => error)
  await Promise.all([producer.disconnect(), consumer.disconnect()])
  console.log(JSON.stringify({ node: process.versions.node, read: wanted.length, refusal: refusal.code, isKnown: refusal instanceof KafkaJSNonRetriableError }))
}
`
const NAMES = '{ CompressionTypes, Kafka, KafkaJSNonRetriableError, logLevel }'

describe.each(NODES)('the packed client alone, on node %s [client-alone]', (version) => {
  test.each([
    ['ECMAScript modules', 'service.mjs', `import ${NAMES} from '@headgate/kafkajs'`],
    ['CommonJS', 'service.cjs', `const ${NAMES} = require('@headgate/kafkajs')`],
  ])('exchanges its token, writes and reads in every codec, and is refused, in %s', async (_, file, importing) => {
    consumer.write(file, `${importing}\n${ROUND_TRIP}\nroundTrip('orders-${version}-${file}')\n`)
    const { stdout, stderr } = await promisify(execFile)(nodeProgram(consumer.folder, version), [file], {
      cwd: consumer.folder,
      env: { PATH: process.env['PATH'], KAFKAJS_NO_PARTITIONER_WARNING: '1', ...world.environmentOf('orders') },
      timeout: 60_000,
    })

    expect(JSON.parse(stdout.trim().split('\n').at(-1) ?? '')).toEqual({
      node: version,
      read: 5,
      refusal: 'ERR_KAFKAJS_DENIED',
      isKnown: true,
    })
    expect(stderr).not.toMatch(/Warning|deprecat/i)
  })
})

describe.each(OLD_NODES)('the packed client alone, on node %s, which is too old', (version) => {
  test.each([
    ['ECMAScript modules', 'old.mjs', `import { Kafka } from '@headgate/kafkajs'`],
    ['CommonJS', 'old.cjs', `const { Kafka } = require('@headgate/kafkajs')`],
  ])('says so when it is to connect, in %s', (_, file, importing) => {
    const connect = `new Kafka({ logLevel: 0 }).producer().connect().catch(({ code, message }) => console.log(code, message))`
    consumer.write(file, `${importing}\n${connect}\n`)

    expect(consumer.run(nodeProgram(consumer.folder, version), file)).toMatch(
      new RegExp(`ERR_KAFKAJS_CONFIGURATION .* needs Node 22.15 or newer, and this is ${version}`),
    )
  })
})

describe.each(COMPILERS)('the packed client alone, with TypeScript %s, library checks on', (version) => {
  test('its declarations compile, and every type of kafkajs is the same one, in both formats [client-alone]', () => {
    for (const file of ['same.mts', 'same.cts']) consumer.write(file, sameTypesProgram())

    expect(compile(version, NODENEXT, 'same.mts', 'same.cts')).toBe('')
  })

  test.each(RESOLUTIONS.filter(({ until }) => version < until))('they compile under $name', ({ options }) => {
    consumer.write('same.ts', sameTypesProgram())

    expect(compile(version, options, 'same.ts')).toBe('')
  })

  test('kafkajs’s own type test compiles against the import, in both formats', (context) => {
    needsPart(context, 'kafkajs-checkout')
    const own = readFileSync(join(process.env['KAFKAJS_CHECKOUT'] ?? '', 'types/tests.ts'), 'utf8')
    expect(own.split(`'./index'`)).toHaveLength(2)
    for (const file of ['own.mts', 'own.cts']) consumer.write(file, own.replace(`'./index'`, `'@headgate/kafkajs'`))

    expect(compile(version, NODENEXT, 'own.mts', 'own.cts')).toBe('')
  })
})

/** Runs a compiler as strictly as it goes, and gives all that it printed. */
function compile(version: string, modules: readonly string[], ...files: readonly string[]): string {
  const tsc = join(consumer.folder, `node_modules/typescript-${version}/bin/tsc`)
  const options = ['--noEmit', '--strict', '--skipLibCheck', 'false', '--target', 'es2022', '--lib', 'es2022']
  try {
    return consumer.run(process.execPath, tsc, ...options, ...modules, ...files)
  } catch (error) {
    return String((error as { stdout?: unknown }).stdout)
  }
}
