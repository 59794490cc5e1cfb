/** Which embedded stand-ins run instead of the real thing. Pure. */
import type { Providers } from '@avatar-chat/client'

export type StandIn = 'asr' | 'llm' | 'tts'

const EMBEDDED: Record<StandIn, string> = { asr: 'pocketsphinx', llm: 'builtin', tts: 'espeak' }

export function standIns(providers: Providers): StandIn[] {
  const stages = Object.keys(EMBEDDED) as StandIn[]
  return stages.filter((stage) => providers[stage] === EMBEDDED[stage])
}

/** What to type to replace one. The voice replaces itself when there is a network. */
export const REMEDIES: Record<StandIn, string[]> = {
  asr: ['avatar-chat models pull'],
  llm: ['AVATAR_CHAT_LLM__BASE_URL=…', 'AVATAR_CHAT_LLM__API_KEY=…'],
  tts: [],
}
