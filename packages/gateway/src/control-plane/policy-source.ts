import { type Clock, type ClockTimer, type LogPort, systemClock } from '@headgate/core'
import {
  canonicalModes,
  ENFORCED,
  type EnforcementModes,
  enforcesAll,
  formatSourceProblem,
  observesAny,
  type PolicyIssuer,
  type SourceProblem,
} from '@headgate/policy'
import type { PolicyConfig } from '../config/gateway-config.ts'
import { loadModes, type ModesResult } from '../config/load-modes.ts'
import type { PolicySnapshot } from '../control-port.ts'
import { PolicyInvalidError } from '../errors.ts'
import { fingerprintFiles, readPolicyFiles } from './policy-files.ts'

/** What became of a reload. */
export type PolicyReload =
  | { readonly outcome: 'changed' | 'unchanged'; readonly snapshot: PolicySnapshot }
  | { readonly outcome: 'refused'; readonly problems: readonly SourceProblem[]; readonly snapshot: PolicySnapshot }

/** The policy in force, and where its changes come from. */
export interface PolicyFileSource {
  /** The policy in force. */
  readonly current: PolicySnapshot
  /** Gives the policy in force at once and every later one in order; the function returned ends it. */
  subscribe(receive: (snapshot: PolicySnapshot) => void): () => void
  /** Reads the files anew. A policy with problems changes nothing: the last one stays in force. */
  reload(): PolicyReload
  /** Stops looking at the files. */
  close(): void
}

/** Where modes come from: read with the config at the start, and from its file from then on. */
export interface ModesFile {
  readonly initial: EnforcementModes
  readonly path: string
}

/** What {@link createPolicySource} needs. */
export interface PolicySourceOptions {
  readonly policy: PolicyConfig
  readonly log: LogPort
  readonly clock?: Clock
  /** The last revision of an earlier start, where it is known; the next one is greater in any case. */
  readonly previousRevision?: number
  /** How far the policy is in force, and the config that says so anew at each reload; everything is enforced without it. */
  readonly modes?: ModesFile
  /** The issuers of the gateway; with several, a policy says whose names it means. */
  readonly issuers?: readonly PolicyIssuer[]
  /** Hears of each policy that was refused, of the one at the start too. */
  readonly onRefused?: (problems: readonly SourceProblem[]) => void
}

const MAX_LOGGED_PROBLEMS = 20

type InForce = PolicySnapshot & { readonly modes: EnforcementModes }

class FilePolicySource implements PolicyFileSource {
  readonly #policy: PolicyConfig
  readonly #log: LogPort
  readonly #clock: Clock
  readonly #receivers = new Set<(snapshot: PolicySnapshot) => void>()
  readonly #onRefused: (problems: readonly SourceProblem[]) => void
  readonly #modesPath: string | undefined
  readonly #issuers: readonly PolicyIssuer[]
  #current: InForce
  #paths: readonly string[]
  #fingerprint: string
  #timer: ClockTimer | undefined

  constructor(options: PolicySourceOptions) {
    const {
      policy,
      log,
      clock = systemClock,
      previousRevision = 0,
      modes,
      onRefused = () => {},
      issuers = [],
    } = options
    this.#onRefused = onRefused
    this.#modesPath = modes?.path
    this.#issuers = issuers
    this.#policy = policy
    this.#log = log
    this.#clock = clock
    const { result, paths } = readPolicyFiles(policy.path, issuers)
    if (!result.ok) onRefused(result.problems)
    if (!result.ok) throw new PolicyInvalidError(policy.path, result.problems)
    const { document, digest } = result
    const revision = this.#revisionAfter(previousRevision)
    this.#current = Object.freeze({ revision, digest, document, modes: modes?.initial ?? ENFORCED })
    this.#paths = this.#watched(paths)
    this.#fingerprint = fingerprintFiles(this.#paths)
    this.#logInForce()
    this.#watch()
  }

  get current(): PolicySnapshot {
    return this.#current
  }

