/** Pictures from this computer's camera, as long as somebody looks at them. */
import { onScopeDispose, ref, shallowRef } from 'vue'

export type CameraFailure = 'denied' | 'no_device' | 'insecure'

export function useCamera() {
  const stream = shallowRef<MediaStream | null>(null)
  const failure = ref<CameraFailure | null>(null)

  async function open(): Promise<void> {
    failure.value = null
    if (!navigator.mediaDevices) {
      failure.value = 'insecure'
      return
    }
    const video = { facingMode: 'user', width: { ideal: 1920 }, height: { ideal: 1080 } }
    try {
      stream.value = await navigator.mediaDevices.getUserMedia({ video })
    } catch (error) {
      const isRefused = error instanceof DOMException && error.name === 'NotAllowedError'
      failure.value = isRefused ? 'denied' : 'no_device'
    }
  }

  function close(): void {
    for (const track of stream.value?.getTracks() ?? []) track.stop()
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
