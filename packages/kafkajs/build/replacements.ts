import type { Replacement } from './mends.ts'

const ENCODING = 'https://github.com/tulios/kafkajs/pull/475'
const SPEED = 'https://github.com/tulios/kafkajs/issues/398'

/** Files of kafkajs 2.2.4 that files of ours stand for. */
export const replacements: readonly Replacement[] = [
  {
    file: 'protocol/recordBatch/crc32C/crc32C.js',
    fault: `the checksum is computed byte by byte, at a third of the speed that JavaScript allows: ${SPEED} asks for the speed`,
    sha256: '1c09c7a44e7a207f2dabb920e6bf9f6b1b3fd9cc023e959a9e91ba83e5b6f61a',
    by: 'crc32c.cjs',
  },
  {
    file: 'producer/partitioners/default/murmur2.js',
    fault: `the hash of a key is computed in big integers, eight times slower than in numbers: ${SPEED} asks for the speed`,
    sha256: '82c3a52a692c32b2c62e4e91adc553b4572b9abbd53d237255bf33cf132e1f98',
    by: 'murmur2.cjs',
  },
  {
    file: 'protocol/requests/produce/v3/request.js',
    fault: `each record and header has an encoder of 512 bytes, and each batch is copied six times: ${ENCODING}`,
    sha256: '993a3db997827088f5acb08cacf3c67a99ec2886303ff465d244329b8a1c7f99',
    by: 'produce-request.cjs',
  },
  {
    file: 'protocol/recordBatch/record/v0/decoder.js',
    fault:
      'each record is a decoder, three big integers and, for each header, a copy of all headers before it; a header called as a ' +
      `member of every object (\`constructor\`) becomes a list with that member: ${SPEED} asks for the speed`,
    sha256: '86d740054c8be29b02873bf2871eb43ba5004af94324610541dbab2d9fabcc65',
    by: 'record-decoder.cjs',
  },
]
