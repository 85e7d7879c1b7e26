import type { LogFields, LogPort } from '@headgate/core'
import { createRelay, type Relay, type RelayOptions } from '@headgate/gateway'
import { type CommandDefinition, type CommandIo, ExitCode } from '../command.ts'
import { GatewayAnswerError, ListenAddressError } from '../errors.ts'
import {
  addGatewayOptions,
  type GatewayAddress,
  type GatewayAddressOptions,
  isLoopbackHost,
  resolveGateway,
} from '../gateway-address.ts'
import { createCommandFetch } from '../gateway-http.ts'
import { type ReportOptions, reportFailure } from '../problem-report.ts'
import { fetchGatewayMetadata, type GatewayMetadata } from '../sign-in/gateway-metadata.ts'
import { GatewayTokens } from '../sign-in/gateway-tokens.ts'
import { describePerson } from '../sign-in/person-report.ts'

interface ConnectOptions extends ReportOptions, GatewayAddressOptions {
  readonly listen: string
  readonly anyUser: boolean
}

const LISTEN = /^(?:(?:localhost|127\.0\.0\.1):)?(\d{1,5})$/
const MAX_PORT = 65_535
const REPEAT_MS = 5_000

function parseListen(text: string): number {
  const port = Number(LISTEN.exec(text)?.[1] ?? Number.NaN)
  if (!(port <= MAX_PORT)) throw new ListenAddressError(text)
  return port
}

/** Tells a person what she has to know, and the same thing once in a while. */
function createTeller(io: CommandIo): LogPort {
  const toldAtMs = new Map<string, number>()
  const tell = ({ reason, host, port }: LogFields, message: string): void => {
    const where = host === undefined ? '' : ` (${host}:${port ?? ''})`
    const line = `headgate: ${message}${where}${reason === undefined ? '' : `: ${reason}`}\n`
    const nowMs = io.clock.monotonicMs()
    if (nowMs - (toldAtMs.get(line) ?? Number.NEGATIVE_INFINITY) < REPEAT_MS) return
    toldAtMs.set(line, nowMs)
    io.writeError(line)
  }
  return { debug: () => {}, info: () => {}, warn: tell, error: tell }
}

function kafkaOf({ kafkaBootstrap, isKafkaTls }: GatewayMetadata, gateway: GatewayAddress): RelayOptions['bootstrap'] {
  const { host: name } = new URL(gateway.origin)
  const bootstrap = kafkaBootstrap.flatMap((address) => {
    const [, host, port] = /^\[?([A-Za-z0-9._:-]+)\]?:(\d{1,5})$/.exec(address) ?? []
    return host === undefined ? [] : [{ host, port: Number(port) }]
  })
  if (bootstrap.length === 0) throw new GatewayAnswerError(name, 'its metadata names no Kafka address')
  const isPlaintextAway = !isKafkaTls && bootstrap.some(({ host }) => !isLoopbackHost(host))
  if (isPlaintextAway && !gateway.isInsecure) {
    throw new GatewayAnswerError(name, 'its Kafka listener is plaintext to another machine: `--insecure` allows that')
  }
  return bootstrap
}

function endSignal(io: CommandIo): Promise<void> {
  return new Promise((resolve) => {
    io.onSignal('SIGTERM', resolve)
    io.onSignal('SIGINT', resolve)
  })
}

function tellStarted(io: CommandIo, relay: Relay, address: string, person: string, options: ConnectOptions): void {
  const { isForThisUserOnly } = relay
  if (options.json) {
    io.writeOut(`${JSON.stringify({ ok: true, bootstrap: address, person, isForThisUserOnly })}\n`)
    return
  }
  if (!isForThisUserOnly) {
    io.writeError(`headgate: every user of this machine can use ${address} as you: stop it when you are done\n`)
  }
  io.writeOut(`Kafka for ${person}: ${address}, without SASL or TLS

    kcat -b ${address} -L
    kafka-topics.sh --bootstrap-server ${address} --list

It ends with Ctrl+C.
`)
}

async function connect(io: CommandIo, options: ConnectOptions): Promise<ExitCode> {
  const port = parseListen(options.listen)
  const gateway = resolveGateway(io, options)
  const fetch = createCommandFetch(gateway)
  const metadata = await fetchGatewayMetadata(gateway, fetch)
  const tokens = new GatewayTokens(io, gateway, fetch)
  const { person } = await tokens.current()
  const relay = createRelay({
    port,
    bootstrap: kafkaOf(metadata, gateway),
    tls: metadata.isKafkaTls ? { caPem: gateway.caPem } : undefined,
    tokens: async () => (await tokens.current()).token,
    allowsAnyUser: options.anyUser,
    log: createTeller(io),
    clock: io.clock,
  })
  const ended = endSignal(io)
  const address = `127.0.0.1:${await relay.start()}`
  tellStarted(io, relay, address, describePerson(person), options)
  await ended
  await relay.close()
  return ExitCode.Ok
}

async function runConnect(io: CommandIo, options: ConnectOptions): Promise<ExitCode> {
  try {
    return await connect(io, options)
  } catch (error) {
    return reportFailure(io, error, options)
  }
}

/** `headgate connect [--listen 127.0.0.1:9092]` */
export const defineConnect: CommandDefinition = (parent, select) => {
  const words = 'a Kafka listener on this machine that signs every client in as you'
  addGatewayOptions(parent.command('connect').description(words))
    .option('--listen <address>', 'a port of 127.0.0.1; 0 takes any', '127.0.0.1:9092')
    .option('--any-user', 'let in other users of this machine too', false)
    .option('--json', 'write the address as JSON', false)
    .action((options: ConnectOptions) => select((io) => runConnect(io, options)))
}
