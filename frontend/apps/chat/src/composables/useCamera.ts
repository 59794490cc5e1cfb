/** Pictures from this computer's camera, as long as somebody looks at them. */
import { onScopeDispose, ref, shallowRef } from 'vue'

export type CameraFailure = 'denied' | 'no_device' | 'insecure'

const PHOTO: MediaTrackConstraints = { width: { ideal: 1920 }, height: { ideal: 1080 } }

/** `wish`: what the pictures are to be like, as far as the camera can. */
export function useCamera(wish = PHOTO) {
  const stream = shallowRef<MediaStream | null>(null)
  const failure = ref<CameraFailure | null>(null)
  let turn = 0

  async function open(): Promise<void> {
    close()
    const mine = turn
    failure.value = null
    if (!navigator.mediaDevices) {
      failure.value = 'insecure'
      return
    }
    const video = { facingMode: 'user', ...wish }
    try {
      const opened = await navigator.mediaDevices.getUserMedia({ video })
      // A person may take long to allow it, and have gone on meanwhile.
      if (mine === turn) stream.value = opened
      else stop(opened)
    } catch (error) {
      if (mine !== turn) return
      const isRefused = error instanceof DOMException && error.name === 'NotAllowedError'
      failure.value = isRefused ? 'denied' : 'no_device'
    }
  }

  function close(): void {
    turn += 1
    if (stream.value) stop(stream.value)
    stream.value = null
  }

  /** What is seen now, as a photo. */
  function snap(video: HTMLVideoElement): Promise<Blob | null> {
    const canvas = document.createElement('canvas')
    canvas.width = video.videoWidth
    canvas.height = video.videoHeight
    canvas.getContext('2d')!.drawImage(video, 0, 0)
    return new Promise((resolve) => canvas.toBlob(resolve, 'image/jpeg', 0.95))
  }

  onScopeDispose(close)
  return { stream, failure, open, close, snap }
}

function stop(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop()
}
