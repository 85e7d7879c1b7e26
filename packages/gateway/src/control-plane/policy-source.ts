import { type Clock, type ClockTimer, type LogPort, systemClock } from '@headgate/core'
import { formatSourceProblem, type SourceProblem } from '@headgate/policy'
import type { PolicyConfig } from '../config/gateway-config.ts'
import type { PolicySnapshot } from '../control-port.ts'
import { PolicyInvalidError } from '../errors.ts'
import { fingerprintFiles, type PolicyFiles, readPolicyFiles } from './policy-files.ts'

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

/** What {@link createPolicySource} needs. */
export interface PolicySourceOptions {
  readonly policy: PolicyConfig
  readonly log: LogPort
  readonly clock?: Clock
  /** The last revision of an earlier start, where it is known; the next one is greater in any case. */
  readonly previousRevision?: number
  /** Hears of each policy that was refused, of the one at the start too. */
  readonly onRefused?: (problems: readonly SourceProblem[]) => void
}

const MAX_LOGGED_PROBLEMS = 20

class FilePolicySource implements PolicyFileSource {
  readonly #policy: PolicyConfig
  readonly #log: LogPort
  readonly #clock: Clock
  readonly #receivers = new Set<(snapshot: PolicySnapshot) => void>()
  readonly #onRefused: (problems: readonly SourceProblem[]) => void
  #current: PolicySnapshot
  #paths: readonly string[]
  #fingerprint: string
  #timer: ClockTimer | undefined

  constructor({ policy, log, clock = systemClock, previousRevision = 0, onRefused = () => {} }: PolicySourceOptions) {
    this.#onRefused = onRefused
    this.#policy = policy
    this.#log = log
    this.#clock = clock
    const { result, paths } = readPolicyFiles(policy.path)
    if (!result.ok) onRefused(result.problems)
    if (!result.ok) throw new PolicyInvalidError(policy.path, result.problems)
    const { document, digest } = result
    this.#current = Object.freeze({ revision: this.#revisionAfter(previousRevision), digest, document })
    this.#paths = paths
    this.#fingerprint = fingerprintFiles(paths)
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
    const { result, paths } = readPolicyFiles(this.#policy.path)
    this.#paths = paths
    this.#fingerprint = fingerprintFiles(paths)
    if (!result.ok) {
      this.#logRefusal(result.problems)
      this.#onRefused(result.problems)
      return { outcome: 'refused', problems: result.problems, snapshot: this.#current }
    }
    if (result.digest === this.#current.digest) return { outcome: 'unchanged', snapshot: this.#current }
    this.#publish(result)
    return { outcome: 'changed', snapshot: this.#current }
  }

  close(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }

  #publish({ document, digest }: Extract<PolicyFiles['result'], { ok: true }>): void {
    this.#current = Object.freeze({ revision: this.#revisionAfter(this.#current.revision), digest, document })
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
    const { revision, document } = this.#current
    const fields = { policyRevision: revision, path: this.#policy.path, count: document.rules.length }
    this.#log.info({ event: 'policy', ...fields }, 'policy in force')
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

/**
 * Creates the source of the policy: its files, looked at for changes as the config says.
 *
 * Throws {@link PolicyInvalidError} with every problem when the policy cannot be taken at the start; afterwards the
 * last good one stays in force.
 */
export function createPolicySource(options: PolicySourceOptions): PolicyFileSource {
  return new FilePolicySource(options)
}
