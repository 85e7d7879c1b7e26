import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { expect, test } from 'vitest'
import { CompressionCodecs, CompressionTypes } from '#kafkajs'
import { wasCodecOffered } from './codecs.ts'

const require = createRequire(import.meta.url)
const Decoder = require('kafkajs/src/protocol/decoder')
const readBatch = require('kafkajs/src/protocol/recordBatch/v0/decoder')

interface Read {
  readonly offset: string
  readonly key: Buffer | null
  readonly value: Buffer | null
}

/** Batches as others wrote them, with what Kafka read from them. */
function batchesOf(file: string): { name: string; bytes: Buffer; said: unknown }[] {
  const lines = readFileSync(new URL(`../../../wire/golden/${file}`, import.meta.url), 'utf8')
    .trimEnd()
    .split('\n')
  return lines.flatMap((line) => {
    const [name = '', bytes = '', said = 'null'] = line.split('\t')
    return name.startsWith('magic') ? [] : [{ name, bytes: Buffer.from(bytes, 'base64'), said: JSON.parse(said) }]
  })
}

async function read(bytes: Buffer): Promise<readonly Read[]> {
  const { records } = await readBatch(new Decoder(bytes))
  return records
}

const text = (bytes: Buffer | null): string | null => bytes?.toString('base64') ?? null
const kafkas = batchesOf('batches.tsv')
const short = kafkas.filter(({ said }) => Array.isArray(said))
const long = kafkas.filter(({ said }) => typeof said === 'string')

test('batches of every codec are there, short and long', () => {
  const names = ['none', 'gzip', 'snappy', 'lz4', 'zstd']

  expect(short.map(({ name }) => name)).toEqual(expect.arrayContaining(names))
  expect(long.map(({ name }) => name)).toEqual(names.slice(1).map((name) => `${name}, many records`))
})

test.each(short)('what Kafka wrote is read, without any setup: $name [client-codecs]', async ({ bytes, said }) => {
  const [batch] = said as { records: { offset: number; key: string | null; value: string | null }[] }[]
  const expected = batch?.records.map(({ offset, key, value }) => [`${offset}`, key, value])

  expect((await read(bytes)).map(({ offset, key, value }) => [offset, text(key), text(value)])).toEqual(expected)
})

test('many records of Kafka are the same records in every codec [client-codecs]', async () => {
  const digests = new Set<string>()
  for (const { bytes } of long) {
    const records = (await read(bytes)).map(({ offset, key, value }) => [offset, text(key), text(value)])
    expect(records.length).toBeGreaterThan(100)
    digests.add(createHash('sha256').update(JSON.stringify(records)).digest('hex'))
  }

  expect(digests.size).toBe(1)
})

test.each(batchesOf('librdkafka.tsv'))('what librdkafka wrote is read: $name [client-codecs]', async ({ bytes }) => {
  const records = await read(bytes)

  expect(records.length).toBeGreaterThan(7)
  expect(records.map(({ key }) => `${key}`)).toEqual(records.map((_, n) => `k${n}`))
})

test.each(Object.entries(CompressionTypes).filter(([name]) => /GZIP|Snappy|LZ4|ZSTD/.test(name)))(
  'what is written in %s can be read again [client-codecs]',
  async (_, type) => {
    const codec = CompressionCodecs[type as CompressionTypes.GZIP]()
    const buffer = Buffer.from('{"customer":"c-1"}'.repeat(5000))
    const compressed = await codec.compress({ buffer })

    expect(compressed.length).toBeLessThan(buffer.length / 5)
    expect(await codec.decompress(compressed)).toEqual(buffer)
  },
)

test('a batch that is cut is a coded error', async () => {
  const codec = CompressionCodecs[CompressionTypes.LZ4]()
  const compressed = await codec.compress({ buffer: Buffer.alloc(9000) })

  await expect(codec.decompress(compressed.subarray(0, 9))).rejects.toMatchObject({ code: 'ERR_COMPRESSION_INVALID' })
})

test('a codec of the application is neither used nor refused', () => {
  const before = CompressionCodecs[CompressionTypes.Snappy]()
  expect(wasCodecOffered()).toBe(false)
  CompressionCodecs[CompressionTypes.Snappy] = () => ({ compress: 'spy', decompress: 'spy' })

  expect(CompressionCodecs[CompressionTypes.Snappy]()).toBe(before)
  expect(wasCodecOffered()).toBe(true)
})
