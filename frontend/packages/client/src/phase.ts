/** What the page says that is going on, from what each part knows. Pure. */
import type { Clip } from './loops'
import type { PlayerState } from './player'
import type { StateUpdate } from './protocol'

export type Phase =
  | 'connecting'
  | 'ready'
  | 'listening'
  | 'thinking'
  | 'speaking'
  /** The face has fallen silent because somebody seems to speak. */
  | 'hearing'
  | 'blocked'
  | 'offline'

export interface Facts {
  /** `new`: never been up; `up`: greeted; `down`: was up, or was refused. */
  link: 'new' | 'up' | 'down'
  server: StateUpdate['state']
  player: PlayerState
  microphone: boolean
  /** A turn was sent and the server has not yet said a word about it. */
  asked: boolean
}

export const INITIAL_FACTS: Facts = {
  link: 'new',
  server: 'idle',
  player: 'idle',
  microphone: false,
  asked: false,
}

export function phaseOf(facts: Facts): Phase {
  if (facts.player === 'blocked') return 'blocked'
  // Who falls silent to hear needs a line to hear over.
  if (facts.player === 'paused' && facts.link === 'up') return 'hearing'
  if (facts.player === 'playing') return 'speaking'
  if (facts.link !== 'up') return facts.link === 'new' ? 'connecting' : 'offline'
  if (facts.asked || facts.server === 'thinking') return 'thinking'
  // The server may know of speech before its first chunk has arrived and plays.
  if (facts.server === 'speaking') return 'speaking'
  return facts.microphone || facts.server === 'listening' ? 'listening' : 'ready'
}

/** What the face does meanwhile, where it has a loop for it. */
export function clipOf(phase: Phase): Clip {
  if (phase === 'thinking') return 'thinking'
  return phase === 'listening' || phase === 'hearing' ? 'listening' : 'idle'
}
