/**
 * What is wrong with a trail. The list is closed.
 *
 * - `no-segments`: the folder holds no segment.
 * - `not-a-line`: the line is none of a trail.
 * - `line-torn`: the last line has no end: its writer was killed, or the file was cut.
 * - `line-changed`: the line has not the hash that the next one names.
 * - `chain-broken`: the line does not follow the one before it.
 * - `lines-missing`: numbers are missing before the line.
 * - `line-out-of-order`: the line's number has been before.
 * - `other-writer`: the line is of another trail.
 * - `segment-unsigned`: the segment does not begin with its checkpoint.
 * - `checkpoint-forged`: the checkpoint is not as a key known here signed it.
 * - `start-missing`: the trail begins later than its own account of removed segments says.
 * - `end-missing`: the trail ends before the known checkpoint.
 * - `other-history`: the line at the known checkpoint's place is another one.
 * - `known-checkpoint-forged`: the known checkpoint is not as a key known here signed it.
 */
export type TrailFaultCode =
  | 'no-segments'
  | 'not-a-line'
  | 'line-torn'
  | 'line-changed'
  | 'chain-broken'
  | 'lines-missing'
  | 'line-out-of-order'
  | 'other-writer'
  | 'segment-unsigned'
  | 'checkpoint-forged'
  | 'start-missing'
  | 'end-missing'
  | 'other-history'
  | 'known-checkpoint-forged'

/** The first thing that is wrong, and where. */
export interface TrailFault {
  readonly code: TrailFaultCode
  readonly file: string
  /** Counted from 1; 0 where no line is meant. */
  readonly line: number
}

/** The newest checkpoint that holds. */
export interface VerifiedCheckpoint {
  readonly seq: number
  readonly time: string
  readonly kid: string
  /** The line itself: kept elsewhere, it proves a later trail to be this one gone on. */
  readonly line: string
}

/** What a verification came to. */
export interface TrailReport {
  readonly isIntact: boolean
  readonly fault: TrailFault | undefined
  readonly writer: string | undefined
  readonly segments: number
  /** The number of the first line; above 1 where older segments were removed, which the trail accounts for. */
  readonly firstSeq: number
  /** Events that a checkpoint covers: what they say is what was written. */
  readonly verifiedEvents: number
  readonly checkpoints: number
  readonly newestCheckpoint: VerifiedCheckpoint | undefined
  /** Events behind the newest checkpoint: whoever may write to the folder could have changed or cut them. */
  readonly unprotectedEvents: number
  /** Whether the last line is the checkpoint of an orderly end. */
  readonly isClosed: boolean
}
