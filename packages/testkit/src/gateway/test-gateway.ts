import { randomBytes } from 'node:crypto'
import { resolve } from 'node:path'
import { type Clock, type LogPort, Secret, silentLog, systemClock } from '@headgate/core'
import {
  type ClusterConfig,
  createGateway,
  type Gateway,
  type GatewayConfig,
  learnBrokerIds,
  loadGatewayConfig,
  PolicyInvalidError,
  readPolicyFiles,
} from '@headgate/gateway'
import { formatSourceProblem, type PolicyDocument, type Principal, type PrincipalKind } from '@headgate/policy'
import { type IdentityProvider, startIdentityProvider } from '../identity/identity-provider.ts'
import { type IdentityPerson, PEOPLE } from '../identity/people.ts'
import { freePortRange } from './free-port-range.ts'
import { createGatewayFolder, type GatewayFolder, type TestKafkaAccess } from './gateway-folder.ts'
import { kindOfPolicy, type NamedByPolicy, namedByPolicy, type TestService } from './policy-clients.ts'

/** What a test gateway is started with. */
export interface TestGatewayOptions {
  /** Kafka's bootstrap servers, `host:port`. */
  readonly kafka: string | readonly string[]
  /** How the gateway signs in to Kafka; not at all, and without TLS, when absent. */
  readonly kafkaAccess?: TestKafkaAccess
  /** The path of the policy's entry file, relative to the working folder. A change is in force a second later. */
  readonly policy: string
  /**
   * Services beside those that the policy names: it gives one for each subject of a grant, `<group>-service` for each
   * group, and `<rule>-service` for a grant that asks for claims, or for a kind alone. One of the same name takes its place.
   */
  readonly services?: readonly TestService[]
  /** A service where neither the policy nor `services` names one. */
  readonly fallbackService?: TestService
  /** Who can sign in herself; two people who may approve what the policy asks approvals for when absent. */
  readonly people?: readonly IdentityPerson[]
  /** What the policy calls the issuer; the first that it names, or `dev`, when absent. */
  readonly issuerName?: string
  /** What the issuer says stands behind all its principals; what grants ask for, or `service`, when absent. */
  readonly kind?: PrincipalKind
  /** The first of neighbouring ports: Kafka, HTTP, one for each broker; free ones when absent. */
  readonly firstPort?: number
  /** Further sections of gateway.yaml, by their names; paths in them are relative to its folder. */
  readonly sections?: Readonly<Record<string, unknown>>
  readonly log?: LogPort
  readonly clock?: Clock
}

/** A gateway in this process before a real Kafka, with an identity provider of its own. Plaintext, on loopback alone. */
export interface TestGateway {
  readonly gateway: Gateway
  readonly identity: IdentityProvider
  /** Where Kafka clients connect. */
  readonly bootstrap: string
  readonly httpUrl: string
  /** A folder of this user's own with its configuration, keys and audit trail; removed by `close`. */
  readonly folder: string
  readonly issuerName: string
  /** What the issuer says stands behind each principal. */
  readonly kind: PrincipalKind
  /** The policy as it was when the gateway started. */
  readonly policy: PolicyDocument
  readonly services: readonly TestService[]
  readonly people: readonly IdentityPerson[]
  /** All of these, as the gateway knows them when they have signed in. */
  readonly principals: readonly Principal[]
  readonly bundleKeyThumbprint: string
  /**
   * The environment of a service that uses `@headgate/kafkajs`, its secret among it.
   *
   * @throws TypeError when there is no such service
   */
  environmentOf(clientId: string): Readonly<Record<string, string>>
  close(): Promise<void>
}

const AUDIENCE = 'headgate'
const NO_BROKERS = { first: 0, last: 0 }

function readPolicy(path: string): PolicyDocument {
  const { result } = readPolicyFiles(path)
  if (!result.ok) throw new PolicyInvalidError(path, result.problems)
  return result.document
}

function servicesOf(named: NamedByPolicy, options: TestGatewayOptions): readonly TestService[] {
  const { services: given = [], fallbackService } = options
  const others = named.services.filter(({ clientId }) => !given.some((service) => service.clientId === clientId))
  const services = [...given, ...others]
  return services.length > 0 || fallbackService === undefined ? services : [fallbackService]
}

/** A claim of a token has a name of its own, whatever rules call it. */
const claimOf = (name: string): string => `claim-${name}`

/** Every claim that rules ask for: who states it says who has none. */
function statedClaims(names: readonly string[], { claims = {} }: Pick<TestService, 'claims'>): Record<string, unknown> {
  return Object.fromEntries(names.map((name) => [claimOf(name), claims[name] ?? []]))
}

function peopleFor({ approverGroups }: NamedByPolicy): readonly IdentityPerson[] {
  return PEOPLE.slice(0, 2).map((person) => ({ ...person, groups: approverGroups }))
}

function loadConfig(path: string): GatewayConfig {
  const loaded = loadGatewayConfig(path)
  if (loaded.ok) return loaded.config
  throw new TypeError(`the test gateway's configuration:\n${loaded.problems.map(formatSourceProblem).join('\n')}`)
}

