/** The running conversation: one `Session` of the client package, made observable. */
import {
  Meter,
  MicError,
  Recorder,
  ReplyPlayer,
  Session,
  TAKEN_OVER,
  type AvatarInfo,
  type FaceElements,
  type Phase,
  type ServerMessage,
  type SessionReady,
} from '@avatar-chat/client'
import { defineStore } from 'pinia'
import { computed, ref, shallowRef, watch } from 'vue'
import { accessToken } from '../lib/access'
import { ELSEWHERE, microphoneProblem, serverProblem, UNREACHABLE, WAKING, type Problem, type Retry } from '../lib/problems'
import { RECORDER_WORKLET_URL } from '../lib/recorder-worklet'
import { keepResumption, takeResumption } from '../lib/resumption'
import { useBackdrop } from './backdrop'
import { useConversation } from './conversation'
import { useService } from './service'
import { useSettings } from './settings'

export interface NoticeLine {
  id: number
  /** What it is about: a part of the service, or the line to it. */
  component: string
  from: string | null
  to: string | null
  /** The service's own words. */
  text: string
}

const NOTICE_MS = 12_000
/** A short break is not worth a word beyond the status pill. */
const PATIENT_ATTEMPTS = 2

export const useCall = defineStore('call', () => {
  const settings = useSettings()
  const conversation = useConversation()
  const service = useService()
  const backdrop = useBackdrop()

  const phase = ref<Phase>('connecting')
  const ready = shallowRef<SessionReady | null>(null)
  const subtitle = ref<string | null>(null)
  const microphone = ref(false)
  const level = ref(0)
  const retrying = ref(false)
  const problem = shallowRef<Problem | null>(null)
  const notices = ref<NoticeLine[]>([])
  /** The choice that holds where a newer one is refused. */
  let accepted: string | null = null
  let session: Session | null = null
  let meter: Meter | null = null
  let noticeId = 0

  /** The chosen face, else the one the server greeted with. */
  const chosen = computed<AvatarInfo | null>(() => {
    const wished = service.avatars.find((one) => one.id === settings.avatar)
    return wished ?? ready.value?.avatar ?? service.avatars[0] ?? null
  })
  /** The face in sight: the chosen one, as soon as nothing is said by another. */
  const face = shallowRef(chosen.value)

  /** Figure and background come apart, and lie on each other in the page. */
  const wantsAlpha = computed(() => backdrop.style !== null)
  const isFree = ref(wantsAlpha.value)

  const canStop = computed(() => ['thinking', 'speaking', 'hearing'].includes(phase.value))

  /** The way out of the problem, where there is one. */
  const remedy = computed<Retry | null>(() => {
    const retry = problem.value?.retry ?? null
    return retry === 'resend' && !conversation.isUnanswered ? null : retry
  })

  function attach(elements: FaceElements): void {
    const { protocol, host } = location
    const token = accessToken()
    meter = new Meter([elements.stream, ...elements.chunks])
    session = new Session({
      endpoint: `${protocol === 'https:' ? 'wss' : 'ws'}://${host}/ws`,
      channels: `${protocol}//${host}/api/channel`,
      resumption: takeResumption(),
      player: new ReplyPlayer(elements),
      recorder: new Recorder(RECORDER_WORKLET_URL),
      alpha: isFree.value,
      wishes: {
        language: settings.language,
        ...(settings.avatar ? { avatar: settings.avatar } : {}),
        ...(settings.voice ? { voice: settings.voice } : {}),
        ...(token ? { token } : {}),
      },
    })
    listen(session)
    keepResumption(() => session?.resumption ?? null)
    session.setVolume(settings.volume)
    session.open()
    void service.load()
  }

  function listen(current: Session): void {
    current.on('phase', (value) => (phase.value = value))
    current.on('subtitle', (value) => (subtitle.value = value))
    current.on('microphone', (value) => (microphone.value = value))
    current.on('level', (value) => (level.value = value))
    current.on('defect', (defect) => console.warn('avatar-chat:', defect))
    current.on('message', receive)
    current.on('ready', (value) => {
      ready.value = value
      accepted = value.avatar.id === settings.avatar ? settings.avatar : null
      retrying.value = false
      if (problem.value?.retry === 'reconnect' || problem.value === WAKING) problem.value = null
      conversation.reconnected(value.resumed ? (value.history ?? null) : null)
      void service.load()
    })
    // Who was refused comes back only when told to.
    addEventListener('online', () => retrying.value && current.retry())
    current.on('resent', conversation.askedAgain)
    let attempts = 0
    current.on('ready', ({ resumed }) => {
      if (attempts > 0 && resumed) announce({ component: 'line', from: null, to: null, text: '' })
      attempts = 0
    })
    current.on('down', ({ retryInMs, code }) => {
      attempts += 1
      retrying.value = retryInMs !== null
      conversation.cut()
      if (code === TAKEN_OVER) problem.value = ELSEWHERE
      else if (retryInMs === null || attempts > PATIENT_ATTEMPTS) lineIsDown()
    })
  }

  function receive(message: ServerMessage): void {
    conversation.receive(message)
    if (message.type === 'error') {
      problem.value = serverProblem(message.code, message.message, message.recoverable) ?? problem.value
      if (message.code === 'unknown_avatar' || message.code === 'broken_avatar') keepFace()
    } else if (message.type === 'notice') {
      const { component, text, from, to } = message
      announce({ component, text, from: from ?? null, to: to ?? null })
    } else if (message.type === 'text_chunk' && problem.value?.retry === 'resend') {
      problem.value = null
    }
  }

  /** The chosen face cannot be had. */
  function keepFace(): void {
    settings.avatar = accepted
    void service.load()
  }

  function announce(notice: Omit<NoticeLine, 'id'>): void {
    const id = ++noticeId
    notices.value = [...notices.value.slice(-1), { id, ...notice }]
    setTimeout(() => dismissNotice(id), NOTICE_MS)
  }

  function dismissNotice(id: number): void {
    notices.value = notices.value.filter((notice) => notice.id !== id)
  }

  /** False when the line is down; the words are then still the writer's. */
  function send(text: string): boolean {
    if (!session?.send(text)) {
      lineIsDown()
      return false
    }
    meter?.asked()
    problem.value = null
    conversation.ask(text)
    return true
  }

  /** The face speaks these words; nobody is asked. False when the line is down. */
  function say(text: string): boolean {
    return session?.say(text) ?? false
  }

  /** The visitor has gone: nothing of the conversation stays, here or there. */
  function forget(): void {
    problem.value = null
    notices.value = []
    conversation.clear()
    session?.forget()
  }

  function lineIsDown(): void {
    if (phase.value === 'connecting') problem.value = WAKING
    else if (problem.value?.retry !== 'reconnect') problem.value = UNREACHABLE
  }

  async function toggleMicrophone(): Promise<void> {
    if (!session) return
    if (microphone.value) {
      session.stopListening()
      return
    }
    if (phase.value === 'offline') {
      lineIsDown()
      return
    }
    try {
      await session.startListening()
      conversation.cut()
      if (problem.value?.retry === 'microphone') problem.value = null
    } catch (error) {
      if (!(error instanceof MicError)) throw error
      // That a question is to be asked again would be forgotten over it.
      if (problem.value?.retry !== 'resend') problem.value = microphoneProblem(error.reason)
    }
  }

  /** Silences the face; without anything to silence it does nothing. */
  function stop(): void {
    if (!canStop.value) return
    session?.interrupt()
    conversation.cut()
  }

  async function retry(): Promise<void> {
    const what = remedy.value
    problem.value = null
    if (what === 'reconnect') reconnect()
    else if (what === 'microphone') await toggleMicrophone()
    else if (what === 'resend' && !session?.send(conversation.lastAsked!)) lineIsDown()
  }

  /** Asks the service again, whatever it said. */
  function reconnect(): void {
    problem.value = null
    retrying.value = true
    session?.retry()
  }

  function unlock(): void {
    session?.unlock()
  }

  function dismissProblem(): void {
    problem.value = null
  }

  // What is being said was drawn for what the page is now.
  watch([wantsAlpha, chosen, phase], () => {
    if (canStop.value && face.value) return
    isFree.value = wantsAlpha.value
    face.value = chosen.value
  })
  watch(isFree, (free) => session?.setAlpha(free))
  watch(() => settings.volume, (volume) => session?.setVolume(volume))
  watch(() => settings.language, (language) => session?.configure({ language }))
  watch(() => settings.voice, (voice) => session?.configure({ voice: voice ?? 'auto' }))
  watch(() => settings.avatar, (avatar, before) => {
    if (avatar !== accepted) accepted = before
    session?.configure({ avatar })
  })

  return {
    phase, canStop, ready, chosen, face, isFree, subtitle, microphone, level, retrying, problem, remedy, notices,
    attach, send, say, forget, toggleMicrophone, stop, retry, reconnect, unlock, dismissNotice, dismissProblem,
  }
})
