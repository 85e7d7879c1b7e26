import { writeFileSync } from 'node:fs'
import { policyJsonSchema } from '../src/document/json-schema.ts'

// Writes the JSON Schema that editors check policies with. A unit test fails while the committed file is another.
const target = new URL('../policy.schema.json', import.meta.url)
writeFileSync(target, `${JSON.stringify(policyJsonSchema(), null, 2)}\n`)
