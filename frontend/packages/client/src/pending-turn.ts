/**
 * The typed turn that nobody has said a word to yet: what has to be sent again when its line ends.
 *
 * Its id lets the server tell a turn that comes again from the same words typed twice.
 */
import type { ServerMessage, Text } from './protocol'

export type Turn = Text & { message_id: string }

export class PendingTurn {
  private turn: Turn | null = null

  /** A new turn; it takes the place of one before. */
  begin(text: string): Turn {
    this.turn = { type: 'text', text, message_id: newId() }
    return this.turn
  }

  /** Nobody waits for an answer any more. */
  drop(): void {
    this.turn = null
  }

  /** What the server says of the newest reply settles it: its first word, its end, a refusal. */
  received(message: ServerMessage): void {
    const isEnd = message.type === 'turn_end' && message.reason !== 'interrupted'
    const isWord = message.type === 'text_chunk' || message.type === 'sentence'
    const isRefusal = message.type === 'error' && message.recoverable
    if (isWord || isEnd || isRefusal) this.drop()
  }

  /** Over another line, whose server has answered the turn of that id last: what to send again. */
  over(answered: string | null | undefined): Turn | null {
    if (this.turn?.message_id === answered) this.drop()
    return this.turn
  }
}

/** `crypto.randomUUID` is for secure pages alone; a kiosk in a local network may be none. */
function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(12))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
