/** What was said, by whom. Fed with server messages; knows nothing of sockets or players. */
import type { HistoryItem, ServerMessage } from '@avatar-chat/client'
import { defineStore } from 'pinia'
import { computed, ref } from 'vue'

export interface Line {
  id: number
  role: 'user' | 'assistant'
  text: string
  state: 'streaming' | 'done' | 'interrupted' | 'failed'
  generation: number | null
}

export const useConversation = defineStore('conversation', () => {
  const lines = ref<Line[]>([])
  /** What the recogniser thinks it hears right now. */
  const hearing = ref('')
  const lastAsked = computed(() => lines.value.findLast((line) => line.role === 'user')?.text ?? null)
  /** The last question was not answered, or not to the end: it may be asked again. */
  const isUnanswered = computed(() => {
    const last = lines.value.at(-1)
    const isCut = last?.state === 'failed' || last?.state === 'interrupted'
    return lastAsked.value !== null && (last?.role === 'user' || isCut)
  })
  /** Replies whose text streams; their finished sentences are already there. */
  const streamed = new Set<number>()
  let nextId = 1

  function add(line: Omit<Line, 'id'>): Line {
    lines.value.push({ ...line, id: nextId++ })
    return lines.value.at(-1)!
  }

  function ask(text: string): void {
    hearing.value = ''
    cut()
    add({ role: 'user', text, state: 'done', generation: null })
  }

  /** A turn was sent again; whether the service knew it before or not, it stands here once. */
  function askedAgain(text: string): void {
    const last = lines.value.at(-1)
    if (last?.role !== 'user' || last.text !== text) ask(text)
  }

  /** The running reply ends here. */
  function cut(): void {
    for (const line of lines.value) if (line.state === 'streaming') line.state = 'interrupted'
  }

  function extend(generation: number, text: string): void {
    const last = lines.value.findLast((line) => line.generation === generation)
    if (last) last.text += text
    else add({ role: 'assistant', text, state: 'streaming', generation })
  }

  function end(generation: number, state: Line['state']): void {
    const line = lines.value.findLast((one) => one.generation === generation)
    if (line?.state === 'streaming') line.state = state
  }

  /** Whoever comes next finds nothing of it. */
  function clear(): void {
    lines.value = []
    hearing.value = ''
    streamed.clear()
  }

  function receive(message: ServerMessage): void {
    const generation = message.generation_id ?? 0
    switch (message.type) {
      case 'asr_partial':
        hearing.value = message.text
        break
      case 'asr_final':
        hearing.value = ''
        if (message.text) ask(message.text)
        break
      case 'playback_control':
        // What began as speech was none: a cough leaves no words.
        if (message.action === 'resume') hearing.value = ''
        break
      case 'text_chunk':
        streamed.add(generation)
        extend(generation, message.chunk)
        break
      case 'sentence':
        if (!streamed.has(generation)) extend(generation, `${message.text} `)
        break
      case 'turn_end':
        end(generation, message.reason === 'completed' ? 'done' : message.reason)
        break
    }
  }

  /** Another connection: older generations mean nothing any more. */
  function reconnected(history: HistoryItem[] | null): void {
    streamed.clear()
    hearing.value = ''
    if (history) lines.value = []
    for (const line of lines.value) {
      line.generation = null
      if (line.state === 'streaming') line.state = 'interrupted'
    }
    for (const item of history ?? []) {
      const state = item.interrupted ? 'interrupted' : 'done'
      add({ role: item.role, text: item.text, state, generation: null })
    }
  }

  return { lines, hearing, lastAsked, isUnanswered, ask, askedAgain, clear, cut, receive, reconnected }
})
