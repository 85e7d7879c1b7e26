const SHARED_BYTES = 64 * 1024

const shared = Buffer.alloc(SHARED_BYTES + 1)

/**
 * Copies a record and puts a zero byte behind it.
 *
 * INVARIANT: scanners read no byte behind that zero. No JSON token holds it, so that each of them stops there without asking
 * for the end at every byte; and a read behind the end of a typed array, which a cut record would cause, makes the scanner
 * several times slower for every record after it. The copy is good until the next call.
 */
export function padRecord(bytes: Uint8Array): Buffer {
  const target = bytes.length <= SHARED_BYTES ? shared : Buffer.allocUnsafe(bytes.length + 1)
  target.set(bytes)
  target[bytes.length] = 0
  return target
}

/** The bytes of a text, with a zero behind them, in memory of their own. */
export function padText(text: string): { readonly bytes: Buffer; readonly end: number } {
  const end = Buffer.byteLength(text)
  const bytes = Buffer.allocUnsafe(end + 1)
  bytes.write(text)
  bytes[end] = 0
  return { bytes, end }
}
