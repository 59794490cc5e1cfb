/** The way in from the page's address: all that must be there before the first picture. */
import { h, type Component } from 'vue'
import { takeResumption } from '../lib/resumption'
import { takeCover } from './cover'
import KioskPage from './KioskPage.vue'

export async function openKiosk(): Promise<Component> {
  takeResumption() // whoever talked to the page before this one may have left
  const cover = await takeCover()
  return () => h(KioskPage, { cover })
}
