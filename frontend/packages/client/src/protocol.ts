/* Generated from backend/protocol.py by `npm run generate`. Do not edit. */

export type ClientMessage =
  | AudioChunk
  | ConfigUpdate
  | ContextUpdate
  | Goodbye
  | Hello
  | IdlePosition
  | Interrupt
  | Ping
  | Playback
  | Say
  | StartListen
  | StopListen
  | Text
  | UiEvent
export type ServerMessage =
  | AsrFinal
  | AsrPartial
  | ErrorMessage
  | Notice
  | PlaybackControl
  | Pong
  | SentenceMessage
  | SessionReady
  | StateUpdate
  | TextChunk
  | TtsAudioChunk
  | TurnEnd
  | VideoChunkMeta
  | VisemeTimeline

/**
 * The recognised utterance; with an empty text, no turn comes of what was shown of it.
 */
export interface AsrFinal {
  session_id: string
  /**
   * 1, 2, 3 … per connection, no gap
   */
  seq: number
  /**
   * set when it belongs to a reply
   */
  generation_id?: number | null
  text: string
  language: string
  confidence?: number | null
  type: 'asr_final'
}
/**
 * What is recognised so far.
 */
export interface AsrPartial {
  session_id: string
  /**
   * 1, 2, 3 … per connection, no gap
   */
  seq: number
  /**
   * set when it belongs to a reply
   */
  generation_id?: number | null
  text: string
  language: string
  confidence?: number | null
  type: 'asr_partial'
}
/**
 * Microphone audio for clients that cannot send binary frames.
 */
export interface AudioChunk {
  type: 'audio_chunk'
  /**
   * base64 of s16le or of a WAV file, 16 kHz, mono, a second at most; `webm_opus` is answered with `not_available`
   */
  data: string
  format?: 'pcm_s16le' | 'webm_opus' | 'wav'
}
export interface AvatarInfo {
  id: string
  name: string
  width: number
  height: number
  fps: number
  idle_url: string
  poster_url: string
  /**
   * one line for a chooser
   */
  look?: string
  /**
   * address of each loop; `?alpha=stacked` for one with its matte below
   */
  clips?: {
    [k: string]: string
  }
  /**
   * those that it shows; none from most
   */
  moods?: string[]
  /**
   * whether it has a matte
   */
  alpha?: boolean
  /**
   * whether somebody made it of a photo or video
   */
  deletable?: boolean
}
/**
 * Takes effect from the next turn; no reconnect.
 */
export interface ConfigUpdate {
  type: 'config_update'
  avatar?: string | null
  role?: string | null
  voice?: string | null
  language?: string | null
  output?: ('video' | 'audio' | 'text') | null
  video?: VideoFormat | null
}
export interface VideoFormat {
  container?: 'mp4' | 'fmp4'
  chunking?: 'sentence' | 'progressive'
  /**
   * half as high again: below the picture its matte, at half size on the left, white where the figure is; only from an avatar that has one
   */
  alpha?: boolean
}
/**
 * What the user is looking at; goes into the prompt.
 */
export interface ContextUpdate {
  type: 'context_update'
  title?: string | null
  text: string
  page?: number | string | null
}
/**
 * A bad message or a failed stage; when `recoverable` the session goes on.
 */
export interface ErrorMessage {
  session_id: string
  /**
   * 1, 2, 3 … per connection, no gap
   */
  seq: number
  /**
   * set when it belongs to a reply
   */
  generation_id?: number | null
  type: 'error'
  code: string
  message: string
  recoverable: boolean
}
/**
 * The visitor has gone for good: the session ends and its conversation is forgotten.
 *
 * Whoever stays connects anew, to `/ws/new`. The line is closed with 1000.
 */
export interface Goodbye {
  type: 'goodbye'
}
/**
 * Optional first message; without it the defaults hold.
 */
export interface Hello {
  type: 'hello'
  protocol?: number
  token?: string | null
  resume_token?: string | null
  avatar?: string | null
  role?: string | null
  voice?: string | null
  language?: string | null
  output?: 'video' | 'audio' | 'text'
  video?: VideoFormat | null
  /**
   * consent: words and sound may be kept, if the service is set to do so
   */
  record?: boolean
}
export interface HistoryItem {
  role: 'user' | 'assistant'
  text: string
  interrupted?: boolean
}
/**
 * Which part of which loop the page shows now, so that speech can begin from it.
 *
 * Worth sending when a loop starts, when it begins anew and when it is moved or exchanged. All
 * loops of an avatar share one clock.
 */
export interface IdlePosition {
  type: 'idle_position'
  position_ms: number
  clip?: 'idle' | 'listening' | 'thinking'
}
/**
 * Stop speaking now.
 */
export interface Interrupt {
  type: 'interrupt'
}
/**
 * A provider was replaced or a quality step was taken.
 */
export interface Notice {
  session_id: string
  /**
   * 1, 2, 3 … per connection, no gap
   */
  seq: number
  /**
   * set when it belongs to a reply
   */
  generation_id?: number | null
  type: 'notice'
  component: string
  level: 'info' | 'warning' | 'error'
  text: string
  from?: string | null
  to?: string | null
}
/**
 * Answered by `pong` with the same `t`.
 */
export interface Ping {
  type: 'ping'
  t: number
}
/**
 * What the user has really seen and heard.
 */
export interface Playback {
  type: 'playback'
  generation_id: number
  chunk_seq: number
  event: 'started' | 'ended' | 'underrun' | 'paused' | 'resumed' | 'stopped'
  /**
   * how far into the chunk
   */
  position_ms?: number | null
}
/**
 * Somebody seems to speak: fall silent at once, but keep everything. `resume` takes it back.
 */
