import type { AddressInfo } from 'node:net'
import { createServer, type Socket } from 'node:net'

/** A request as the stand-in saw it: its API key, and what the test may want of its body. */
export interface SeenKafkaRequest {
  readonly apiKey: number
  readonly topics?: readonly string[]
  readonly allowAutoTopicCreation?: boolean
  /** The bytes that sign in. */
  readonly auth?: string
  /** The record batches of a produce request. */
  readonly records?: Buffer
}

/** A listener that speaks as much of Kafka's protocol as a producer of kafkajs needs. */
export interface KafkaStandIn {
  readonly port: number
  readonly seen: SeenKafkaRequest[]
  /** How many connections were opened. */
  connections: number
  /** What signing in is answered with. */
  signIn: { errorCode: number; message: string | null; sessionLifetimeMs: number }
  /** What a produce is answered with. */
  produceErrorCode: number
  /** The address that Metadata advertises. */
  advertisedHost: string
  close(): Promise<void>
}

export const ApiKey: Readonly<Record<'PRODUCE' | 'METADATA' | 'SASL_AUTHENTICATE', number>> = {
  PRODUCE: 0,
  METADATA: 3,
  SASL_AUTHENTICATE: 36,
}

class Input {
  #at = 0
  readonly #bytes: Buffer
  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }
  take(length: number): Buffer {
    this.#at += length
    return this.#bytes.subarray(this.#at - length, this.#at)
  }
  int8 = (): number => this.take(1).readInt8()
  int16 = (): number => this.take(2).readInt16BE()
  int32 = (): number => this.take(4).readInt32BE()
  string(): string | null {
    const length = this.int16()
    return length < 0 ? null : this.take(length).toString()
  }
  bytes = (): Buffer => this.take(this.int32())
  array<T>(read: () => T): T[] {
    return Array.from({ length: Math.max(this.int32(), 0) }, read)
  }
}

const int8 = (value: number): Buffer => Buffer.from([value])
const int16 = (value: number): Buffer => Buffer.from([value >> 8, value & 255])
const int32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}
const int64 = (value: number): Buffer => {
  const bytes = Buffer.alloc(8)
  bytes.writeBigInt64BE(BigInt(value))
  return bytes
}
const string = (value: string | null): Buffer =>
  value === null ? int16(-1) : Buffer.concat([int16(Buffer.byteLength(value)), Buffer.from(value)])
const array = (items: readonly Buffer[]): Buffer => Buffer.concat([int32(items.length), ...items])

type Handler = (input: Input, peer: KafkaStandIn) => { seen?: Partial<SeenKafkaRequest>; body: Buffer }

const versions = [
  [0, 7],
  [3, 6],
  [17, 1],
  [18, 2],
  [36, 1],
] as const

function metadata(input: Input, { advertisedHost, port }: KafkaStandIn): ReturnType<Handler> {
  const topics = input.array(() => input.string() ?? '')
  const allowAutoTopicCreation = input.int8() === 1
  const partition = Buffer.concat([int16(0), int32(0), int32(1), array([int32(1)]), array([int32(1)]), array([])])
  const body = Buffer.concat([
    int32(0),
    array([Buffer.concat([int32(1), string(advertisedHost), int32(port), string(null)])]),
    string('cluster'),
    int32(1),
    array(topics.map((topic) => Buffer.concat([int16(0), string(topic), int8(0), array([partition])]))),
  ])
  return { seen: { topics, allowAutoTopicCreation }, body }
}

function produce(input: Input, { produceErrorCode }: KafkaStandIn): ReturnType<Handler> {
  input.string()
  input.take(6)
  let records: Buffer = Buffer.alloc(0)
  const topics = input.array(() => {
    const name = input.string() ?? ''
    const partitions = input.array(() => {
      const partition = input.int32()
      records = input.bytes()
      return Buffer.concat([int32(partition), int16(produceErrorCode), int64(41), int64(-1), int64(0)])
    })
    return { name, body: Buffer.concat([string(name), array(partitions)]) }
  })
  const body = Buffer.concat([array(topics.map((topic) => topic.body)), int32(0)])
  return { seen: { topics: topics.map(({ name }) => name), records }, body }
}

const handlers: Readonly<Record<number, Handler>> = {
  0: produce,
  3: metadata,
  17: () => ({ body: Buffer.concat([int16(0), array([string('OAUTHBEARER')])]) }),
  18: () => {
    const rows = versions.map(([key, version]) => Buffer.concat([int16(key), int16(version), int16(version)]))
    return { body: Buffer.concat([int16(0), array(rows), int32(0)]) }
  },
  36: (input, { signIn }) => {
    const body = Buffer.concat([
      int16(signIn.errorCode),
      string(signIn.message),
      int32(0),
      int64(signIn.sessionLifetimeMs),
    ])
    return { seen: { auth: input.bytes().toString() }, body }
  },
}

function answer(frame: Buffer, peer: KafkaStandIn, socket: Socket): void {
  const input = new Input(frame)
  const [apiKey] = [input.int16(), input.int16()]
  const correlationId = input.int32()
  input.string()
  const { seen, body } = handlers[apiKey]?.(input, peer) ?? { body: Buffer.alloc(0) }
  peer.seen.push({ apiKey: apiKey ?? -1, ...seen })
  socket.write(Buffer.concat([int32(4 + body.length), int32(correlationId), body]))
}

function serve(socket: Socket, peer: KafkaStandIn): void {
  let pending: Buffer = Buffer.alloc(0)
  socket.on('error', () => socket.destroy())
  socket.on('data', (chunk) => {
    pending = Buffer.concat([pending, chunk])
    while (pending.length >= 4 && pending.length >= 4 + pending.readInt32BE()) {
      const end = 4 + pending.readInt32BE()
      answer(pending.subarray(4, end), peer, socket)
      pending = pending.subarray(end)
    }
  })
}

/** Starts a stand-in listener on a free port of this machine. */
export async function startKafkaStandIn(): Promise<KafkaStandIn> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    peer.connections += 1
    sockets.add(socket)
    serve(socket, peer)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const peer: KafkaStandIn = {
    port: (server.address() as AddressInfo).port,
    seen: [],
    connections: 0,
    signIn: { errorCode: 0, message: null, sessionLifetimeMs: 60_000 },
    produceErrorCode: 0,
    advertisedHost: '127.0.0.1',
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return peer
}
