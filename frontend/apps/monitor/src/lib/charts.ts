/** What ECharts is told to draw: the course of latencies. Only what is used of it is bundled. */
import { LineChart, type LineSeriesOption } from 'echarts/charts'
import { GridComponent, TooltipComponent, type GridComponentOption, type TooltipComponentOption } from 'echarts/components'
import { init, use, type ComposeOption, type EChartsType } from 'echarts/core'
import { SVGRenderer } from 'echarts/renderers'
import { values } from './history'
import type { History } from './types'
import { durationText, MARK_NAMES, STAGE_NAMES, STAGES, timeOfDay } from './words'

use([LineChart, GridComponent, TooltipComponent, SVGRenderer])

export type ChartOption = ComposeOption<LineSeriesOption | GridComponentOption | TooltipComponentOption>

export function openChart(element: HTMLElement): EChartsType {
  return init(element, null, { renderer: 'svg' })
}

export interface Curve {
  name: string
  label: string
  colour: string
}

export const COLOURS: Record<string, string> = {
  vad: '#8aa3a8',
  asr: '#5fb7d4',
  llm: '#a99cf0',
  tts: '#7fd1a0',
  avatar: '#f3a953',
  send: '#ee8f86',
}

export const REPLY_CURVES: Curve[] = [
  { name: 'turn.first_token', label: MARK_NAMES.first_token!, colour: COLOURS.llm! },
  { name: 'turn.first_audio', label: MARK_NAMES.first_audio!, colour: COLOURS.tts! },
  { name: 'turn.first_chunk', label: MARK_NAMES.first_chunk!, colour: COLOURS.avatar! },
]

export const STAGE_CURVES: Curve[] = STAGES.map((stage) => ({
  name: `stage.${stage}`,
  label: STAGE_NAMES[stage]!,
  colour: COLOURS[stage]!,
}))

const INK = '#8fa3a6'
const DAY_S = 24 * 3600
const SHORTEST_S = 10 * 60

/** Curves at one percentile, from where there is anything to show; the one that users wait for with a glow below it. `size_px`: of words. */
export function latencyChart(history: History, curves: Curve[], p: 'p50' | 'p95', size_px: number): ChartOption {
  const begin = curves.map(({ name }) => values(history, `${name}.${p}`).findIndex((one) => one !== null))
  const from = Math.max(0, Math.min(...begin))
  const end = history.at.at(-1) ?? 0
  const isLong = end - (history.at[0] ?? 0) > DAY_S
  const words = { color: INK, fontSize: size_px, fontFamily: 'Figtree Variable, sans-serif' }
  return {
    animation: false,
    grid: { left: 4, right: 12, top: 14, bottom: 2, containLabel: true },
    tooltip: {
      trigger: 'axis',
      backgroundColor: '#16242a',
      borderWidth: 0,
      textStyle: { ...words, color: '#e8f0ef' },
      valueFormatter: (value) => (typeof value === 'number' ? durationText(value) : 'nothing measured'),
    },
    xAxis: {
      type: 'time',
      // Around the first point alone there would be days.
      min: Math.min(history.at[from] ?? end, end - SHORTEST_S) * 1000,
      max: end * 1000,
      axisLine: { lineStyle: { color: 'rgb(214 234 232 / 18%)' } },
      axisTick: { show: false },
      splitNumber: 5,
      minInterval: 60_000,
      axisLabel: {
        ...words,
        hideOverlap: true,
        formatter: (ms: number) =>
          isLong ? new Date(ms).toLocaleDateString('en', { weekday: 'short' }) : timeOfDay(new Date(ms), false),
      },
    },
    yAxis: {
      type: 'value',
      min: 0,
      splitNumber: 4,
      splitLine: { lineStyle: { color: 'rgb(214 234 232 / 8%)' } },
      axisLabel: { ...words, formatter: (ms: number) => (ms ? durationText(ms) : '0') },
    },
    series: curves.map(({ name, label, colour }) => curve(history, `${name}.${p}`, label, colour, from)),
  }
}

function curve(history: History, name: string, label: string, colour: string, from: number): LineSeriesOption {
  const found = values(history, name)
  const isMain = name.startsWith('turn.first_chunk')
  return {
    type: 'line',
    name: label,
    data: history.at.map((at, index) => [at * 1000, inMs(found[index])]).slice(from),
    connectNulls: true,
    smooth: 0.25,
    smoothMonotone: 'x',
    // One value alone has no line.
    showSymbol: found.filter((value) => value !== null).length < 8,
    symbolSize: 6,
    lineStyle: { width: isMain ? 3 : 2 },
    itemStyle: { color: colour },
    ...(isMain && { areaStyle: { color: colour, opacity: 0.1 } }),
  }
}

const inMs = (seconds: number | null | undefined): number | null =>
  seconds === null || seconds === undefined ? null : Math.round(seconds * 10_000) / 10
