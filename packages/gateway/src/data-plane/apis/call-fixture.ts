// For tests: calls under a real policy, without a connection.
import type { AuditEvent } from '@headgate/audit'
import { silentLog, systemClock } from '@headgate/core'
import {
  compileProgram,
  ENFORCED,
  type EnforcementModes,
  type Principal,
  parsePolicy,
  residualUnder,
  type SeenAccess,
} from '@headgate/policy'
import type { AskStatus, ControlMessage, ControlPort } from '../../control-port.ts'
import { AskView } from '../ask-view.ts'
import { AccessLog } from '../audit/access-log.ts'
import { BrokerAddresses } from '../broker-addresses.ts'
import { Call } from '../call.ts'
import type { Denial } from '../call-context.ts'
import { ClientState } from '../client-state.ts'
import { ClusterView } from '../cluster-view.ts'
import { ReadBufferPool } from '../read-buffers.ts'
import { MaskCompiler } from '../records/compiled-mask.ts'
import type { MaskedRecordSet } from '../records/masked-record-set.ts'
import { UpstreamLinks } from '../upstream-link.ts'
import type { UpstreamRequest } from '../upstream-request.ts'

const MAX_FRAME_BYTES = 1_000_000
const PRINCIPAL: Principal = { issuer: 'corp', subject: 'svc', groups: [] }

/** Host and first port that clients are told; the brokers 0 to 2 are declared. */
export const ADVERTISED = { host: 'gateway.example', firstPort: 19_100 }

const NAMED_VERBS = [
  'consume',
  'produce',
  'describe',
  'create',
  'delete',
  'alter',
  'describe-configs',
  'alter-configs',
  'as',
  'describe-groups',
  'delete-groups',
  'transact-as',
  'describe-transactions',
]
const CLUSTER_VERBS = 'describe, alter, create, describe-configs, alter-configs, idempotent-write'

/** A policy that grants everything on names that match, but nothing on those that match the exception; and on the cluster these words. */
export function grant(pattern: string, exception?: string, cluster?: string): string {
  const verbs = (selector: string): string => NAMED_VERBS.map((verb) => `      ${verb}: ["${selector}"]\n`).join('')
  const granted = `rules:\n  - id: granted\n    who: everyone\n    may:\n${verbs(pattern)}${clusterWords(exception === undefined ? CLUSTER_VERBS : cluster)}`
  if (exception === undefined) return granted
  return `${granted}  - id: excepted\n    who: everyone\n    never:\n${verbs(exception)}`
}

function clusterWords(words: string | undefined): string {
  return words === undefined ? '' : `      cluster: [${words}]\n`
}

/** A client connection as an API sees it. */
export interface ClientFixture {
  readonly state: ClientState
  readonly cluster: ClusterView
  /** What was reported since the last call was made. */
  readonly denials: Denial[]
  /** Likewise, of what passed by a mode. */
  readonly wouldDeny: Denial[]
  /** What was told of masked records. */
  readonly masked: MaskedReport[]
  /** Requests of the gateway's own behind the client's. */
  readonly alsoSent: UpstreamRequest[]
  readonly asks: AsksFixture
  readonly trail: TrailFixture
  call(apiKey: number, apiVersion: number, waitBudgetMs?: number): Call
}

/** A client under the policy that consists of these rules (and topics), in YAML. */
export function createClient(
  policy: string,
  bootstrap: readonly { host: string; port: number }[] = [],
  modes: EnforcementModes = ENFORCED,
  principal: Principal = PRINCIPAL,
): ClientFixture {
  const program = compile(policy, modes, principal)
  const cluster = createCluster(bootstrap)
  const state = new ClientState()
  const asks = createAsks()
  const denials: Denial[] = []
  const wouldDeny: Denial[] = []
  const masked: MaskedReport[] = []
  const alsoSent: UpstreamRequest[] = []
  const masks = new MaskCompiler([])
  const trail = new TrailFixture()
  const access = trail.createAccessLog(cluster)
  const call = (apiKey: number, apiVersion: number, waitBudgetMs = Number.POSITIVE_INFINITY): Call => {
    denials.length = 0
    wouldDeny.length = 0
    return new Call({
      header: { apiKey, apiVersion, correlationId: 1, clientId: 'test' },
      policy: { revision: 1, principal, program },
      principal,
      asks: asks.view,
      nowUnixMs: () => asks.nowUnixMs,
      state,
      cluster,
      addresses: createAddresses(),
      maxTransactionTimeoutMs: 60_000,
      waitBudgetMs,
      reports: {
        denial: (denial) => denials.push(denial),
        wouldDeny: (denial) => wouldDeny.push(denial),
        ask: (ask) => asks.opened.push(ask),
        masked: (operation, topic, partition, result) => masked.push({ operation, topic, partition, result }),
      },
      masks,
      buffers: new ReadBufferPool(),
      access,
      alsoSend: (request) => alsoSent.push(request),
      askUrl: (askId) => `https://gateway.example/v1/asks/${askId}`,
    })
  }
  return { state, cluster, denials, wouldDeny, masked, alsoSent, asks, trail, call }
}

