/**
 * Which reply is the current one. Everything of an older generation is a ghost and is dropped; only
 * the word that it ended may still pass. Pure.
 */
import type { ServerMessage } from './protocol'

export class GenerationFilter {
  private floor = 0
  private seen = 0

  /** The oldest generation that may still be heard. */
  get current(): number {
    return this.floor
  }

  /** True when the message may pass. A newer generation raises the floor. */
  accepts(message: ServerMessage): boolean {
    const generation = message.generation_id
    if (generation === undefined || generation === null) return true
    if (generation < this.floor) return message.type === 'turn_end'
    this.floor = this.seen = generation
    return true
  }

  /** The user cut the current reply: what is still on its way is stale from now on. */
  cut(): void {
    this.floor = this.seen + 1
  }

  /** A new connection counts anew. */
  reset(): void {
    this.floor = this.seen = 0
  }
}
