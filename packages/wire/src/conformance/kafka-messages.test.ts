/** Every message that Kafka's own classes wrote is read to the values that they say, and written back to the same bytes. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { decodeRequestHeader, decodeResponseHeader, encodeRequestHeader } from '../header.ts'
import {
  decodeConsumerProtocolAssignment,
  encodeConsumerProtocolAssignment,
} from '../messages/consumer-protocol-assignment.ts'
import {
  decodeConsumerProtocolSubscription,
  encodeConsumerProtocolSubscription,
} from '../messages/consumer-protocol-subscription.ts'
import { Reader } from '../primitives/reader.ts'
import { Writer } from '../primitives/writer.ts'
import { apiMessages } from '../registry.ts'

interface Row {
  readonly name: string
  readonly version: number
  readonly bytes: Buffer
  /** What Kafka's JSON converter says; longs are text. */
  readonly values: unknown
}

interface Codec {
  decode(reader: Reader, version: number): object
  encode(writer: Writer, message: never, version: number): void
}

const rows: readonly Row[] = readFileSync(join(import.meta.dirname, '../../golden/messages.tsv'), 'utf8')
  .trimEnd()
  .split('\n')
  .map((line) => {
    const [name = '', version, bytes = '', values = ''] = line.split('\t')
    return { name, version: Number(version), bytes: Buffer.from(bytes, 'base64'), values: JSON.parse(values) }
  })

const codecs: ReadonlyMap<string, Codec> = new Map([
  ...[...apiMessages.values()].flatMap((spec): [string, Codec][] => [
    [`${spec.name}Request`, { decode: spec.decodeRequest, encode: spec.encodeRequest }],
    [`${spec.name}Response`, { decode: spec.decodeResponse, encode: spec.encodeResponse }],
  ]),
  [
    'ConsumerProtocolSubscription',
    { decode: decodeConsumerProtocolSubscription, encode: encodeConsumerProtocolSubscription },
  ],
  [
    'ConsumerProtocolAssignment',
    { decode: decodeConsumerProtocolAssignment, encode: encodeConsumerProtocolAssignment },
  ],
] satisfies [string, Codec][])

const headers = rows.filter(({ name }) => name.endsWith('Header'))
const messages = rows.filter(({ name }) => !name.endsWith('Header'))

test('what kafka wrote comes back as it was, byte for byte, in every version of every message [wire-roundtrip]', () => {
  for (const { name, version, bytes } of messages) {
    const codec = codecs.get(name)
    const reader = new Reader(bytes)
    const writer = new Writer()
    codec?.encode(writer, codec.decode(reader, version) as never, version)

    expect(writer.finish().toString('hex'), `${name} v${version}`).toBe(bytes.toString('hex'))
    expect(reader.remaining, `${name} v${version}`).toBe(0)
  }
})

test('what kafka wrote is read to the values that kafka says', () => {
  for (const { name, version, bytes, values } of messages) {
    expectSame(codecs.get(name)?.decode(new Reader(bytes), version), values, `${name} v${version}`)
  }
})

test('no version of any message is left out', () => {
  const seen = new Set(messages.map(({ name, version }) => `${name} v${version}`))

  for (const { name, minVersion, maxVersion } of apiMessages.values()) {
    for (let version = minVersion; version <= maxVersion; version += 1) {
      expect(seen).toContain(`${name}Request v${version}`)
      expect(seen).toContain(`${name}Response v${version}`)
    }
  }
})

test('headers that kafka wrote are read and written as kafka does', () => {
  expect(headers).toHaveLength(4)
  for (const { name, version, bytes, values } of headers) {
    const label = `${name} v${version}`
    if (name === 'ResponseHeader') {
      const header = decodeResponseHeader(3, version === 0 ? 0 : 12, bytes)
      expect(header, label).toEqual({ ...Object(values), bodyOffset: bytes.length })
      continue
    }
    const { bodyOffset, ...header } = decodeRequestHeader(bytes)
    const { apiKey: requestApiKey, apiVersion: requestApiVersion, correlationId, clientId } = header
    const writer = new Writer()
    encodeRequestHeader(writer, header)
    expect({ requestApiKey, requestApiVersion, correlationId, clientId }, label).toEqual(values)
    expect(writer.finish().equals(bytes), label).toBe(true)
    expect(bodyOffset, label).toBe(bytes.length)
  }
})

/** Kafka leaves out fields that the version lacks, and tells only the size of records. */
function expectSame(actual: unknown, said: unknown, at: string): void {
  if (Array.isArray(said)) {
    const elements = Array.isArray(actual) ? actual : []
    expect(elements.length, at).toBe(said.length)
    for (const [index, element] of said.entries()) expectSame(elements[index], element, `${at}[${index}]`)
  } else if (typeof said === 'object' && said !== null) {
    for (const [key, value] of Object.entries(said)) {
      const name = key.replace(/SizeInBytes$/, '')
      const field = Object(actual)[name]
      expectSame(name === key ? field : field.length, value, `${at}.${key}`)
    }
  } else expect(comparable(actual, said), at).toEqual(said)
}

function comparable(actual: unknown, said: unknown): unknown {
  if (Buffer.isBuffer(actual)) return actual.toString('base64')
  const isLong = typeof actual === 'bigint' || (typeof actual === 'number' && typeof said === 'string')
  return isLong ? String(actual) : actual
}