async function brokerRange(cluster: ClusterConfig, clock: Clock): Promise<{ first: number; last: number }> {
  const ids = await learnBrokerIds(cluster, { clock })
  return { first: ids[0] ?? 0, last: ids.at(-1) ?? 0 }
}

function principalsOf(
  { services, people }: Pick<TestGateway, 'services' | 'people'>,
  { issuerName: issuer, kind, claims: names }: Pick<Started, 'issuerName' | 'kind' | 'claims'>,
): readonly Principal[] {
  const all = [
    ...services.map(({ clientId: subject, groups, claims = {} }) => ({ subject, groups, claims })),
    ...people.map(({ account: subject, groups }) => ({ subject, groups, claims: {} })),
  ]
  return all.map(({ subject, groups, claims }: Omit<TestService, 'clientId'> & { readonly subject: string }) => ({
    ...{ issuer, subject, groups, kind },
    claims: Object.fromEntries(names.map((name) => [name, claims?.[name] ?? []])),
  }))
}

interface Started {
  readonly kind: PrincipalKind
  readonly claims: readonly string[]
  readonly folder: GatewayFolder
  readonly identity: IdentityProvider
  readonly issuerName: string
}

async function startGateway(
  options: TestGatewayOptions,
  started: Started,
): Promise<Pick<TestGateway, 'gateway' | 'bootstrap' | 'httpUrl'>> {
  const { kafka, kafkaAccess = {}, policy, log = silentLog, clock = systemClock, sections = {} } = options
  const { folder, identity, issuerName, kind } = started
  const { issuer: url, loginClientId } = identity
  const parts = {
    bootstrap: typeof kafka === 'string' ? kafka.split(',') : kafka,
    access: kafkaAccess,
    policyPath: resolve(policy),
    issuer: {
      ...{ name: issuerName, url, audience: AUDIENCE, loginClientId, kind },
      claims: Object.fromEntries(started.claims.map((name) => [name, claimOf(name)])),
    },
    sections,
  }
  // The ids are known only when the cluster was asked, and asking takes a checked configuration.
  const draft = loadConfig(
    folder.writeConfig({ ...parts, firstPort: options.firstPort ?? 1024, brokerIds: NO_BROKERS }),
  )
  const brokerIds = await brokerRange(draft.cluster, clock)
  const firstPort = options.firstPort ?? (await freePortRange(3 + brokerIds.last - brokerIds.first))
  const config = loadConfig(folder.writeConfig({ ...parts, firstPort, brokerIds }))
  const gateway = await createGateway({ config, log, clock })
  return { gateway, ...(await gateway.start()) }
}

/**
 * Starts a gateway in this process before a Kafka that runs, with an OpenID provider (oidc-provider) for the services that
 * its policy names. Keys and secrets are new each time.
 *
 * @throws PolicyInvalidError `ERR_GATEWAY_POLICY_INVALID`
 * @throws HeadgateError `ERR_GATEWAY_UPSTREAM_UNREACHABLE` when Kafka does not answer, `ERR_GATEWAY_UPSTREAM_SIGN_IN` when it refuses the
 * credential, `ERR_GATEWAY_LISTEN` when a port is taken
 */
export async function startTestGateway(options: TestGatewayOptions): Promise<TestGateway> {
  const document = readPolicy(resolve(options.policy))
  const { kind = kindOfPolicy(document) } = options
  const named = namedByPolicy(document, kind)
  const services = servicesOf(named, options)
  const people = options.people ?? peopleFor(named)
  const secrets = new Map(services.map(({ clientId }) => [clientId, new Secret(randomBytes(24).toString('base64url'))]))
  const clients = services.map((service) => ({
    ...service,
    claims: statedClaims(named.claims, service),
    clientSecret: secrets.get(service.clientId)?.reveal() ?? '',
  }))
  const { clock = systemClock, issuerName = named.issuers[0] ?? 'dev' } = options
  const folder = createGatewayFolder()
  let identity: IdentityProvider | undefined
  try {
    identity = await startIdentityProvider({
      clients,
      people: people.map((person) => ({ ...person, claims: { ...statedClaims(named.claims, {}), ...person.claims } })),
      ...{ audience: AUDIENCE, clock },
    })
    const { claims } = named
    const running = await startGateway(options, { folder, identity, issuerName, kind, claims })
    const { bundleKeyThumbprint, path } = folder
    const issuer = identity
    return {
      ...running,
      ...{ identity, folder: path, issuerName, kind, policy: document, services, people, bundleKeyThumbprint },
      principals: principalsOf({ services, people }, { issuerName, kind, claims }),
      environmentOf: (clientId) => {
        const secret = secrets.get(clientId)
        if (secret === undefined) throw new TypeError(`the test gateway has no service \`${clientId}\``)
        return {
          HEADGATE_GATEWAY: running.httpUrl,
          HEADGATE_BUNDLE_KEYS: bundleKeyThumbprint,
          HEADGATE_ISSUER: issuer.issuer,
          HEADGATE_CLIENT_ID: clientId,
          HEADGATE_CLIENT_SECRET: secret.reveal(),
          HEADGATE_INSECURE: 'true',
        }
      },
      close: async () => {
        await running.gateway.close()
        await issuer.close()
        folder.remove()
      },
    }
  } catch (cause) {
    await identity?.close()
    folder.remove()
    throw cause
  }
}
