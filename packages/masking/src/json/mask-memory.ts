import { Output } from './output.ts'

const REUSED_BYTES = 64 * 1024

/** Memory for masked values, each of which is read before the next is masked. */
export interface MaskMemory {
  readonly isChanged: boolean
}

/**
 * Makes memory that is written to again and again: without it every few values take new memory, which costs whoever masks
 * a hundred thousand a second as much as the masking. The bytes of a result hold until the memory is used again.
 */
export function createMaskMemory(): MaskMemory {
  return new Output(REUSED_BYTES, true)
}
