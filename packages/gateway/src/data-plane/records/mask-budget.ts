const KIB = 1024
const MIB = 1024 * KIB

/** What the masking of one answer, or of one request, may take. */
export interface MaskBudgetOptions {
  /** What one batch may become, decompressed: thirty times the largest batch that brokers take by default. */
  readonly maxBatchBytes?: number
  /** What all batches together may become. */
  readonly maxInflatedBytes?: number
  /** How many bytes of records are masked before others have their turn: some milliseconds. */
  readonly sliceBytes?: number
}

/**
 * Bounds of one answer: what its batches become when they are decompressed, and how much is done at once.
 *
 * Where the former is used up, the rest of the answer is cut off, and the client asks again from there.
 */
export class MaskBudget {
  readonly maxBatchBytes: number
  readonly #sliceBytes: number
  #inflatable: number
  #slice: number

  constructor({ maxBatchBytes, maxInflatedBytes, sliceBytes }: MaskBudgetOptions = {}) {
    this.maxBatchBytes = maxBatchBytes ?? 32 * MIB
    this.#inflatable = maxInflatedBytes ?? 256 * MIB
    this.#sliceBytes = sliceBytes ?? 512 * KIB
    this.#slice = this.#sliceBytes
  }

  /** Whether no more batches may be decompressed. */
  get isInflated(): boolean {
    return this.#inflatable <= 0
  }

  /** What is left of the slice; 0 when others should have their turn. */
  get sliceLeft(): number {
    return Math.max(this.#slice, 0)
  }

  /** Counts what was decompressed. */
  inflated(bytes: number): void {
    this.#inflatable -= bytes
  }

  /** Counts what was looked at. */
  spend(bytes: number): void {
    this.#slice -= bytes
  }

  /** Begins a new slice. */
  renew(): void {
    this.#slice = this.#sliceBytes
  }
}
