import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import type { IdentityProvider } from '@headgate/testkit'
import type { KafkaCluster } from '../kafka/start-kafka.ts'
import { type GatewayFiles, writeGatewayFiles } from '../world/gateway-files.ts'
import { type ChildProgram, startProgram } from './child-program.ts'

/** The ports of one gateway. */
export interface GatewayPorts {
  readonly kafka: number
  readonly broker: number
  readonly http: number
}

/** What gateways of the bench have in common. */
export interface GatewaySurroundings {
  readonly directory: string
  readonly kafka: KafkaCluster
  readonly identity: IdentityProvider
}

/** The command as it is published. */
export const COMMAND: string = join(import.meta.dirname, '../../packages/cli/dist/main.js')
/** The audience of access tokens. */
export const AUDIENCE = 'headgate'
const HOUR_MS = 3_600_000
const OTHER_RULES = 19

/** Writes the files of a gateway with twenty rules. */
export async function writeBenchGateway(
  { directory, kafka, identity }: GatewaySurroundings,
  ports: GatewayPorts,
  sections: Readonly<Record<string, unknown>> = {},
): Promise<GatewayFiles> {
  return await writeGatewayFiles({
    directory: await mkdtemp(join(directory, 'gateway-')),
    clusterName: 'bench',
    bootstrap: kafka.scramBootstrap.split(','),
    credential: kafka.gatewayCredential,
    kafkaPort: ports.kafka,
    firstBrokerPort: ports.broker,
    brokerIds: '0',
    httpPort: ports.http,
    issuer: { name: 'corp', url: identity.issuer, audience: AUDIENCE },
    limits: { maxConnectionsPerAddress: 20_000, maxReauthenticationMs: HOUR_MS },
    sections,
    policy: policyText(),
  })
}

/** Starts the built command in a process of its own. */
export function startGateway(configPath: string): ChildProgram {
  return startProgram([COMMAND, 'gateway', '--config', configPath, '--log-level', 'warn'])
}

/** The rule that the load needs, and nineteen others that speak of its principal too. */
function policyText(): string {
  const others = Array.from({ length: OTHER_RULES }, (_, n) => ({
    id: `other-${n}`,
    who: { groups: [`team-${n}`, 'everyone'] },
    may: { consume: [`team-${n}.*`, `shared-${n}`], as: [`team-${n}-*`] },
  }))
  const own = {
    id: 'bench',
    who: { subjects: ['bench'] },
    may: { produce: ['bench*'], consume: ['bench*'], as: ['bench-*'] },
  }
  const masked = {
    match: ['bench-masked-miss', 'bench-masked-hit'],
    format: 'json',
    mask: [{ fields: 'customer(ssn,email),card/number', with: 'last-4' }],
  }
  return JSON.stringify({ topics: [masked], rules: [own, ...others] }, null, 2)
}
