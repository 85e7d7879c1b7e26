// A plain table.
import type { Attack } from './attack.ts'

/** Attacks on the sign-in to Kafka and on its session. */
export const sessionAttacks: readonly Attack[] = [
  {
    id: 'K1',
    tried: 'a connection used past the end of its token, a new sign-in by somebody else or by another mechanism',
    expected: 'ended; refused',
  },
  {
    id: 'K2',
    tried:
      'a wish to be somebody else, two tokens in one message, extensions that claim a principal, groups or cluster',
    expected: 'refused, or without any effect',
  },
  {
    id: 'K3',
    tried: 'a token bound to a certificate, without it or with another one',
    expected: 'refused',
    except: 'tokens are bound to certificates alone, not to the keys of one TLS connection',
  },
  {
    id: 'K4',
    tried: 'a failed sign-in to its end, a first message that is malformed or a megabyte long',
    expected: 'an answer by the book, then the end; no token in any log',
  },
]
