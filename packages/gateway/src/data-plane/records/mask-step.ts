/** What the masking of a record set asks of whoever drives it. */
export type MaskStep =
  /** A slice of work is done: others may have their turn. */
  | { readonly kind: 'pause' }
  /** Decompress these bytes, to `maxBytes` at most, and come back with what comes out, or throw what is thrown. */
  | { readonly kind: 'decompress'; readonly codec: number; readonly bytes: Buffer; readonly maxBytes: number }
  /** Compress these bytes and come back with what comes out. */
  | { readonly kind: 'compress'; readonly codec: number; readonly bytes: Buffer }

/** Work in slices: each step is driven, and its outcome given back. */
export type MaskWork<Result> = Generator<MaskStep, Result, Buffer | undefined>

/** A step that does nothing. */
export const PAUSE: MaskStep = Object.freeze({ kind: 'pause' })
