/**
 * What a consumer does.
 *
 * - `running`: it is in its group, or on its way there; kafkajs starts it again after a lost connection.
 * - `denied`: a denial ended it; it comes back by itself once it is allowed.
 * - `restarting`: it comes back, or exchanges its topics for those that the policy allows now.
 * - `crashed`: something else ended it, and nothing but the application starts it again.
 * - `idle`: it does not run, because it was not started or was stopped.
 */
export type ConsumerState = 'running' | 'denied' | 'restarting' | 'crashed' | 'idle'

/** How a consumer is. */
export interface ConsumerHealth {
  readonly groupId: string
  readonly state: ConsumerState
  /** When it came into this state. */
  readonly sinceUnixMs: number
  readonly topics: readonly string[]
  /** What ended it: the code of an error of ours, or Kafka's name of an error, such as `TOPIC_AUTHORIZATION_FAILED`. */
  readonly reason?: string
}
