'use strict'
// Stands for kafkajs's src/protocol/recordBatch/crc32C/crc32C.js: the same checksum (Castagnoli, RFC 3720 section 12.1), eight
// bytes a step instead of one. Node's own zlib.crc32 is another polynomial.

const POLYNOMIAL = 0x82f63b78

/** Eight tables one after the other: table n tells what a byte does to the checksum when n bytes follow it in its step. */
const TABLES = new Int32Array(8 * 256)
for (let byte = 0; byte < 256; byte += 1) {
  let crc = byte
  for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ ((crc & 1) * POLYNOMIAL)
  TABLES[byte] = crc
}
for (let at = 256; at < TABLES.length; at += 1) {
  const before = TABLES[at - 256]
  TABLES[at] = TABLES[before & 0xff] ^ (before >>> 8)
}

module.exports = function crc32C(bytes) {
  const T = TABLES
  const end = bytes.length
  const lastStep = end - 7
  let crc = -1
  let at = 0
  while (at < lastStep) {
    crc ^= bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)
    crc =
      T[1792 + (crc & 0xff)] ^
      T[1536 + ((crc >>> 8) & 0xff)] ^
      T[1280 + ((crc >>> 16) & 0xff)] ^
      T[1024 + (crc >>> 24)] ^
      T[768 + bytes[at + 4]] ^
      T[512 + bytes[at + 5]] ^
      T[256 + bytes[at + 6]] ^
      T[bytes[at + 7]]
    at += 8
  }
  while (at < end) {
    crc = T[(crc ^ bytes[at]) & 0xff] ^ (crc >>> 8)
    at += 1
  }
  return (crc ^ -1) >>> 0
}
