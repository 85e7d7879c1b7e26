import { join } from 'node:path'
import type { AuditFilePort } from '@headgate/audit'
import { type Clock, type LogPort, systemClock } from '@headgate/core'
import { ENFORCED, formatSourceProblem, observesAny } from '@headgate/policy'
import { findUnmetProtections } from './config/find-unmet-protections.ts'
import type { GatewayConfig } from './config/gateway-config.ts'
import { type GatewayConfigResult, loadGatewayConfig } from './config/load-config.ts'
import { policyIssuersOf } from './config/policy-issuers.ts'
import { createAskRecord } from './control-plane/asks/ask-record.ts'
import { Asks } from './control-plane/asks/asks.ts'
import { type AuditSink, noTrail } from './control-plane/audit-sink.ts'
import { type AuditTrail, openAuditTrail } from './control-plane/audit-trail.ts'
import { ConfigReload } from './control-plane/config-reload.ts'
import { createControlPlane } from './control-plane/control-plane.ts'
import { createLocalControl } from './control-plane/local-control.ts'
import { createPolicySource, type PolicyFileSource, type PolicyReload } from './control-plane/policy-source.ts'
import { Revocations } from './control-plane/revocations.ts'
import { SeenBook } from './control-plane/seen/seen-book.ts'
import { seenRoutes } from './control-plane/seen/seen-endpoint.ts'
import { SessionArchive } from './control-plane/sessions/session-archive.ts'
import { auditRoutes } from './control-plane/trail-index/audit-endpoints.ts'
import { TrailIndex } from './control-plane/trail-index/trail-index.ts'
import { DataPlane } from './data-plane/data-plane.ts'
import { createAuthenticator } from './identity/authenticator.ts'
import { createKeyRings, takeKeys } from './identity/key-ring.ts'
import { Sessions } from './identity/sessions.ts'
import { SpentTokens } from './identity/spent-tokens.ts'
import { SubjectTokens } from './identity/subject-tokens.ts'
import { SharedStore } from './store/shared-store.ts'
import { openStore } from './store/store.ts'

/** What a gateway is made from. */
export interface GatewayOptions {
  readonly config: GatewayConfig
  readonly log: LogPort
  readonly clock?: Clock
  /** Reads the configuration again, for keys, certificates and credentials in it; its file by default. */
  readonly reloadConfig?: () => GatewayConfigResult
  /** Where the audit trail is written; a test lets it fail. */
  readonly auditFiles?: AuditFilePort
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
   * @throws {HeadgateError} with the code of what failed: brokers that cannot be reached, a port that cannot be bound,
   * a store that cannot be opened.
   */
  start(): Promise<GatewayAddresses>
  /** Reads keys, certificates, credentials and the policy again; what cannot be loaded leaves the last one in force. */
  reload(): PolicyReload
  /** Stops accepting, lets owed answers out, and ends. */
  close(): Promise<void>
}

function openTrail({ config, log, clock = systemClock, auditFiles }: GatewayOptions): Promise<AuditTrail | undefined> {
  const files = auditFiles === undefined ? {} : { files: auditFiles }
  if (config.audit !== undefined) return openAuditTrail({ audit: config.audit, log, clock, ...files })
  log.warn({ event: 'audit' }, 'no audit trail is configured: topics whose access must be on record are refused')
  return Promise.resolve(undefined)
}

/**
 * Takes up the asks that are kept in a file, while the data plane learns the cluster. Memory holds nothing to take up, and is
 * opened when something is asked.
 */
function restoreAsks({ config, log }: GatewayOptions, asks: Asks): Promise<void> {
  if (config.store === undefined) {
    log.warn({ event: 'store' }, 'no store is configured: asks and approvals end with this process')
    return Promise.resolve()
  }
  const restored = asks.start()
  // It is awaited once the ports are bound; until then a failure is nobody's.
  restored.catch(() => undefined)
  return restored
}

/**
 * Creates the source of the policy, and tells the trail of each policy that comes into force or is refused; the log is told
 * what such a policy wants that the config does not have.
 */
function openPolicy({ config, log, clock = systemClock }: GatewayOptions, audit: AuditSink): PolicyFileSource {
  const policySource = createPolicySource({
    policy: config.policy,
    issuers: policyIssuersOf(config),
    modes: { initial: config.modes ?? ENFORCED, path: config.path },
    log,
    clock,
    onRefused: (problems) =>
      audit.append({ event: 'policy.refused', reason: problems[0]?.code ?? 'unknown', problems: problems.length }),
  })
  let recorded = ENFORCED
  policySource.subscribe(({ revision, digest, document, modes = ENFORCED }) => {
    audit.append({ event: 'policy.in-force', policyRevision: revision, digest })
    if (modes !== recorded)
      audit.append({ event: 'modes.in-force', policyRevision: revision, modes: JSON.stringify(modes) })
    recorded = modes
    if (config.listener.passThrough === true && !observesAny(modes))
      log.warn(
        { event: 'modes', reason: 'passThrough' },
        "nothing is observed: the brokers' own credentials are refused",
      )
    for (const warning of findUnmetProtections(config, document))
      log.warn({ event: 'policy-warning', code: warning.code, reason: formatSourceProblem(warning) }, 'policy')
  })
  return policySource
}

