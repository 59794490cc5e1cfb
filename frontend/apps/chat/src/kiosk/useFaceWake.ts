/** Wakes the screen when somebody looks into its camera. The pictures stay in this page. */
import { onScopeDispose, watch, type Ref } from 'vue'
import { useCamera } from '../composables/useCamera'
import { faceFinder, type FindFace } from './face-finder'
import { Presence } from './presence'

const LOOK_EVERY_MS = 400
/** Enough to find a face in, all day long: of the shape that it is looked at in, so that faces keep theirs. */
const PICTURE: MediaTrackConstraints = {
  width: { ideal: 320 },
  height: { ideal: 240 },
  frameRate: { ideal: 5 },
}
/** A camera that is not there, or was unplugged, is looked for again. */
const AGAIN_MS = 10_000

/**
 * `came` is called for everybody who comes and stays, until a visit follows. A face is no sign of life in
 * a visit: it may be the next visitor's, who is to be welcomed when the visit is over.
 */
export function useFaceWake(isVisited: Readonly<Ref<boolean>>, came: () => void): void {
  const camera = useCamera(PICTURE)
  const presence = new Presence()
  const video = document.createElement('video')
  video.muted = true
  let timer: ReturnType<typeof setTimeout> | undefined
  let isOver = false

  function later(job: () => Promise<void>, delayMs: number): void {
    if (!isOver) timer = setTimeout(() => void attempt(job), delayMs)
  }

  /** Whatever fails, the camera is opened anew after a while. */
  async function attempt(job: () => Promise<void>): Promise<void> {
    try {
      await job()
    } catch (error) {
      console.warn('avatar-chat: no face wakes the screen:', error)
      camera.close()
      later(open, AGAIN_MS)
    }
  }

  async function open(): Promise<void> {
    await camera.open()
    const stream = camera.stream.value
    if (!stream) throw new Error(`camera: ${camera.failure.value}`)
    video.srcObject = stream
    const [find] = await Promise.all([faceFinder(), video.play()])
    await look(stream, find)
  }

  async function look(stream: MediaStream, find: FindFace): Promise<void> {
    if (!stream.active) throw new Error('camera: unplugged')
    const seesFace = video.readyState >= video.HAVE_CURRENT_DATA && (await find(video))
    if (presence.looked(seesFace, performance.now()) && !isVisited.value) came()
    later(() => look(stream, find), LOOK_EVERY_MS)
  }

  watch(isVisited, (begins) => begins && presence.welcomed(), { flush: 'sync' })
  void attempt(open)
  onScopeDispose(() => {
    isOver = true
    clearTimeout(timer)
  })
}
