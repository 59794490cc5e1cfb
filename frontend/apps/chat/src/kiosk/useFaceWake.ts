/** Wakes the screen when somebody looks into its camera. The pictures stay in this page. */
import { onScopeDispose } from 'vue'
import { useCamera } from '../composables/useCamera'
import { faceFinder, type FindFace } from './face-finder'
import { Presence } from './presence'

const LOOK_EVERY_MS = 400

/** `came` is called once for everybody who comes and stays. */
export async function useFaceWake(came: () => void): Promise<void> {
  const camera = useCamera()
  const presence = new Presence()
  const video = document.createElement('video')
  let timer: ReturnType<typeof setTimeout> | undefined
  let isOver = false
  onScopeDispose(() => {
    isOver = true
    clearTimeout(timer)
  })

  async function look(find: FindFace): Promise<void> {
    const seesFace = video.readyState >= video.HAVE_CURRENT_DATA && (await find(video))
    if (presence.looked(seesFace, performance.now())) came()
    if (!isOver) timer = setTimeout(() => void look(find), LOOK_EVERY_MS)
  }

  await camera.open()
  if (!camera.stream.value) {
    console.warn('avatar-chat: no camera, so no face wakes the screen:', camera.failure.value)
    return
  }
  video.muted = true
  video.srcObject = camera.stream.value
  const [find] = await Promise.all([faceFinder(), video.play()])
  await look(find)
}
