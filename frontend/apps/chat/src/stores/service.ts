/** What the service says about itself over REST. The page works without any of it. */
import type { AvatarInfo, Providers } from '@avatar-chat/client'
import { defineStore } from 'pinia'
import { ref } from 'vue'

export interface ServiceStatus {
  version: string
  /** Null until it is known. */
  providers: Providers | null
  /** The language model that answers. */
  model?: string
}

export const useService = defineStore('service', () => {
  const avatars = ref<AvatarInfo[]>([])
  const status = ref<ServiceStatus | null>(null)

  async function load(): Promise<void> {
    const [faces, facts] = await Promise.all([
      get<AvatarInfo[]>('/api/avatars'),
      get<ServiceStatus>('/api/status'),
    ])
    avatars.value = faces ?? avatars.value
    status.value = facts ?? status.value
  }

  return { avatars, status, load }
})

async function get<T>(path: string): Promise<T | null> {
  try {
    const response = await fetch(path)
    return response.ok ? ((await response.json()) as T) : null
  } catch (error) {
    console.info(`${path} is not there:`, error)
    return null
  }
}
