import { crc32c as nativeCrc32c } from '@node-rs/crc32'

/** The CRC-32C (Castagnoli) checksum of bytes `start` to `end`, as an unsigned integer. */
export function crc32c(bytes: Buffer, start = 0, end: number = bytes.length): number {
  return nativeCrc32c(bytes.subarray(start, end)) >>> 0
}
