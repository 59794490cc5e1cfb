/** Everything a page needs to talk to the service, without any framework. */
export { Connection, type ConnectionEvents, type ConnectionOptions } from './connection'
export { Emitter } from './emitter'
export type { Media, MediaMeta } from './messages'
export type { Phase } from './phase'
export { ChunkPlayer, type PlayerElements, type PlayerEvents, type PlayerState } from './player'
export type * from './protocol'
export { MicError, Recorder, type MicFailure, type RecorderEvents } from './recorder'
export { Session, type SessionEvents, type SessionOptions, type Wishes } from './session'
