/** Voices worth offering, by the provider that speaks them. A voice serves its own language only. */
export interface Voice {
  id: string
  language: 'en' | 'zh'
  label: string
  gender: 'female' | 'male'
}

const VOICES: Record<string, Voice[]> = {
  edge: [
    { id: 'en-US-AriaNeural', language: 'en', label: 'Aria', gender: 'female' },
    { id: 'en-US-GuyNeural', language: 'en', label: 'Guy', gender: 'male' },
    { id: 'en-GB-SoniaNeural', language: 'en', label: 'Sonia', gender: 'female' },
    { id: 'zh-CN-XiaoxiaoNeural', language: 'zh', label: '晓晓', gender: 'female' },
    { id: 'zh-CN-YunxiNeural', language: 'zh', label: '云希', gender: 'male' },
  ],
  espeak: [
    { id: 'en-us+f2', language: 'en', label: 'English (US)', gender: 'female' },
    { id: 'en-us+m3', language: 'en', label: 'English (US)', gender: 'male' },
    { id: 'en-gb+f3', language: 'en', label: 'English (UK)', gender: 'female' },
    { id: 'cmn+f2', language: 'zh', label: '普通话', gender: 'female' },
    { id: 'cmn+m3', language: 'zh', label: '普通话', gender: 'male' },
  ],
}

export function voicesOf(provider: string): Voice[] {
  return VOICES[provider] ?? []
}
