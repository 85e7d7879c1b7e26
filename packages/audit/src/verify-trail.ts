import { type AuditPublicKey, isCheckpointSigned } from './checkpoint.ts'
import type { AuditCheckpoint, AuditRemoved } from './event.ts'
import { auditCodes } from './event-codes.ts'
import { hashLine, NO_LINE } from './event-line.ts'
import type { AuditFilePort } from './file-port.ts'
import { nodeFiles } from './node-files.ts'
import { listSegments, parseEnvelope } from './segment-folder.ts'
import type { TrailFault, TrailFaultCode, TrailReport, VerifiedCheckpoint } from './trail-report.ts'

/** What {@link verifyTrail} needs: nothing of the gateway, and no network. */
export interface VerifyTrailOptions {
  readonly folder: string
  /** The keys that checkpoints may be signed with. */
  readonly keys: readonly AuditPublicKey[]
  /** The line of a checkpoint that was kept elsewhere: the trail must hold it. */
  readonly knownCheckpoint?: string
  readonly files?: AuditFilePort
}

const LINE_FEED = 10

interface Line {
  readonly bytes: Buffer
  readonly text: string
  readonly hash: string
  readonly envelope: ReturnType<typeof parseEnvelope>
}

function readLine(bytes: Buffer): Line {
  const text = bytes.toString('utf8')
  return { bytes, text, hash: hashLine(bytes), envelope: parseEnvelope(text) }
}

/** By any of its marks: a checkpoint that was made to look like an event is a forged one. */
function isCheckpoint(envelope: NonNullable<Line['envelope']>): boolean {
  const { 'audit.checkpoint': code } = auditCodes
  return envelope.event === 'audit.checkpoint' || envelope.code === code || 'sig' in envelope
}

class FaultFound extends Error {
  readonly fault: TrailFault

  constructor(code: TrailFaultCode, file: string, line: number) {
    super(code)
    this.fault = { code, file, line }
  }
}

class TrailVerification {
  readonly #keys: readonly AuditPublicKey[]
  readonly #known: { readonly text: string; readonly seq: number; readonly kid: string } | undefined
  #file = ''
  #number = 0
  #segments = 0
  #writer: string | undefined
  #firstSeq = 0
  #seq = 0
  #prev = NO_LINE
  #lines = 0
  #events = 0
  #verifiedEvents = 0
  #checkpoints = 0
  #removedThroughSeq = 0
  /** What a line says that no checkpoint vouches for yet. */
  #saidRemovedThroughSeq = 0
  #newest: VerifiedCheckpoint | undefined
  #isClosed = false
  #hasKnown = false

  constructor({ keys, knownCheckpoint }: VerifyTrailOptions) {
    this.#keys = keys
    if (knownCheckpoint === undefined) return
    const text = knownCheckpoint.trim()
    const envelope = parseEnvelope(text) as Partial<AuditCheckpoint> | undefined
    this.#known = { text, seq: envelope?.seq ?? 0, kid: envelope?.kid ?? '' }
  }

