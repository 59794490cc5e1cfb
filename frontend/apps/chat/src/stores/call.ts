/** The running conversation: one `Session` of the client package, made observable. */
import {
  Meter,
  MicError,
  Recorder,
  ReplyPlayer,
  Session,
  type AvatarInfo,
  type FaceElements,
  type Phase,
  type ServerMessage,
  type SessionReady,
} from '@avatar-chat/client'
import { defineStore } from 'pinia'
import { computed, ref, shallowRef, watch } from 'vue'
import { accessToken } from '../lib/access'
import { microphoneProblem, serverProblem, UNREACHABLE, WAKING, type Problem } from '../lib/problems'
import { RECORDER_WORKLET_URL } from '../lib/recorder-worklet'
import { keepResumption, takeResumption } from '../lib/resumption'
import { useBackdrop } from './backdrop'
import { useConversation } from './conversation'
import { useService } from './service'
import { useSettings } from './settings'

export interface NoticeLine {
  id: number
  /** The service's own words, or the key of ours. */
  text: string
  from: string | null
  to: string | null
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
  let session: Session | null = null
  let meter: Meter | null = null
  let noticeId = 0

  /** The face to show: the chosen one at once, else the one the server greeted with. */
  const face = computed<AvatarInfo | null>(() => {
    const chosen = service.avatars.find((one) => one.id === settings.avatar)
    return chosen ?? ready.value?.avatar ?? service.avatars[0] ?? null
  })

  /** Figure and background come apart, and lie on each other in the page. */
  const wantsAlpha = computed(() => backdrop.style !== null)
  const isFree = ref(wantsAlpha.value)

  const canStop = computed(() => ['thinking', 'speaking', 'hearing'].includes(phase.value))

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
      retrying.value = false
      if (problem.value?.retry === 'reconnect' || problem.value === WAKING) problem.value = null
      conversation.reconnected(value.resumed ? (value.history ?? null) : null)
      void service.load()
    })
    addEventListener('online', () => current.retry())
    current.on('resent', conversation.askedAgain)
    let attempts = 0
    current.on('ready', ({ resumed }) => {
      if (attempts > 0 && resumed) announce('notice.reconnected', null, null)
      attempts = 0
    })
    current.on('down', ({ retryInMs }) => {
      attempts += 1
      retrying.value = retryInMs !== null
      conversation.cut()
      if (retryInMs === null || attempts > PATIENT_ATTEMPTS) lineIsDown()
    })
  }

  function receive(message: ServerMessage): void {
    conversation.receive(message)
    if (message.type === 'error') {
      problem.value = serverProblem(message.code, message.message, message.recoverable) ?? problem.value
    } else if (message.type === 'notice') {
      announce(message.text, message.from ?? null, message.to ?? null)
    } else if (message.type === 'text_chunk' && problem.value?.retry === 'resend') {
      problem.value = null
    }
  }

  function announce(text: string, from: string | null, to: string | null): void {
    const id = ++noticeId
    notices.value = [...notices.value.slice(-1), { id, text, from, to }]
    setTimeout(() => dismissNotice(id), NOTICE_MS)
  }

  function dismissNotice(id: number): void {
    notices.value = notices.value.filter((notice) => notice.id !== id)
  }

  /** False when the line is down; the words are then still the writer's. */
  function send(text: string): boolean {
    meter?.asked()
    if (!session?.send(text)) {
      lineIsDown()
      return false
    }
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
      problem.value = microphoneProblem(error.reason)
    }
  }

  /** Silences the face; without anything to silence it does nothing. */
  function stop(): void {
    if (!canStop.value) return
    session?.interrupt()
    conversation.cut()
  }

  async function retry(): Promise<void> {
    const what = problem.value?.retry
    problem.value = null
    if (what === 'reconnect') {
      retrying.value = true
      session?.retry()
    } else if (what === 'microphone') await toggleMicrophone()
    else if (what === 'resend' && conversation.lastAsked) session?.send(conversation.lastAsked)
  }

  function unlock(): void {
    session?.unlock()
  }

  function dismissProblem(): void {
    problem.value = null
  }

  // What is being said was drawn for what the page is now.
  watch([wantsAlpha, phase], () => {
    if (!canStop.value) isFree.value = wantsAlpha.value
  })
  watch(isFree, (free) => session?.setAlpha(free))
  watch(() => settings.volume, (volume) => session?.setVolume(volume))
  watch(() => settings.language, (language) => session?.configure({ language }))
  watch(() => settings.voice, (voice) => session?.configure({ voice: voice ?? 'auto' }))
  watch(() => settings.avatar, (avatar) => session?.configure({ avatar }))

  return {
    phase, canStop, ready, face, isFree, subtitle, microphone, level, retrying, problem, notices,
    attach, send, say, forget, toggleMicrophone, stop, retry, unlock, dismissNotice, dismissProblem,
  }
})
