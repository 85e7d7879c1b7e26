import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestGateway, TestService } from '@headgate/testkit'

/** The files by which one service, or a plain client in its name, finds the gateway. */
export interface ServiceFiles {
  readonly clientId: string
  readonly groups: readonly string[]
  /** What else the identity provider states of it, by the names that rules use. */
  readonly claims: NonNullable<TestService['claims']>
  readonly environment: Readonly<Record<string, string>>
  /** For a shell, and for `node --env-file`. */
  readonly environmentPath: string
  /** For the Java tools' `--command-config`. */
  readonly javaPath: string
  /** For `kcat -F`. */
  readonly kcatPath: string
}

const settings = (values: Readonly<Record<string, string>>): string =>
  `${Object.entries(values)
    .map(([name, value]) => `${name}=${value}`)
    .join('\n')}\n`

/** Writes the files of every service into the gateway's folder, each for its owner alone. */
export function writeServiceFiles({
  services,
  environmentOf,
  bootstrap,
  folder,
}: TestGateway): readonly ServiceFiles[] {
  const write = (name: string, values: Readonly<Record<string, string>>): string => {
    writeFileSync(join(folder, name), settings(values), { mode: 0o600 })
    return join(folder, name)
  }
  return services.map(({ clientId, groups, claims = {} }) => {
    const environment = environmentOf(clientId)
    const password = environment['HEADGATE_CLIENT_SECRET'] ?? ''
    const plain = { 'bootstrap.servers': bootstrap, 'security.protocol': 'SASL_PLAINTEXT', 'sasl.mechanism': 'PLAIN' }
    const jaas = `org.apache.kafka.common.security.plain.PlainLoginModule required username="${clientId}" password="${password}";`
    return {
      ...{ clientId, groups, claims, environment },
      environmentPath: write(`${clientId}.env`, environment),
      javaPath: write(`${clientId}.properties`, { ...plain, 'sasl.jaas.config': jaas }),
      kcatPath: write(`${clientId}.kcat`, { ...plain, 'sasl.username': clientId, 'sasl.password': password }),
    }
  })
}
