/** Names and numbers as people read them. */

export const STAGES = ['vad', 'asr', 'llm', 'tts', 'avatar', 'send'] as const
export type Stage = (typeof STAGES)[number]

export const STAGE_NAMES: Record<string, string> = {
  vad: 'Ear',
  asr: 'Recogniser',
  llm: 'Model',
  tts: 'Voice',
  avatar: 'Face',
  send: 'On the wire',
}

export const MARK_NAMES: Record<string, string> = {
  final: 'Understood',
  first_token: 'First word',
  first_sentence: 'First sentence',
  first_audio: 'First sound',
  first_chunk: 'First picture',
  first_frame: 'On the screen',
  total: 'All of it made',
}

export const STATE_NAMES: Record<string, string> = {
  idle: 'quiet',
  listening: 'listening',
  thinking: 'thinking',
  speaking: 'speaking',
  away: 'line lost',
}

export interface Quantity {
  value: string
  unit: string
}

/** A time as a figure and its unit: `312 ms`, `1.24 s`, `38 s`. */
export function duration(ms: number | null | undefined): Quantity {
  if (ms === null || ms === undefined) return { value: '–', unit: '' }
  if (ms < 0) return { ...duration(-ms), value: `−${duration(-ms).value}` }
  if (ms < 1) return { value: '<1', unit: 'ms' }
  if (ms < 995) return { value: ms.toFixed(0), unit: 'ms' }
  return { value: (ms / 1000).toFixed(ms < 9950 ? 2 : ms < 99_500 ? 1 : 0), unit: 's' }
}

export function joined({ value, unit }: Quantity): string {
  return unit ? `${value} ${unit}` : value
}

export const durationText = (ms: number | null | undefined): string => joined(duration(ms))

/** How long something has been there, in two units at most: `42 s`, `7 min`, `3 h 05 min`, `2 d 4 h`. */
export function age(seconds: number): string {
  const minutes = Math.floor(seconds / 60)
  const hours = Math.floor(minutes / 60)
  if (minutes < 1) return `${Math.floor(seconds)} s`
  if (hours < 1) return `${minutes} min`
  if (hours < 24) return `${hours} h ${String(minutes % 60).padStart(2, '0')} min`
  return `${Math.floor(hours / 24)} d ${hours % 24} h`
}

/** Time of day, by the clock of who looks. */
export function timeOfDay(date: Date, withSeconds = true): string {
  const parts = [date.getHours(), date.getMinutes(), date.getSeconds()]
  return parts
    .slice(0, withSeconds ? 3 : 2)
    .map((part) => String(part).padStart(2, '0'))
    .join(':')
}

export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`
}

/** How soon a reply began, by what its client takes: pictures, sound or words. */
export function firstOf(marks_ms: Record<string, number>): number | null {
  return marks_ms.first_chunk ?? marks_ms.first_audio ?? marks_ms.first_token ?? null
}