export interface PlaybackControl {
  session_id: string
  /**
   * 1, 2, 3 … per connection, no gap
   */
  seq: number
  /**
   * set when it belongs to a reply
   */
  generation_id?: number | null
  type: 'playback_control'
  action: 'pause' | 'resume'
}
export interface Pong {
  session_id: string
  /**
   * 1, 2, 3 … per connection, no gap
   */
  seq: number
  /**
   * set when it belongs to a reply
   */
  generation_id?: number | null
  type: 'pong'
  t: number
}
/**
 * What really runs.
 */
export interface Providers {
  vad: string
  asr: string
  llm: string
  tts: string
  avatar: string
}
/**
 * The avatar speaks this text; no language model is asked.
 */
export interface Say {
  type: 'say'
  text: string
  emotion?: string | null
}
/**
 * A completed sentence was handed to speech.
 */
export interface SentenceMessage {
  session_id: string
  /**
   * 1, 2, 3 … per connection, no gap
   */
  seq: number
  /**
   * set when it belongs to a reply
   */
  generation_id?: number | null
  type: 'sentence'
  index: number
  text: string
  emotion?: string | null
}
/**
 * First message of every connection.
 */
export interface SessionReady {
  session_id: string
  /**
   * 1, 2, 3 … per connection, no gap
   */
  seq: number
  /**
   * set when it belongs to a reply
   */
  generation_id?: number | null
  type: 'session_ready'
  protocol: number
  resume_token: string
  avatar: AvatarInfo
  providers: Providers
  capabilities: string[]
  resumed: boolean
  history?: HistoryItem[] | null
  /**
   * `message_id` of the last typed turn, if something of its answer was heard
   */
  answered?: string | null
}
/**
 * Open the microphone stream.
 */
export interface StartListen {
  type: 'start_listen'
  /**
   * whether the avatar's own voice is taken out of the microphone's sound
   */
  echo_cancellation?: boolean | null
}
/**
 * Every change of state, and only changes.
 */
export interface StateUpdate {
  session_id: string
  /**
   * 1, 2, 3 … per connection, no gap
   */
  seq: number
  /**
   * set when it belongs to a reply
   */
  generation_id?: number | null
  type: 'state_update'
  state: 'idle' | 'listening' | 'thinking' | 'speaking'
  reason: string
}
/**
 * Close the microphone stream; ends the utterance at once.
 */
export interface StopListen {
  type: 'stop_listen'
}
/**
 * A typed user turn. While the avatar speaks it is also an interruption.
 */
export interface Text {
  type: 'text'
  text: string
  streaming?: boolean
  /**
   * names the turn, so that it can be sent again over the next line if this one ends before a word of the answer: it is answered once
   */
  message_id?: string | null
}
/**
 * Reply text as the model streams it.
 */
export interface TextChunk {
  session_id: string
  /**
   * 1, 2, 3 … per connection, no gap
   */
  seq: number
  /**
   * set when it belongs to a reply
   */
  generation_id?: number | null
  type: 'text_chunk'
  chunk: string
}
/**
 * The same pairing, for `output: audio`.
 */
export interface TtsAudioChunk {
  session_id: string
  /**
   * 1, 2, 3 … per connection, no gap
   */
  seq: number
  /**
   * set when it belongs to a reply
   */
  generation_id?: number | null
  /**
   * 0, 1, 2 … within the reply
   */
  chunk_seq: number
  sentence_index: number
  part: number
  /**
   * the last part of its sentence
   */
  is_last: boolean
  text: string
  /**
   * bytes of the binary frame
   */
  size: number
  mime: string
  duration_ms: number
  emotion?: string | null
  type: 'tts_audio_chunk'
  sample_rate: number
  codec: string
}
/**
 * The last message of a generation; nothing of that generation follows.
 */
export interface TurnEnd {
  session_id: string
  /**
   * 1, 2, 3 … per connection, no gap
   */
  seq: number
  /**
   * set when it belongs to a reply
   */
  generation_id?: number | null
  type: 'turn_end'
  reason: 'completed' | 'interrupted' | 'failed'
  metrics: {
    [k: string]: number
  }
}
/**
 * Page turned, item clicked, pointed at.
 */
export interface UiEvent {
  type: 'ui_event'
  name: string
  data?: {
    [k: string]: unknown
  } | null
}
/**
 * Immediately followed by one binary frame of exactly `size` bytes.
 */
export interface VideoChunkMeta {
  session_id: string
  /**
   * 1, 2, 3 … per connection, no gap
   */
  seq: number
  /**
   * set when it belongs to a reply
   */
  generation_id?: number | null
  /**
   * 0, 1, 2 … within the reply
   */
  chunk_seq: number
  sentence_index: number
  part: number
  /**
   * the last part of its sentence
   */
  is_last: boolean
  text: string
  /**
   * bytes of the binary frame
   */
  size: number
  mime: string
  duration_ms: number
  emotion?: string | null
  type: 'video_chunk_meta'
  container: 'mp4' | 'fmp4'
  width: number
  height: number
  fps: number
  frames: number
  /**
   * frame of the idle loop that it begins with
   */
  first_frame: number
  /**
   * where it begins on the reply's own time line
   */
  start_ms: number
}
/**
 * Mouth shapes for clients that draw their own face.
 */
export interface VisemeTimeline {
  session_id: string
  /**
   * 1, 2, 3 … per connection, no gap
   */
  seq: number
  /**
   * set when it belongs to a reply
   */
  generation_id?: number | null
  type: 'viseme_timeline'
  sentence_index: number
  /**
   * [start_ms, end_ms, viseme, weight 0…1]; the visemes are sil PP FF TH DD kk CH SS nn RR aa E I O U
   */
  marks: [number, number, string, number][]
}
