/** Where the build puts the client's audio worklet. */
import url from '@avatar-chat/client/recorder.worklet?worker&url'

export const RECORDER_WORKLET_URL: string = url