/** What was told of masked records. */
export interface MaskedReport {
  readonly operation: 'read' | 'write'
  readonly topic: string
  readonly partition: number
  readonly result: MaskedRecordSet
}

/** The trail of a client: off, until a test says that it is kept. */
export class TrailFixture {
  readonly events: AuditEvent[] = []
  /** What was told of as seen. */
  readonly seen: SeenAccess[] = []
  keepsTrail = false
  /** What becomes of events that must be on record. */
  onRecord: (events: readonly AuditEvent[]) => Promise<void> = () => Promise.resolve()
  #access: AccessLog | undefined

  createAccessLog(cluster: ClusterView): AccessLog {
    const trail = this
    const control: ControlPort = {
      get keepsTrail() {
        return trail.keepsTrail
      },
      subscribe: () => () => {},
      report: (event) => {
        if (event.kind === 'access') this.events.push(event.event)
        if (event.kind === 'seen') this.seen.push(...event.accesses)
      },
      record: async (events) => {
        await this.onRecord(events)
        this.events.push(...events)
      },
    }
    const origin = { connectionId: 1, clientAddress: '127.0.0.1', listener: 'test' }
    this.#access = new AccessLog({
      ...{ control, origin, cluster, clock: systemClock, clusterName: 'main' },
      signIn: () => null,
    })
    return this.#access
  }

  /** What is on record, with what waited to be told. */
  flushed(): readonly AuditEvent[] {
    this.#access?.flush()
    return this.events
  }

  /** Likewise, once the connection has ended. */
  ended(): readonly AuditEvent[] {
    this.#access?.end()
    return this.events
  }
}

/** The asks of a client, and the time by which they count. */
export interface AsksFixture {
  readonly view: AskView
  /** The asks that calls opened. */
  readonly opened: AskStatus[]
  nowUnixMs: number
  /** Tells of a step as the control plane does. */
  tell(ask: AskStatus): void
}

function createAsks(): AsksFixture {
  let receive: (message: ControlMessage) => void = () => {}
  const control: ControlPort = {
    subscribe: (given) => {
      receive = given
      return () => {}
    },
    keepsTrail: false,
    report: () => {},
    record: async () => {},
  }
  const view = new AskView(control)
  return { view, opened: [], nowUnixMs: 1_000, tell: (ask) => receive({ kind: 'ask', ask }) }
}

function compile(text: string, modes: EnforcementModes, principal: Principal): ReturnType<typeof compileProgram> {
  const parsed = parsePolicy({ path: 'policy.yaml', text }, () => '')
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  return compileProgram(residualUnder(parsed.document, modes, principal))
}

function createCluster(bootstrap: readonly { host: string; port: number }[]): ClusterView {
  const config = { name: 'test', bootstrap, tls: undefined, sasl: undefined, credentials: [] }
  return new ClusterView(
    config,
    new UpstreamLinks(null, MAX_FRAME_BYTES, new ReadBufferPool(), systemClock),
    silentLog,
    systemClock,
  )
}

function createAddresses(): BrokerAddresses {
  const brokers = { firstPort: ADVERTISED.firstPort, firstId: 0, lastId: 2 }
  const listener = { host: '127.0.0.1', advertisedHost: ADVERTISED.host, port: 19_092, brokers, tls: undefined }
  return new BrokerAddresses(listener, silentLog)
}