  subscribe(receive: (snapshot: PolicySnapshot) => void): () => void {
    this.#receivers.add(receive)
    receive(this.#current)
    return () => this.#receivers.delete(receive)
  }

  reload(): PolicyReload {
    const { result, paths } = readPolicyFiles(this.#policy.path, this.#issuers)
    this.#paths = this.#watched(paths)
    this.#fingerprint = fingerprintFiles(this.#paths)
    const modes = this.#readModes()
    const problems = [...(result.ok ? [] : result.problems), ...(modes.ok ? [] : modes.problems)]
    if (problems.length > 0) {
      this.#logRefusal(problems)
      this.#onRefused(problems)
    }
    // What is sound comes into force: a policy with a mistake must not keep a mode from being taken back, nor the reverse.
    const { document, digest } = result.ok ? result : this.#current
    const isOfSameModes = !modes.ok || isSameModes(modes.modes, this.#current.modes)
    const isSame = digest === this.#current.digest && isOfSameModes
    if (!isSame) this.#publish({ document, digest, modes: isOfSameModes ? this.#current.modes : modes.modes })
    const snapshot = this.#current
    if (problems.length > 0) return { outcome: 'refused', problems, snapshot }
    return { outcome: isSame ? 'unchanged' : 'changed', snapshot }
  }

  close(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }

  #watched(paths: readonly string[]): readonly string[] {
    return this.#modesPath === undefined ? paths : [...paths, this.#modesPath]
  }

  #readModes(): ModesResult {
    return this.#modesPath === undefined ? { ok: true, modes: this.#current.modes } : loadModes(this.#modesPath)
  }

  #publish(next: Omit<InForce, 'revision'>): void {
    this.#current = Object.freeze({ revision: this.#revisionAfter(this.#current.revision), ...next })
    this.#logInForce()
    for (const receive of [...this.#receivers]) receive(this.#current)
  }

  // INVARIANT: revisions only grow, also across restarts and when the wall clock goes back while the process runs.
  #revisionAfter(previous: number): number {
    return Math.max(previous + 1, this.#clock.nowUnixMs())
  }

  #watch(): void {
    const { reloadSeconds } = this.#policy
    if (reloadSeconds === 0) return
    this.#timer = this.#clock.after(reloadSeconds * 1_000, () => {
      this.#lookAtFiles()
      if (this.#timer !== undefined) this.#watch()
    })
  }

  #lookAtFiles(): void {
    if (fingerprintFiles(this.#paths) !== this.#fingerprint) this.reload()
  }

  #logInForce(): void {
    const { revision, document, modes } = this.#current
    const fields = { policyRevision: revision, path: this.#policy.path, count: document.rules.length }
    this.#log.info({ event: 'policy', ...fields }, 'policy in force')
    if (enforcesAll(modes)) return
    const least = observesAny(modes) ? 'observe' : 'warn'
    this.#log.warn({ event: 'modes', policyRevision: revision, reason: least }, 'the policy is not enforced throughout')
  }

  #logRefusal(problems: readonly SourceProblem[]): void {
    const { code } = new PolicyInvalidError(this.#policy.path, problems)
    const fields = { event: 'policy-refused', code, path: this.#policy.path, count: problems.length }
    const { revision } = this.#current
    this.#log.error({ ...fields, policyRevision: revision }, 'policy not reloaded: the last one stays in force')
    for (const problem of problems.slice(0, MAX_LOGGED_PROBLEMS)) {
      this.#log.error({ event: 'policy-problem', code: problem.code, reason: formatSourceProblem(problem) }, 'policy')
    }
  }
}

function isSameModes(one: EnforcementModes, other: EnforcementModes): boolean {
  return JSON.stringify(canonicalModes(one)) === JSON.stringify(canonicalModes(other))
}

/**
 * Creates the source of the policy: its files, looked at for changes as the config says.
 *
 * Throws {@link PolicyInvalidError} with every problem when the policy cannot be taken at the start; afterwards the
 * last good one stays in force.
 */
export function createPolicySource(options: PolicySourceOptions): PolicyFileSource {
  return new FilePolicySource(options)
}
