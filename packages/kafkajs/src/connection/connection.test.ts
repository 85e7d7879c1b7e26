import { expect, test } from 'vitest'
import { type LogEntry, logLevel } from '#kafkajs'
import { createLogCreator } from './log-creator.ts'
import { createLiveThreshold, reauthenticationThresholdMs } from './reauthentication.ts'
import { createGatewaySocketFactory } from './socket-factory.ts'

const kafka = { cluster: 'c', bootstrap: ['gw.example:9092'], hosts: new Set(['gw.example']), isTls: true }
const target = { kafka, ca: undefined }
const connect = (host: string, port: number, known: typeof target | undefined = target): unknown =>
  createGatewaySocketFactory(() => known)({ host, port, ssl: {}, onConnect: () => {} })

test.each([
  ['another host', 'broker.internal', 9092],
  ['a host that only ends alike', 'evil-gw.example', 9092],
  ['a port that is none', 'gw.example', 0],
  ['a port that is no number', 'gw.example', Number.NaN],
])('no connection is made to %s', (_, host, port) => {
  expect(() => connect(host, port)).toThrow(expect.objectContaining({ code: 'ERR_KAFKAJS_ADDRESS_REFUSED' }))
})

test('no connection is made before the gateway is known', () => {
  const factory = createGatewaySocketFactory(() => undefined)

  expect(() => factory({ host: 'gw.example', port: 9092, ssl: {}, onConnect: () => {} })).toThrow(
    expect.objectContaining({ code: 'ERR_KAFKAJS_ADDRESS_REFUSED' }),
  )
})

test('a session is renewed ten seconds before its end, and a short one at four fifths', () => {
  expect([300_000, 20_000, 5_000, 0].map(reauthenticationThresholdMs)).toEqual([10_000, 4_000, 1_000, 0])
})

test('kafkajs adds the live threshold to a session age', async () => {
  let lifetimeMs = 300_000
  const threshold = createLiveThreshold(() => lifetimeMs)
  const { createRequire } = await import('node:module')
  const Long = createRequire(import.meta.url)('kafkajs/src/utils/long')
  const sum = (): string => Long.fromValue(1).add(threshold).toString()

  expect(sum()).toBe('10001')
  lifetimeMs = 20_000
  expect(sum()).toBe('4001')
})

test('the application log creator never sees decoded answers or raw bytes', () => {
  const seen: LogEntry[] = []
  const log = createLogCreator(() => (entry) => void seen.push(entry))(logLevel.DEBUG)
  const entry = { namespace: 'Connection', level: logLevel.DEBUG, label: 'DEBUG' }
  log({ ...entry, log: { timestamp: 'now', message: 'Response Fetch', size: 3, data: 'plain', payload: 'plain' } })

  expect(seen).toEqual([{ ...entry, log: { timestamp: 'now', message: 'Response Fetch', size: 3 } }])
})