/**
 * Creates a gateway from a checked configuration and loads its policy; nothing is bound before `start`.
 *
 * @throws {PolicyInvalidError} `ERR_GATEWAY_POLICY_INVALID`, with every problem, when the policy cannot be loaded.
 * @throws {HeadgateError} `ERR_AUDIT_FOLDER_IN_USE`, `ERR_AUDIT_FOLDER_DAMAGED` when the trail cannot be gone on with.
 */
export async function createGateway(options: GatewayOptions): Promise<Gateway> {
  const trail = await openTrail(options)
  try {
    return composeGateway(options, trail)
  } catch (cause) {
    await trail?.close()
    throw cause
  }
}

/** The index is a file beside the segments: it belongs to them, and is filled anew when it is removed. */
function createIndex({ log, clock = systemClock }: GatewayOptions, trail: AuditTrail): TrailIndex {
  const path = join(trail.folder, 'index.sqlite')
  return new TrailIndex({ trail, log, clock, openStore: () => openStore({ store: { path }, log }) })
}

function composeGateway(options: GatewayOptions, trail: AuditTrail | undefined): Gateway {
  const { config, log, clock = systemClock } = options
  const audit = trail ?? noTrail
  const policySource = openPolicy(options, audit)
  const sessions = new Sessions(clock)
  const keys = createKeyRings(config, clock)
  const subjectTokens = new SubjectTokens(clock)
  const authenticator = createAuthenticator({ config, log, clock, sessions, keys, subjectTokens })
  const store = new SharedStore(() => openStore({ store: config.store, log }))
  const asks = new Asks({
    openStore: () => store.open(),
    sink: createAskRecord({ audit, log, cluster: config.cluster.name }),
    ...{ log, clock },
  })
  // Without a store they are kept in memory, and no thread is started for them.
  const kept = config.store === undefined ? {} : { openStore: () => store.open() }
  const revocations = new Revocations({ clock, subjectTokens, ...kept })
  const spent = new SpentTokens({ clock, ...kept })
  const index = trail === undefined ? undefined : createIndex(options, trail)
  const archive = new SessionArchive({ index, openStore: () => store.open(), log, clock })
  const seen = new SeenBook({ openStore: config.store && (() => store.open()), log, clock })
  policySource.subscribe(({ document }) => seen.noteRules(document.rules.map(({ id }) => id)))
  const control = createLocalControl({
    ...{ policySource, asks, revocations, log, clock, audit, cluster: config.cluster.name },
    onMask: (mask) => archive.noteMask(mask),
    onSeen: (event) => seen.note(event),
  })
  let isReady = false
  const dataPlane = new DataPlane({ config, control, authenticator, sessions, log, clock })
  const questions =
    index === undefined || trail === undefined || config.audit === undefined
      ? []
      : [
          auditRoutes({
            authenticator,
            policySource,
            log,
            clock,
            trail,
            index,
            checkpointKey: config.audit.checkpointKey,
          }),
        ]
  const controlPlane = createControlPlane({
    ...{
      config,
      authenticator,
      policySource,
      asks,
      log,
      clock,
      audit,
      archive,
      revocations,
      spent,
      keys,
      records: dataPlane.records,
    },
    routes: [
      ...questions,
      seenRoutes({ authenticator, policySource, log, clock, audit, seen, topics: dataPlane.topics }),
    ],
    isReady: () => isReady,
  })
  const configReload = new ConfigReload({
    ...{ config, log, clock },
    load: options.reloadConfig ?? (() => loadGatewayConfig(config.path)),
    takers: [{ takeConfig: (next) => takeKeys(keys, next, log) }, authenticator, dataPlane, controlPlane],
  })
  const close = async (): Promise<void> => {
    const wasReady = isReady
    isReady = false
    await Promise.all([dataPlane.close(), controlPlane.close()])
    await authenticator.close()
    policySource.close()
    configReload.close()
    await asks.close()
    await archive.close()
    await revocations.close()
    await spent.close()
    await seen.close()
    if (wasReady) audit.append({ event: 'gateway.stopped' })
    await index?.close()
    await trail?.close()
  }
  return {
    start: async () => {
      try {
        const restored = restoreAsks(options, asks)
        // A token that was revoked is not to be taken by whoever is first.
        await revocations.start()
        const port = await dataPlane.start()
        await controlPlane.start()
        await restored
        isReady = true
        audit.append({ event: 'gateway.started' })
        index?.start()
        log.info({ event: 'listening', listener: 'kafka', host: config.listener.advertisedHost, port }, 'listening')
        return { bootstrap: `${config.listener.advertisedHost}:${port}`, httpUrl: config.http.publicUrl }
      } catch (cause) {
        await close()
        throw cause
      }
    },
    reload: () => {
      configReload.reload()
      return policySource.reload()
    },
    close,
  }
}
