import { execFile } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Consumer, createConsumer } from './consumer.ts'

let consumer: Consumer

beforeAll(() => {
  consumer = createConsumer({ packages: ['kafkajs'], more: { kafkajs: '2.2.4', vitest: '5.1.1', jest: '30.5.2' } })
})
afterAll(() => consumer.remove())

function runProgram(file: string, text: string): unknown {
  consumer.write(file, text)
  return JSON.parse(consumer.run(process.execPath, file))
}

/** Tells of a module, as data, what a program can see of it: names, values, and what each error class is and makes. */
const DESCRIBE = `
const chain = (type) => (typeof type === 'function' && type.name ? [type.name, ...chain(Object.getPrototypeOf(type))] : [])
const samples = {
  KafkaJSNumberOfRetriesExceeded: [new Error('x'), { retryCount: 1, retryTime: 2 }],
  KafkaJSOffsetOutOfRange: [new Error('x'), { topic: 't', partition: 1 }],
  KafkaJSMemberIdRequired: [new Error('x'), { memberId: 'm' }],
  KafkaJSConnectionError: ['x', { broker: 'b:1', code: 'ECONNREFUSED' }],
  KafkaJSConnectionClosedError: ['x', { host: 'h', port: 1 }],
  KafkaJSRequestTimeoutError: ['x', { broker: 'b:1', clientId: 'c', correlationId: 1, createdAt: 2, sentAt: 3, pendingDuration: 4 }],
  KafkaJSTopicMetadataNotLoaded: ['x', { topic: 't' }],
  KafkaJSStaleTopicMetadataAssignment: ['x', { topic: 't', unknownPartitions: [] }],
  KafkaJSDeleteGroupsError: ['x', [{ groupId: 'g', errorCode: 1 }]],
  KafkaJSServerDoesNotSupportApiKey: ['x', { apiKey: 1, apiName: 'Fetch' }],
  KafkaJSDeleteTopicRecordsError: [{ partitions: [{ partition: 1, error: Object.assign(new Error('x'), { retriable: true }) }] }],
  KafkaJSCreateTopicError: [new Error('x'), 't'],
  KafkaJSAggregateError: ['x', [new Error('y')]],
  KafkaJSAlterPartitionReassignmentsError: [new Error('x'), 't', 1],
}
const made = (name, type) => {
  const { stack, ...rest } = new type(...(samples[name] ?? ['x']))
  const error = new type(...(samples[name] ?? ['x']))
  return { ...JSON.parse(JSON.stringify(rest)), name: error.name, message: error.message, retriable: error.retriable, text: String(error) }
}
const describe = (module) =>
  Object.fromEntries(
    Object.keys(module).filter((name) => name !== 'default' && name !== 'module.exports' && !/Headgate/.test(name)).sort().map((name) => {
      const value = module[name]
      if (name.startsWith('KafkaJS')) return [name, { chain: chain(value), made: made(name, value) }]
      if (typeof value === 'function') return [name, { chain: chain(value) }]
      return [name, JSON.parse(JSON.stringify(value, (_, v) => (typeof v === 'function' ? 'function ' + v.length : v)))]
    }),
  )
`
const REQUIRE = `const { createRequire } = require('node:module')\nconst plain = require('kafkajs')\nconst ours = require('@headgate/kafkajs')\n`

test('every name, value and error of kafkajs is there and the same, in both formats [client-drop-in]', () => {
  const compare = `
    const [from, to] = [describe(plain), describe(ours)]
    const names = Object.keys(plain)
    // Codecs are built in, in place of those that kafkajs asks for, and Kafka is a class of our own.
    const differ = names.filter((name) => !['CompressionCodecs', 'Kafka'].includes(name) && JSON.stringify(from[name]) !== JSON.stringify(to[name]))
    console.log(JSON.stringify({ count: names.length, differ, missing: names.filter((name) => !(name in ours)),
      codecs: Object.keys(plain.CompressionCodecs).every((type) => type in ours.CompressionCodecs) }))`
  const expected = { count: 44, differ: [], missing: [], codecs: true }

  expect(runProgram('same.cjs', `${REQUIRE}${DESCRIBE}${compare}`)).toEqual(expected)
  const imports = `import plain from 'kafkajs'\nimport * as ours from '@headgate/kafkajs'\n`
  expect(runProgram('same.mjs', `${imports}${DESCRIBE}${compare}`)).toEqual(expected)
})

test('a class is one and the same, whichever format it is imported by [client-drop-in]', () => {
  const program = `import { createRequire } from 'node:module'
    import all, * as imported from '@headgate/kafkajs'
    const required = createRequire(import.meta.url)('@headgate/kafkajs')
    const names = Object.keys(required).filter((name) => name !== 'default')
    console.log(JSON.stringify([
      names.length > 44, names.filter((name) => imported[name] !== required[name] || all[name] !== required[name]),
      required.default === required, new imported.KafkaJSProtocolError(new Error('x')) instanceof required.KafkaJSError,
    ]))`

  expect(runProgram('identity.mjs', program)).toEqual([true, [], true, true])
})

test('every name by itself can be imported', () => {
  const program = `import { createRequire } from 'node:module'
    const names = Object.keys(createRequire(import.meta.url)('kafkajs'))
    const url = 'data:text/javascript,' + encodeURIComponent('export { ' + names.join(', ') + " } from '" + import.meta.resolve('@headgate/kafkajs') + "'")
    console.log(JSON.stringify(Object.keys(await import(url)).length))`

  expect(runProgram('names.mjs', program)).toBe(44)
})

