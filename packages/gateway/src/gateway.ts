import { type Clock, type LogPort, systemClock } from '@headgate/core'
import type { GatewayConfig } from './config/gateway-config.ts'
import { createControlPlane } from './control-plane/control-plane.ts'
import { createLocalControl } from './control-plane/local-control.ts'
import { createPolicySource, type PolicyReload } from './control-plane/policy-source.ts'
import { DataPlane } from './data-plane/data-plane.ts'
import { createAuthenticator } from './identity/authenticator.ts'
import { Sessions } from './identity/sessions.ts'

/** What a gateway is made from. */
export interface GatewayOptions {
  readonly config: GatewayConfig
  readonly log: LogPort
  readonly clock?: Clock
}

/** Where a started gateway can be reached. */
export interface GatewayAddresses {
  /** The Kafka bootstrap address, as clients are told it. */
  readonly bootstrap: string
  /** The URL of the token exchange and the bundle, as clients are told it. */
  readonly httpUrl: string
}

/** A gateway: a data plane that speaks Kafka, and a control plane that speaks HTTP, over one policy. */
export interface Gateway {
  /**
   * Learns the cluster and binds every port; nothing stays bound when it fails.
   *
   * @throws {HeadgateError} with the code of what failed: brokers that cannot be reached, a port that cannot be bound.
   */
  start(): Promise<GatewayAddresses>
  /** Reads the policy again; one that cannot be loaded leaves the last one in force. */
  reload(): PolicyReload
  /** Stops accepting, lets owed answers out, and ends. */
  close(): Promise<void>
}

/**
 * Creates a gateway from a checked configuration and loads its policy; nothing is bound before `start`.
 *
 * @throws {PolicyInvalidError} `ERR_GATEWAY_POLICY_INVALID`, with every problem, when the policy cannot be loaded.
 */
export async function createGateway({ config, log, clock = systemClock }: GatewayOptions): Promise<Gateway> {
  const policySource = createPolicySource({ policy: config.policy, log, clock })
  const sessions = new Sessions(clock)
  const authenticator = createAuthenticator({ config, log, clock, sessions })
  const control = createLocalControl({ policySource, log })
  let isReady = false
  const dataPlane = new DataPlane({ config, control, authenticator, sessions, log, clock })
  const controlPlane = createControlPlane({ config, authenticator, policySource, log, clock, isReady: () => isReady })
  const close = async (): Promise<void> => {
    isReady = false
    await Promise.all([dataPlane.close(), controlPlane.close()])
    policySource.close()
  }
  return {
    start: async () => {
      try {
        const port = await dataPlane.start()
        await controlPlane.start()
        isReady = true
        log.info({ event: 'listening', listener: 'kafka', host: config.listener.advertisedHost, port }, 'listening')
        return { bootstrap: `${config.listener.advertisedHost}:${port}`, httpUrl: config.http.publicUrl }
      } catch (cause) {
        await close()
        throw cause
      }
    },
    reload: () => policySource.reload(),
    close,
  }
}
