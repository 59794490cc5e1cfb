/** From codes on the wire to what a person is told, and what "try again" then means. Pure. */
import type { MicFailure } from '@avatar-chat/client'

export type Retry = 'reconnect' | 'resend' | 'microphone'

export interface Problem {
  /** Key of the sentence in the page's words. */
  key: string
  retry: Retry | null
  /** The server's own, more exact words, in English. */
  detail?: string
}

const BY_CODE: Record<string, [key: string, retry: Retry | null]> = {
  session_limit_reached: ['full', 'reconnect'],
  unauthorized: ['unauthorized', 'reconnect'],
  busy: ['elsewhere', 'reconnect'],
  session_expired: ['expired', 'reconnect'],
  rate_limited: ['rateLimited', 'resend'],
  too_large: ['tooLarge', null],
  provider_failed: ['provider', 'resend'],
  provider_unavailable: ['provider', 'resend'],
  provider_timeout: ['provider', 'resend'],
  unknown_avatar: ['avatar', null],
  broken_avatar: ['avatar', null],
  model_file: ['modelFile', null],
  engine: ['engine', 'resend'],
  worker_died: ['engine', 'resend'],
  not_available: ['notAvailable', null],
  bad_audio: ['audio', 'microphone'],
}

/** The last frames of a closing microphone may cross its end; nobody needs to hear of it. */
const SILENT = new Set(['not_listening'])

export function serverProblem(code: string, message: string, recoverable: boolean): Problem | null {
  if (SILENT.has(code)) return null
  const [key, retry] = BY_CODE[code] ?? ['internal', recoverable ? 'resend' : 'reconnect']
  return { key: `problem.${key}`, retry, detail: message }
}

export function microphoneProblem(reason: MicFailure): Problem {
  return { key: `problem.mic.${reason}`, retry: reason === 'insecure' ? null : 'microphone' }
}

export const WAKING: Problem = { key: 'problem.waking', retry: null }
/** Another window has taken the conversation over; this one takes it back only when told to. */
export const ELSEWHERE: Problem = { key: 'problem.elsewhere', retry: 'reconnect' }
export const UNREACHABLE: Problem = { key: 'problem.unreachable', retry: 'reconnect' }