describe('mocking [client-mocks]', () => {
  test('each name of the CommonJS module is an own property that can be written, as those of kafkajs', () => {
    const program = `${REQUIRE}
      const traits = (module) => Object.keys(plain).filter((name) => {
        const { value, writable, configurable, enumerable } = Object.getOwnPropertyDescriptor(module, name) ?? {}
        return value === undefined || !writable || !configurable || !enumerable
      })
      class Mock {}
      const spread = { ...ours, Kafka: Mock }
      ours.Kafka = Mock
      console.log(JSON.stringify([traits(plain), traits(ours), require('@headgate/kafkajs').Kafka === Mock, spread.KafkaJSError === ours.KafkaJSError]))`

    expect(runProgram('writable.cjs', program)).toEqual([[], [], true, true])
  })

  const SERVICE = `
    export async function order(value) {
      const producer = new Kafka({ clientId: 'orders' }).producer()
      await producer.connect()
      try { return await producer.send({ topic: 'orders', messages: [{ value }] }) }
      catch (error) { return error instanceof KafkaJSProtocolError ? error.name : 'another class' }
    }`
  const MOCK = (fn: string): string => `{
    send: ${fn}(async ({ messages }) => {
      if (messages[0].value === 'bad') throw new KafkaJSProtocolError(new Error('no'))
      return messages.length
    }),
    connect: ${fn}(),
  }`

  test('vi.mock puts a mock in its place, and keeps the rest', async () => {
    mkdirSync(join(consumer.folder, 'vi'))
    consumer.write('vi/order.js', `import { Kafka, KafkaJSProtocolError } from '@headgate/kafkajs'\n${SERVICE}`)
    consumer.write('vi/package.json', '{ "type": "module" }')
    consumer.write(
      'vi/order.test.js',
      `import { expect, test, vi } from 'vitest'
      import { KafkaJSProtocolError } from '@headgate/kafkajs'
      import { order } from './order.js'
      const producer = ${MOCK('vi.fn')}
      vi.mock('@headgate/kafkajs', async (original) => ({ ...(await original()), Kafka: class { producer() { return producer } } }))
      test('mocked', async () => {
        expect(await order('good')).toBe(1)
        expect(await order('bad')).toBe('KafkaJSProtocolError')
        expect(producer.send).toHaveBeenCalledTimes(2)
      })
      test('a prototype is spied on', async () => {
        const { Kafka } = await vi.importActual('@headgate/kafkajs')
        vi.spyOn(Kafka.prototype, 'producer').mockReturnValue(producer)
        expect(new Kafka({ logCreator: () => () => {} }).producer()).toBe(producer)
      })`,
    )

    expect(await runTests('vitest/vitest.mjs', ['run', '--root', 'vi'])).toContain('2 passed')
  })

  test('jest.mock and jest.spyOn put a mock in its place, and keep the rest', async () => {
    mkdirSync(join(consumer.folder, 'jest'))
    const service = SERVICE.replace('export async function', 'module.exports.order = async function')
    consumer.write('jest/order.js', `const { Kafka, KafkaJSProtocolError } = require('@headgate/kafkajs')\n${service}`)
    consumer.write('jest/package.json', '{ "jest": { "testEnvironment": "node" } }')
    consumer.write(
      'jest/order.test.js',
      `jest.mock('@headgate/kafkajs', () => ({ ...jest.requireActual('@headgate/kafkajs'), Kafka: jest.fn() }))
      const { Kafka, KafkaJSProtocolError } = require('@headgate/kafkajs')
      const { order } = require('./order.js')
      const producer = ${MOCK('jest.fn')}
      test('mocked', async () => {
        Kafka.mockImplementation(() => ({ producer: () => producer }))
        expect(await order('good')).toBe(1)
        expect(await order('bad')).toBe('KafkaJSProtocolError')
        expect(Kafka).toHaveBeenCalledWith({ clientId: 'orders' })
      })
      test('spied on', () => {
        const actual = jest.requireActual('@headgate/kafkajs')
        jest.spyOn(actual, 'Kafka').mockImplementation(() => ({ producer: () => producer }))
        expect(new actual.Kafka().producer()).toBe(producer)
      })`,
    )
    consumer.write(
      'jest/automock.test.js',
      `jest.mock('@headgate/kafkajs')
      const { Kafka, CompressionTypes } = require('@headgate/kafkajs')
      test('made by itself', () => {
        expect(jest.isMockFunction(Kafka.prototype.producer)).toBe(true)
        expect(new Kafka().producer()).toBeUndefined()
        expect(CompressionTypes.GZIP).toBe(1)
      })`,
    )

    expect(await runTests('jest/bin/jest.js', ['--rootDir', 'jest', '--no-watchman'])).toContain('3 passed')
  })
})

/** Runs a test runner of the project, without the variables of the one that runs this. */
async function runTests(program: string, args: readonly string[]): Promise<string> {
  const file = join(consumer.folder, 'node_modules', program)
  const env = { PATH: process.env['PATH'], CI: 'true', NO_COLOR: '1' }
  const run = promisify(execFile)(process.execPath, [file, ...args], { cwd: consumer.folder, env })
  const { stdout, stderr } = await run.catch((error: unknown) => error as { stdout: string; stderr: string })
  return `${stdout}${stderr}`
}
