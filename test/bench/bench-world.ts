import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ClientConnection } from '../clients/connection.ts'
import { startIdentityProvider } from '../identity/identity-provider.ts'
import { freePorts } from '../kafka/ports.ts'
import { type KafkaCluster, startKafka } from '../kafka/start-kafka.ts'
import { writeGatewayFiles } from '../world/gateway-files.ts'

/** A way from the load generator to the broker. */
export interface Leg {
  readonly name: 'direct' | 'relay' | 'gateway'
  readonly connection: ClientConnection
  /** The process in between; absent for the direct way. */
  readonly pid: number | undefined
}

/** One broker, and three ways to it. */
export interface BenchWorld {
  readonly kafka: KafkaCluster
  readonly legs: readonly Leg[]
  readonly gatewayLeg: Leg
  readonly token: string
  /** Starts a second gateway process; gives the milliseconds until `isServing` came true. */
  timeGatewayStart(isServing: (address: string) => Promise<boolean>): Promise<number>
  close(): Promise<void>
}

const CLI = join(import.meta.dirname, '../../packages/cli/dist/main.js')
const RULES = 20

/** The rule that the load needs, among others that it does not. */
function policy(): string {
  const others = Array.from(
    { length: RULES - 1 },
    (_, n) =>
      `  - id: other-${n}\n    who: { groups: [team-${n}, everyone] }\n    may: { consume: ["team-${n}.*", "shared-${n}"], as: ["team-${n}-*"] }\n`,
  )
  return `rules:\n  - id: bench\n    who: { subjects: [bench] }\n    may: { produce: ["bench*"], consume: ["bench*"], as: ["*"] }\n${others.join('')}`
}

/** Starts the broker with the settings of a server, not of a test, and a relay and a gateway as processes of their own. */
export async function startBenchWorld(tell: (text: string) => void): Promise<BenchWorld> {
  const directory = await mkdtemp(join(tmpdir(), 'headgate-bench-'))
  const children: ChildProcess[] = []
  const undo: (() => Promise<unknown>)[] = [() => rm(directory, { recursive: true, force: true })]
  const close = async (): Promise<void> => {
    for (const child of children) child.kill()
    for (const step of undo.splice(0).reverse()) await step()
  }
  try {
    const [relayPort = 0, kafkaPort = 0, brokerPort = 0, httpPort = 0, ...spare] = await freePorts(8)
    const kafka = await startKafka({
      profile: 'bench',
      plaintext: true,
      relayAdvertisedPort: relayPort,
      onProgress: tell,
    })
    undo.push(() => kafka.stop())
    const identity = await startIdentityProvider({
      clients: [{ clientId: 'bench', clientSecret: 'bench-secret-0123456789', groups: ['everyone'] }],
      audience: 'headgate',
      lifetimeSeconds: 3_600,
    })
    undo.push(() => identity.close())
    const filesFor = async (name: string, ports: readonly [number, number, number]): Promise<string> => {
      const folder = await mkdtemp(join(directory, name))
      const files = await writeGatewayFiles({
        directory: folder,
        clusterName: 'bench',
        bootstrap: kafka.scramBootstrap.split(','),
        credential: kafka.gatewayCredential,
        kafkaPort: ports[0],
        firstBrokerPort: ports[1],
        brokerIds: '0',
        httpPort: ports[2],
        issuer: { name: 'corp', url: identity.issuer, audience: 'headgate' },
        limits: { maxConnectionsPerAddress: 20_000, maxReauthenticationMs: 3_600_000 },
        policy: policy(),
      })
      return files.configPath
    }
    tell('starting the relay and the gateway')
    const relay = spawn(
      process.execPath,
      [join(import.meta.dirname, 'relay.ts'), String(relayPort), kafka.relayedAddress ?? ''],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    )
    children.push(relay)
    await firstOutput(relay)
    const startGateway = (config: string): ChildProcess => {
      const child = spawn(process.execPath, [CLI, 'gateway', '--config', config, '--log-level', 'error'], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      children.push(child)
      return child
    }
    const gateway = startGateway(await filesFor('gateway-', [kafkaPort, brokerPort, httpPort]))
    await firstOutput(gateway)
    const token = await identity.tokenFor('bench')
    const sasl = { mechanism: 'PLAIN' as const, username: 'token', password: token }
    const gatewayLeg: Leg = {
      name: 'gateway',
      connection: { bootstrap: `127.0.0.1:${kafkaPort}`, sasl },
      pid: gateway.pid,
    }
    return {
      kafka,
      token,
      gatewayLeg,
      legs: [
        { name: 'direct', connection: { bootstrap: kafka.plaintextBootstrap ?? '' }, pid: undefined },
        { name: 'relay', connection: { bootstrap: `127.0.0.1:${relayPort}` }, pid: relay.pid },
        gatewayLeg,
      ],
      timeGatewayStart: async (isServing) => {
        const [kafkaSpare = 0, brokerSpare = 0, httpSpare = 0] = spare
        const config = await filesFor('start-', [kafkaSpare, brokerSpare, httpSpare])
        const startedAt = performance.now()
        const child = startGateway(config)
        while (!(await isServing(`127.0.0.1:${kafkaSpare}`))) {
          if (child.exitCode !== null) throw new Error('the gateway ended')
        }
        const tookMs = performance.now() - startedAt
        child.kill()
        await new Promise((resolve) => child.once('exit', resolve))
        return tookMs
      },
      close,
    }
  } catch (cause) {
    await close()
    throw cause
  }
}

function firstOutput(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.stdout?.once('data', () => resolve())
    child.once('exit', (code) => reject(new Error(`a process of the bench ended with ${code}`)))
  })
}