  /** @throws {FaultFound} */
  checkKnown(): void {
    const known = this.#known
    if (known !== undefined && !isCheckpointSigned(known.text, known.kid, this.#keys))
      throw new FaultFound('known-checkpoint-forged', '', 0)
  }

  /** @throws {FaultFound} */
  segment(file: string, number: number, bytes: Buffer): void {
    this.#file = file
    this.#number = number
    this.#segments += 1
    this.#lines = 0
    let next: Line | undefined
    for (let at = 0; at < bytes.length; ) {
      const end = bytes.indexOf(LINE_FEED, at)
      if (end === -1) this.#fail('line-torn', this.#lines + 1)
      const line = next ?? readLine(bytes.subarray(at, end))
      const nextEnd = bytes.indexOf(LINE_FEED, end + 1)
      next = nextEnd === -1 ? undefined : readLine(bytes.subarray(end + 1, nextEnd))
      this.#take(line, next)
      at = end + 1
    }
    if (this.#lines === 0) this.#fail('segment-unsigned', 1)
  }

  /** @throws {FaultFound} */
  end(firstFile: string): void {
    if (this.#segments === 0) throw new FaultFound('no-segments', '', 0)
    if (this.#firstSeq > 1 && this.#removedThroughSeq < this.#firstSeq - 1)
      throw new FaultFound('start-missing', firstFile, 1)
    const known = this.#known
    if (known === undefined || this.#hasKnown || known.seq < this.#firstSeq) return
    this.#fail('end-missing', this.#lines)
  }

  report(fault: TrailFault | undefined): TrailReport {
    return {
      isIntact: fault === undefined,
      fault,
      writer: this.#writer,
      segments: this.#segments,
      firstSeq: this.#firstSeq,
      verifiedEvents: this.#verifiedEvents,
      checkpoints: this.#checkpoints,
      newestCheckpoint: this.#newest,
      unprotectedEvents: this.#events - this.#verifiedEvents,
      isClosed: fault === undefined && this.#isClosed,
    }
  }

  #take(line: Line, next: Line | undefined): void {
    const { envelope } = line
    this.#lines += 1
    if (envelope === undefined) this.#fail('not-a-line')
    this.#follow(line, next, envelope.seq, envelope.prev)
    this.#writer ??= envelope.writer
    if (envelope.writer !== this.#writer) this.#fail('other-writer')
    if (isCheckpoint(envelope)) this.#checkpoint(line, envelope as unknown as AuditCheckpoint)
    else this.#event(line)
    if (this.#known?.seq === envelope.seq) this.#compareKnown(line)
    this.#isClosed = isCheckpoint(envelope) && 'why' in envelope && envelope.why === 'closed'
    this.#seq = envelope.seq
    this.#prev = line.hash
  }

  /** Whether the line stands where it says, and behind the line that it names. */
  #follow(line: Line, next: Line | undefined, seq: number, prev: string): void {
    const isFirst = this.#firstSeq === 0
    if (isFirst) this.#firstSeq = seq
    if (!isFirst && seq <= this.#seq) this.#fail('line-out-of-order')
    if (!isFirst && seq > this.#seq + 1) this.#fail('lines-missing')
    // Where the trail's start was removed, its first checkpoint vouches for what it names.
    if (prev === this.#prev || (isFirst && seq > 1)) return
    // The next line, or the line's own signature, tells which of the two has been changed.
    const isWhole = next?.envelope?.prev === line.hash || this.#isSigned(line)
    if (isWhole && this.#lines > 1) this.#fail('line-changed', this.#lines - 1)
    this.#fail('chain-broken')
  }

  #isSigned({ text, envelope }: Line): boolean {
    return envelope !== undefined && 'kid' in envelope && isCheckpointSigned(text, String(envelope.kid), this.#keys)
  }

  #checkpoint(line: Line, { seq, time, kid, segment, why }: AuditCheckpoint): void {
    if (!this.#isSigned(line)) this.#fail('checkpoint-forged')
    if (this.#lines === 1 && (why !== 'opened' || segment !== this.#number)) this.#fail('segment-unsigned')
    this.#checkpoints += 1
    this.#verifiedEvents = this.#events
    this.#removedThroughSeq = this.#saidRemovedThroughSeq
    this.#newest = { seq, time, kid, line: line.text }
  }

  #event({ envelope }: Line): void {
    if (this.#lines === 1) this.#fail('segment-unsigned')
    this.#events += 1
    if (envelope?.event !== 'audit.removed') return
    const { throughSeq } = envelope as unknown as AuditRemoved
    this.#saidRemovedThroughSeq = Math.max(this.#saidRemovedThroughSeq, throughSeq)
  }

  #compareKnown(line: Line): void {
    this.#hasKnown = this.#known?.text === line.text
    if (!this.#hasKnown) this.#fail('other-history')
  }

  #fail(code: TrailFaultCode, line: number = this.#lines): never {
    throw new FaultFound(code, this.#file, line)
  }
}

/**
 * Verifies a trail from its segments and public keys alone.
 *
 * Finds every edit, removal, insertion and reordering before the newest checkpoint, and with a checkpoint that was kept
 * elsewhere a cut at the end up to that one. What stands behind the newest checkpoint is counted, not vouched for.
 * Throws only what reading the files throws.
 */
export async function verifyTrail(options: VerifyTrailOptions): Promise<TrailReport> {
  const { folder, files = nodeFiles } = options
  const verification = new TrailVerification(options)
  try {
    verification.checkKnown()
    const segments = await listSegments(files, folder)
    for (const { name, path, number, bytes } of segments)
      verification.segment(name, number, await files.read(path, 0, bytes))
    verification.end(segments[0]?.name ?? '')
    return verification.report(undefined)
  } catch (error) {
    if (error instanceof FaultFound) return verification.report(error.fault)
    throw error
  }
}
