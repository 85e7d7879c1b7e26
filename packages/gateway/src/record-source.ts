/** Which records are to be read once more. */
export interface RecordRequest {
  readonly topic: string
  readonly partition: number
  readonly fromOffset: bigint
  /** About how much is given at once; one batch is given whole, however large. */
  readonly maxBytes: number
}

/**
 * What came of it.
 *
 * - `read`: `records` holds whole batches, the first of which may begin before the offset that was asked for; no bytes where
 *   there is nothing behind it.
 * - `out-of-range`: the log begins behind the offset, or ends before it.
 * - `unknown`: there is no such topic or partition now.
 * - `unreachable`: no broker that has it answered in time; worth another try.
 */
export interface RecordAnswer {
  readonly outcome: 'read' | 'out-of-range' | 'unknown' | 'unreachable'
  /** The id of the topic of this name now; `undefined` where there is none, or the brokers have no ids. */
  readonly topicId: string | undefined
  /** Where the log begins, as far as it is known. */
  readonly logStartOffset: bigint | undefined
  readonly records: Buffer
}

/**
 * Records as the gateway's own connection reads them: the data plane gives it, the control plane asks.
 *
 * Messages are plain values, as those of the control port are. INVARIANT: whoever asks has decided for whom; here nothing is
 * decided and nothing is masked.
 */
export interface RecordSource {
  /** Reads once; never throws. */
  read(request: RecordRequest): Promise<RecordAnswer>
}

/** Which topics there are, as the gateway's own connection sees them; for whoever may be told. */
export interface TopicList {
  /**
   * The names of all topics but internal ones.
   *
   * @throws {HeadgateError} `ERR_GATEWAY_UPSTREAM_UNREACHABLE`
   */
  names(): Promise<readonly string[]>
}
