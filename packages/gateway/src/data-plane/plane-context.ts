import type { Clock, LogPort } from '@headgate/core'
import type { CertificateBoundConfig, LimitsConfig } from '../config/gateway-config.ts'
import type { ControlPort } from '../control-port.ts'
import type { Authenticator, SignIn } from '../identity/authenticator.ts'
import type { Sessions } from '../identity/sessions.ts'
import type { ApiTable } from './api-table.ts'
import type { AskView } from './ask-view.ts'
import type { BrokerAddresses } from './broker-addresses.ts'
import type { ClusterView } from './cluster-view.ts'
import type { PolicyView } from './policy-view.ts'
import type { ReadBufferPool } from './read-buffers.ts'
import type { MaskCompiler } from './records/compiled-mask.ts'
import type { ClientMechanism } from './sasl-message.ts'
import type { UnderWay } from './under-way.ts'
import type { LinkListener, UpstreamLink } from './upstream-link.ts'

/** What a sign-in with the brokers' own credential needs of its data plane. */
export interface PassThrough {
  /** Who vouches for the names. */
  readonly issuer: string
  /** Whether PLAIN is for the brokers. */
  readonly takesPlain: boolean
  /** Issuers, and SPIFFE trust domains, whose tokens are for the gateway. */
  readonly knownIssuers: ReadonlySet<string>
  /** Audiences that mean the gateway. */
  readonly audiences: ReadonlySet<unknown>
  /** Connections to brokers on which a sign-in is under way. */
  readonly underWay: UnderWay
  /** Begins a connection to a broker that nobody has signed in. */
  readonly openUpstream: (brokerId: number | null, clientId: string, listener: LinkListener) => UpstreamLink
}

/** What all connections of a data plane share. */
export interface PlaneContext {
  readonly clock: Clock
  readonly log: LogPort
  readonly limits: LimitsConfig
  /** The clients whose tokens must be bound to their certificates. */
  readonly certificateBound: readonly CertificateBoundConfig[]
  readonly control: ControlPort
  readonly authenticator: Authenticator
  readonly sessions: Sessions
  readonly mechanisms: readonly ClientMechanism[]
  readonly cluster: ClusterView
  /** What the config calls the cluster. */
  readonly clusterName: string
  readonly addresses: BrokerAddresses
  readonly apis: ApiTable
  readonly policy: PolicyView
  readonly asks: AskView
  readonly masks: MaskCompiler
  /** Where people find an ask. */
  readonly askUrl: (askId: string) => string
  readonly pool: ReadBufferPool
  /** How clients bring the brokers' own credentials; absent where they may not. */
  readonly passThrough?: PassThrough | undefined
  /** Begins a connection to the broker that a port stands for; `null` is the bootstrap port, which any broker serves. */
  readonly openUpstream: (
    signIn: SignIn,
    brokerId: number | null,
    clientId: string,
    listener: LinkListener,
  ) => UpstreamLink
}
