/** One's own face: from a photo or video to a face that can be chosen, and away again. */
import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import * as service from '../lib/creation'
import { CreationRefused, partOfAll, type Permission, type Progress, type Step } from '../lib/creation'
import { useService } from './service'
import { useSettings } from './settings'

/** `choosing`: photo, name and consent; then `sending`, `working`; `done` shows what came of it. */
export type Act = 'choosing' | 'sending' | 'working' | 'done'

/** The waits before a making that cannot be reached is asked about again. */
const ASK_AGAIN_AFTER_MS = [1_000, 2_000, 4_000, 8_000]

export const useCreation = defineStore('creation', () => {
  const avatars = useService()
  const settings = useSettings()

  const act = ref<Act>('choosing')
  const may = shallowRef<Permission | null>(null)
  const steps = ref<Step[]>([])
  const step = ref<Step>('find')
  /** 0…1 of the upload, then of all steps. */
  const part = ref(0)
  /** Code of the last refusal. */
  const refusal = ref<string | null>(null)
  const made = ref<string | null>(null)
  let job: string | null = null
  let sending: AbortController | undefined

  const face = computed(() => avatars.avatars.find((one) => one.id === made.value) ?? null)
  const isBusy = computed(() => act.value === 'sending' || act.value === 'working')

  async function ask(): Promise<void> {
    may.value = await service.permission().catch(() => null)
  }

  async function make(file: Blob, name: string): Promise<void> {
    refusal.value = null
    part.value = 0
    act.value = 'sending'
    sending = new AbortController()
    try {
      const started = await service.upload(file, name, (sent) => (part.value = sent), sending.signal)
      job = started.job
      await follow(started)
    } catch (error) {
      refuse(error)
    }
  }

  async function follow({ job: id, steps: all }: service.Started): Promise<void> {
    steps.value = all
    step.value = all[0]!
    part.value = 0
    act.value = 'working'
    let news = await newsOf(id, -1)
    while (news.state === 'working') {
      step.value = news.step
      part.value = partOfAll(all, news.step, news.part)
      news = await newsOf(id, news.number)
    }
    if (news.state !== 'done') throw new CreationRefused(news.code ?? news.state)
    made.value = news.avatar
    await avatars.load()
    act.value = 'done'
  }

  function refuse(error: unknown): void {
    act.value = 'choosing'
    const code = codeOf(error)
    if (code !== 'cancelled') refusal.value = code
  }

  async function cancel(): Promise<void> {
    if (act.value === 'sending') sending?.abort()
    // A job that cannot be reached ends by itself; who waits for it hears of that.
    else if (act.value === 'working' && job) await service.cancel(job).catch(() => undefined)
  }

  /** Back to the beginning; what went wrong is forgotten. */
  function again(): void {
    act.value = 'choosing'
    refusal.value = made.value = null
  }

  function use(): void {
    if (made.value) settings.avatar = made.value
  }

  /** Code of the refusal, or null when it is gone. */
  async function remove(avatar: string): Promise<string | null> {
    try {
      await service.remove(avatar)
    } catch (error) {
      return codeOf(error)
    }
    await avatars.load()
    if (settings.avatar === avatar) settings.avatar = avatars.avatars[0]?.id ?? null
    return null
  }

  return { act, may, steps, step, part, refusal, made, face, isBusy, ask, make, cancel, again, use, remove }
})

/** What there is to tell after `number`; a line that breaks meanwhile is no end of the making. */
async function newsOf(job: string, number: number): Promise<Progress> {
  for (const waitMs of ASK_AGAIN_AFTER_MS) {
    try {
      return await service.progress(job, number)
    } catch (error) {
      if (!(error instanceof CreationRefused && error.code === 'offline')) throw error
      await new Promise((resolve) => setTimeout(resolve, waitMs))
    }
  }
  return service.progress(job, number)
}

function codeOf(error: unknown): string {
  if (error instanceof CreationRefused) return error.code
  console.error('avatar-chat: an answer that is none:', error)
  return 'internal'
}
