import { describe, expect, test } from 'vitest'
import { Resampler, toInt16 } from '../src/resampler'

const SETTLED = 400 // output samples until the filter is full

function tone(hertz: number, rate: number, seconds = 0.5): Float32Array {
  return Float32Array.from({ length: rate * seconds }, (_, n) => Math.sin((2 * Math.PI * hertz * n) / rate))
}

function rms(samples: Float32Array): number {
  const settled = samples.subarray(SETTLED)
  return Math.sqrt(settled.reduce((sum, sample) => sum + sample * sample, 0) / settled.length)
}

function decibel(hertz: number, rate: number): number {
  const output = new Resampler(rate).push(tone(hertz, rate))
  return 20 * Math.log10(rms(output) / Math.SQRT1_2)
}

describe.each([16_000, 22_050, 44_100, 48_000, 96_000])('from %i Hz', (rate) => {
  test('half a second stays half a second', () => {
    const made = new Resampler(rate).push(new Float32Array(rate / 2)).length
    expect(Math.abs(made - 8_000)).toBeLessThanOrEqual(1)
  })

  test('speech passes unchanged', () => {
    for (const hertz of [100, 1_000, 3_000, 6_000]) expect(Math.abs(decibel(hertz, rate))).toBeLessThan(0.1)
  })

  test('the size of the blocks makes no difference', () => {
    const input = tone(440, rate, 0.2)
    const whole = new Resampler(rate).push(input)
    const resampler = new Resampler(rate)
    const parts: number[] = []
    for (let at = 0; at < input.length; at += 128) parts.push(...resampler.push(input.subarray(at, at + 128)))
    expect(parts).toEqual([...whole])
  })
})

test.each([22_050, 44_100, 48_000, 96_000])('from %i Hz, what 16 kHz cannot hold is removed, not folded', (rate) => {
  for (const hertz of [8_700, 10_000]) expect(decibel(hertz, rate)).toBeLessThan(-60)
})

test('the tone keeps its pitch', () => {
  const output = new Resampler(44_100).push(tone(1_000, 44_100)).subarray(SETTLED)
  let crossings = 0
  for (let n = 1; n < output.length; n += 1) if (output[n - 1]! < 0 && output[n]! >= 0) crossings += 1
  expect(Math.abs(crossings / (output.length / 16_000) - 1_000)).toBeLessThan(3)
})

test('samples become s16 and loud ones are clipped', () => {
  expect([...toInt16(Float32Array.of(0, 0.5, 1, 1.7, -1, -9))]).toEqual([0, 16384, 32767, 32767, -32767, -32767])
})
