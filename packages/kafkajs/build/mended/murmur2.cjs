'use strict'
// Stands for kafkajs's src/producer/partitioners/default/murmur2.js: the same hash in 32-bit numbers. kafkajs computes it in 64 bits,
// of which the lower 32 are all that it ever looks at.

const SEED = 0x9747b28c
const M = 0x5bd1e995

module.exports = function murmur2(key) {
  const data = Buffer.isBuffer(key) ? key : Buffer.from(String(key))
  const { length } = data
  const wholeWords = length & ~3
  let h = SEED ^ length
  for (let at = 0; at < wholeWords; at += 4) {
    let k = data[at] | (data[at + 1] << 8) | (data[at + 2] << 16) | (data[at + 3] << 24)
    k = Math.imul(k, M)
    k = Math.imul(k ^ (k >>> 24), M)
    h = Math.imul(h, M) ^ k
  }
  const rest = length - wholeWords
  if (rest > 2) h ^= data[wholeWords + 2] << 16
  if (rest > 1) h ^= data[wholeWords + 1] << 8
  if (rest > 0) h = Math.imul(h ^ data[wholeWords], M)
  h = Math.imul(h ^ (h >>> 13), M)
  return h ^ (h >>> 15)
}
