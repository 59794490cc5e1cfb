import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vite'

const backend = process.env.AVATAR_CHAT_DEV_BACKEND ?? 'http://127.0.0.1:8000'

export default defineConfig({
  base: './',
  plugins: [vue()],
  build: { target: 'es2022', chunkSizeWarningLimit: 600 },
  server: {
    proxy: {
      '/ws': { target: backend, ws: true },
      // A bare address would hide from the backend which page asks.
      '/api': { target: backend },
      '/avatars': { target: backend },
    },
  },
})
