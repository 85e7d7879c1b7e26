import { compress, compressLater, decompress, decompressLater } from '@headgate/wire'
import type { CompiledMask } from './compiled-mask.ts'
import type { TakeBytes } from './growing-bytes.ts'
import { MaskBudget } from './mask-budget.ts'
import type { MaskStep, MaskWork } from './mask-step.ts'
import type { MaskedRecordSet, WithheldForm } from './masked-record-set.ts'
import { RecordSetWork } from './record-set-work.ts'
import { nextTurn } from './turns.ts'

/** What a record set is masked by. */
export interface MaskRecordSetOptions {
  readonly mask: CompiledMask
  /** The offset that was asked for; 0 for what a client writes. */
  readonly fetchOffset: bigint
  readonly form: WithheldForm
  /** Bounds, shared by all record sets of one answer. */
  readonly budget?: MaskBudget
  /** Where the memory for a changed set comes from; new memory by default. */
  readonly take?: TakeBytes | undefined
}

/** Begins to mask the records of a partition; {@link driveInSlices} does it. */
export function beginMasking(records: Buffer, options: MaskRecordSetOptions): MaskWork<MaskedRecordSet> {
  return new RecordSetWork(records, { ...options, budget: options.budget ?? new MaskBudget() }).run()
}

/**
 * Masks the records of a partition, as they stand in an answer or in a Produce request.
 *
 * Batches of magic 2 in every codec; base offsets, deltas, producer fields, timestamps and epochs stay. What is not changed
 * goes on in its own bytes: compressed batches compressed as they were, and a set without a change is the very buffer given.
 * It never throws: what cannot be read is withheld.
 */
export function maskRecordSet(records: Buffer, options: MaskRecordSetOptions): MaskedRecordSet {
  return driveMasking(beginMasking(records, options))
}

/** Does the work at once. */
function driveMasking<Result>(work: MaskWork<Result>): Result {
  let step = work.next()
  while (step.done !== true) step = take(work, () => doStep(step.value as MaskStep))
  return step.value
}

/** From here on zlib works in a thread of its own. */
const LATER_BYTES = 32 * 1024

/**
 * Does the work until the first slice is through, and the rest slice by slice, so that others have their turn in between.
 * Gives the result itself where the first slice was enough.
 */
export function driveInSlices<Result>(work: MaskWork<Result>): Result | Promise<Result> {
  let step = work.next()
  while (step.done !== true) {
    const asked = step.value
    if (asked.kind === 'pause' || asked.bytes.length > LATER_BYTES) return driveLater(work, asked)
    step = take(work, () => doStep(asked))
  }
  return step.value
}

async function driveLater<Result>(work: MaskWork<Result>, first: MaskStep): Promise<Result> {
  for (let asked = first; ; ) {
    const step = await doStepLater(asked).then(
      (bytes) => work.next(bytes),
      (cause) => work.throw(cause),
    )
    if (step.done === true) return step.value
    asked = step.value
  }
}

function take<Result>(work: MaskWork<Result>, act: () => Buffer | undefined): IteratorResult<MaskStep, Result> {
  let bytes: Buffer | undefined
  try {
    bytes = act()
  } catch (cause) {
    return work.throw(cause)
  }
  return work.next(bytes)
}

function doStep(step: MaskStep): Buffer | undefined {
  if (step.kind === 'pause') return undefined
  return step.kind === 'compress' ? compress(step.codec, step.bytes) : decompress(step.codec, step.bytes, step.maxBytes)
}

function doStepLater(step: MaskStep): Promise<Buffer | undefined> {
  if (step.kind === 'pause') return nextTurn()
  if (step.bytes.length <= LATER_BYTES) return new Promise((resolve) => resolve(doStep(step)))
  return step.kind === 'compress'
    ? compressLater(step.codec, step.bytes)
    : decompressLater(step.codec, step.bytes, step.maxBytes)
}
