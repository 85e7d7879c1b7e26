import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startIdentityProvider } from '@headgate/testkit'
import type { ClientConnection } from '../clients/connection.ts'
import { withAdmin } from '../kafka/admin.ts'
import { freePorts } from '../kafka/ports.ts'
import { type KafkaCluster, startKafka } from '../kafka/start-kafka.ts'
import { watchdog } from '../kafka/watchdog.ts'
import { type ChildProgram, startProgram } from './child-program.ts'
import { AUDIENCE, startGateway, writeBenchGateway } from './gateway-program.ts'
import type { HeadgateAccess } from './sdk-work.ts'

/** A way from the load generator to the broker: direct, relay or gateway, or what is read by that way. */
export interface Leg {
  readonly name: string
  readonly connection: ClientConnection
  /** The process in between; absent for the direct way. */
  readonly pid: number | undefined
}

/** One broker, and three ways to it. */
export interface BenchWorld {
  readonly kafka: KafkaCluster
  readonly legs: readonly Leg[]
  readonly gatewayLeg: Leg
  /** An access token of the identity provider. */
  readonly token: string
  /** What a client with a policy is configured with. */
  readonly headgate: HeadgateAccess
  /** The processes that are part of the measurement. */
  readonly pids: readonly number[]
  /** Fires when the bench is told to stop. */
  readonly signal: AbortSignal
  /** Starts a second gateway that keeps no trail; it ends with the world. */
  startUnaudited(): Promise<Leg>
  /** Removes a topic and the bytes it holds, before the disk gets to writing them. */
  deleteTopic(topic: string): Promise<void>
  /** Starts a second gateway process; gives the milliseconds until `isServing` came true. */
  timeGatewayStart(isServing: (address: string) => Promise<boolean>): Promise<number>
  close(): Promise<void>
}

const TOKEN_SECONDS = 3_600
const CLIENT = { clientId: 'bench', clientSecret: 'bench-secret-0123456789', groups: ['everyone'] }

/** Starts the broker with the settings of a server, not of a test, and a relay and a gateway as processes of their own. */
export async function startBenchWorld(signal: AbortSignal, tell: (text: string) => void): Promise<BenchWorld> {
  const undo: (() => Promise<unknown>)[] = []
  const close = async (): Promise<void> => {
    for (const step of undo.splice(0).reverse()) await step()
  }
  try {
    return await startParts(undo, signal, tell, close)
  } catch (cause) {
    await close()
    throw cause
  }
}

async function startParts(
  undo: (() => Promise<unknown>)[],
  signal: AbortSignal,
  tell: (text: string) => void,
  close: () => Promise<void>,
): Promise<BenchWorld> {
  const directory = await mkdtemp(join(tmpdir(), 'headgate-bench-'))
  watchdog().watchFolder(directory)
  undo.push(async () => {
    await rm(directory, { recursive: true, force: true })
    watchdog().forgetFolder(directory)
  })
  const [relayPort = 0, ...gatewayPorts] = await freePorts(10)
  const kafka = await startKafka({
    profile: 'bench',
    plaintext: true,
    relayAdvertisedPort: relayPort,
    extraProperties: { 'log.segment.delete.delay.ms': '500' },
    onProgress: tell,
  })
  undo.push(() => kafka.stop())
  const identity = await startIdentityProvider({
    clients: [CLIENT],
    audience: AUDIENCE,
    lifetimeSeconds: TOKEN_SECONDS,
  })
  undo.push(() => identity.close())
  tell('starting the relay and the gateway')
  const relay = startProgram([join(import.meta.dirname, 'relay.ts'), String(relayPort), kafka.relayedAddress ?? ''])
  undo.push(() => relay.end())
  const [kafkaPort = 0, broker = 0, http = 0, ...spare] = gatewayPorts
  const surroundings = { directory, kafka, identity }
  const files = await writeBenchGateway(surroundings, { kafka: kafkaPort, broker, http })
  const gateway = startGateway(files.configPath)
  undo.push(() => gateway.end())
  await Promise.all([relay.ready, gateway.ready])
  const token = await identity.tokenFor(CLIENT.clientId)
  const sasl = { mechanism: 'PLAIN' as const, username: 'token', password: token }
  const gatewayLeg: Leg = {
    name: 'gateway',
    connection: { bootstrap: `127.0.0.1:${kafkaPort}`, sasl },
    pid: gateway.pid,
  }
  return {
    kafka,
    token,
    headgate: {
      ...CLIENT,
      gateway: `http://localhost:${http}`,
      bundleKeys: [files.bundleKeyThumbprint],
      issuer: identity.issuer,
    },
    signal,
    gatewayLeg,
    legs: [
      { name: 'direct', connection: { bootstrap: kafka.plaintextBootstrap ?? '' }, pid: undefined },
      { name: 'relay', connection: { bootstrap: `127.0.0.1:${relayPort}` }, pid: relay.pid },
      gatewayLeg,
    ],
    pids: [relay.pid, gateway.pid, ...kafka.brokers.map(({ pid }) => pid)],
    startUnaudited: async () => {
      const [kafkaSpare = 0, brokerSpare = 0, httpSpare = 0] = spare.slice(3)
      const ports = { kafka: kafkaSpare, broker: brokerSpare, http: httpSpare }
      const { configPath } = await writeBenchGateway(surroundings, ports, { audit: undefined })
      const unaudited = startGateway(configPath)
      undo.push(() => unaudited.end())
      await unaudited.ready
      return { name: 'without a trail', connection: { bootstrap: `127.0.0.1:${kafkaSpare}`, sasl }, pid: unaudited.pid }
    },
    deleteTopic: (topic) =>
      withAdmin(kafka.scramBootstrap, kafka.adminCredential, (admin) => admin.deleteTopics({ topics: [topic] })),
    timeGatewayStart: async (isServing) => {
      const [kafkaSpare = 0, brokerSpare = 0, httpSpare = 0] = spare
      const ports = { kafka: kafkaSpare, broker: brokerSpare, http: httpSpare }
      const { configPath } = await writeBenchGateway(surroundings, ports)
      return await timeStart(
        () => startGateway(configPath),
        () => isServing(`127.0.0.1:${kafkaSpare}`),
      )
    },
    close,
  }
}

async function timeStart(start: () => ChildProgram, isServing: () => Promise<boolean>): Promise<number> {
  const startedAt = performance.now()
  const child = start()
  try {
    while (!(await isServing())) if (child.hasEnded()) throw new Error('the gateway ended before it served')
    return performance.now() - startedAt
  } finally {
    await child.end()
  }
}
