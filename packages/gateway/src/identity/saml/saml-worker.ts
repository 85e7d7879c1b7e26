// The thread that reads assertions: it keeps nothing between two of them.
import { parentPort } from 'node:worker_threads'
import { verifyAssertion } from './saml-assertion.ts'
import type { SamlRequest } from './saml-message.ts'

parentPort?.on('message', (request: SamlRequest) => parentPort?.postMessage(verifyAssertion(request)))
