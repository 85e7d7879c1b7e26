/** Which client a process of the SDK bench runs, and by which way. */
export interface SdkSetting {
  readonly client: 'kafkajs' | 'headgate'
  /** Whether an OpenTelemetry SDK is registered, as in production: batches of spans, W3C propagation. */
  readonly spans: boolean
  /** What kafkajs connects to; unused by `headgate`. */
  readonly bootstrap: string
  readonly password: string | undefined
  readonly headgate: HeadgateAccess
}

/** What `@headgate/kafkajs` is configured with. */
export interface HeadgateAccess {
  readonly gateway: string
  readonly bundleKeys: readonly string[]
  readonly issuer: string
  readonly clientId: string
  readonly clientSecret: string
}

/**
 * Which trace context the records of a topic carry: none; one of their own that was not sampled; one for each send of 200, sampled, as a
 * traced producer writes it; one of their own, sampled.
 */
export type SdkSenders = 'no context' | 'unsampled' | 'sampled by send' | 'sampled'

/** What a process of the SDK bench is told to do. */
export type SdkWork =
  | { readonly kind: 'produce'; readonly topic: string; readonly records: number; readonly bytes: number }
  | {
      readonly kind: 'fill'
      readonly topic: string
      readonly records: number
      readonly bytes: number
      readonly senders: SdkSenders
    }
  | {
      readonly kind: 'consume'
      readonly topic: string
      readonly records: number
      readonly group: string
      readonly by: 'eachMessage' | 'eachBatch'
    }
  | { readonly kind: 'first'; readonly topic: string }
  | { readonly kind: 'idle'; readonly topic: string; readonly group: string; readonly seconds: number }

/** What it took. */
export interface SdkResult {
  readonly seconds: number
  /** User and system time of the whole process. */
  readonly cpuSeconds: number
}

/** How a process answers. */
export type SdkAnswer = { readonly result: SdkResult } | { readonly error: string }
