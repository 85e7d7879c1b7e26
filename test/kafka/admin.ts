import { type Admin, Kafka, logLevel } from 'kafkajs'
import type { Credential } from './credential.ts'

/** Runs `work` with a kafkajs admin that signs in by SCRAM, and disconnects it. */
export async function withAdmin<T>(
  bootstrap: string,
  credential: Credential,
  work: (admin: Admin) => Promise<T>,
): Promise<T> {
  const kafka = new Kafka({
    brokers: bootstrap.split(','),
    clientId: 'headgate-fixture',
    logLevel: logLevel.NOTHING,
    sasl: { mechanism: 'scram-sha-512', username: credential.username, password: credential.password },
    retry: { retries: 0 },
    connectionTimeout: 3_000,
  })
  const admin = kafka.admin()
  try {
    await admin.connect()
    return await work(admin)
  } finally {
    await admin.disconnect().catch(() => undefined)
  }
}
