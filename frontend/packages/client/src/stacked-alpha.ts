/**
 * Shows a figure before whatever lies behind a canvas. The videos carry their matte below the
 * picture, at half size; this room takes both together, on the graphics processor.
 *
 * It mirrors a pile of video elements that somebody else plays and fades: what would be seen of them
 * is drawn, with the opacity that their styles have at that moment. So players need not know of it.
 * The colour of the edges has been freed of its old background by the service.
 *
 * A canvas that loses its context needs another one of this when it has it again.
 */
import { layersInSight, pictureShare } from './layers'

const VERTEX = `
attribute vec2 corner;
varying vec2 at;
void main() {
  at = vec2(corner.x, 1.0 - corner.y);
  gl_Position = vec4(corner * 2.0 - 1.0, 0.0, 1.0);
}`

/** `at`: 0…1 in the picture, y down. Half a texel keeps picture and matte out of each other. */
const FRAGMENT = `
precision highp float;
varying vec2 at;
uniform sampler2D frame;
uniform vec2 texel;
uniform float share;
void main() {
  vec2 picture = vec2(at.x, min(at.y * share, share - 0.5 * texel.y));
  float alpha = 1.0;
  if (share < 1.0) {
    vec2 matte = vec2(at.x * 0.5, share + at.y * (1.0 - share));
    matte.x = min(matte.x, 0.5 - 0.5 * texel.x);
    matte.y = max(matte.y, share + 0.5 * texel.y);
    alpha = clamp((texture2D(frame, matte).r - 0.02) / 0.96, 0.0, 1.0);
  }
  gl_FragColor = vec4(texture2D(frame, picture).rgb * alpha, alpha);
}`

const HAVE_CURRENT_DATA = 2

interface Layer {
  video: HTMLVideoElement
  texture: WebGLTexture | null
  /** Second and source of the picture in the texture. */
  holds: string
  share: number
}

interface Program {
  gl: WebGLRenderingContext
  itself: WebGLProgram
  texel: WebGLUniformLocation
  share: WebGLUniformLocation
}

/** Whether this browser can. */
export function canComposite(): boolean {
  return document.createElement('canvas').getContext('webgl') !== null
}

export class StackedAlpha {
  private readonly layers: Layer[]
  private readonly program: Program | null
  private request = 0
  private drawn = ''

  /** videos: lowest first, as they lie on each other. begun: called when there is something to see. */
  constructor(
    private readonly canvas: HTMLCanvasElement,
    videos: HTMLVideoElement[],
    private readonly picture: { width: number; height: number },
    private readonly begun: () => void,
  ) {
    this.layers = videos.map((video) => ({ video, texture: null, holds: '', share: 1 }))
    Object.assign(canvas, picture)
    const gl = canvas.getContext('webgl', { premultipliedAlpha: true, antialias: false })
    this.program = gl && linked(gl)
  }

  start(): void {
    cancelAnimationFrame(this.request)
    const next = (): void => {
      this.request = requestAnimationFrame(next)
      this.draw()
    }
    next()
  }

  /** Draws no more and lets go of the canvas, which may be used anew. */
  dispose(): void {
    cancelAnimationFrame(this.request)
    for (const { texture } of this.layers) this.program?.gl.deleteTexture(texture)
    this.program?.gl.deleteProgram(this.program.itself)
  }

  private draw(): void {
    if (!this.program) return
    const { gl } = this.program
    const opacities = this.layers.map((layer) => this.hold(gl, layer))
    const seen = layersInSight(opacities)
    const state = seen.map((index) => `${index} ${opacities[index]} ${this.layers[index]!.holds}`).join()
    if (state === this.drawn) return
    if (this.drawn === '') this.begun()
    this.drawn = state
    gl.viewport(0, 0, this.canvas.width, this.canvas.height)
    for (const [order, index] of seen.entries()) {
      // One picture becomes the other: both with their own transparency, mixed.
      gl.blendColor(0, 0, 0, order === 0 ? 1 : opacities[index]!)
      this.paint(this.program, this.layers[index]!)
    }
  }

  private paint({ gl, texel, share }: Program, layer: Layer): void {
    gl.bindTexture(gl.TEXTURE_2D, layer.texture)
    gl.uniform2f(texel, 1 / layer.video.videoWidth, 1 / layer.video.videoHeight)
    gl.uniform1f(share, layer.share)
    gl.drawArrays(gl.TRIANGLE_STRIP, 0, 4)
  }

  /** Takes over the picture that a layer has now. Returns its opacity; null when it has none yet. */
  private hold(gl: WebGLRenderingContext, layer: Layer): number | null {
    const { video } = layer
    const opacity = Number(getComputedStyle(video).opacity)
    if (opacity > 0 && video.readyState >= HAVE_CURRENT_DATA && video.videoWidth > 0) {
      const picture = `${video.currentSrc} ${video.currentTime}`
      if (picture !== layer.holds) this.take(gl, layer)
      layer.holds = picture
    }
    return layer.texture ? opacity : null
  }

  private take(gl: WebGLRenderingContext, layer: Layer): void {
    const { videoWidth: width, videoHeight: height } = layer.video
    layer.texture ??= newTexture(gl)
    layer.share = pictureShare({ width, height }, this.picture)
    gl.bindTexture(gl.TEXTURE_2D, layer.texture)
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, gl.RGBA, gl.UNSIGNED_BYTE, layer.video)
  }
}

function newTexture(gl: WebGLRenderingContext): WebGLTexture {
  const texture = gl.createTexture()
  gl.bindTexture(gl.TEXTURE_2D, texture)
  for (const [name, value] of [
    [gl.TEXTURE_MIN_FILTER, gl.LINEAR],
    [gl.TEXTURE_MAG_FILTER, gl.LINEAR],
    [gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE],
    [gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE],
  ] as const) {
    gl.texParameteri(gl.TEXTURE_2D, name, value)
  }
  return texture
}

function linked(gl: WebGLRenderingContext): Program {
  const program = gl.createProgram()
  gl.attachShader(program, compiled(gl, gl.VERTEX_SHADER, VERTEX))
  gl.attachShader(program, compiled(gl, gl.FRAGMENT_SHADER, FRAGMENT))
  gl.linkProgram(program)
  gl.useProgram(program)
  gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer())
  gl.bufferData(gl.ARRAY_BUFFER, new Float32Array([0, 0, 1, 0, 0, 1, 1, 1]), gl.STATIC_DRAW)
  const corner = gl.getAttribLocation(program, 'corner')
  gl.enableVertexAttribArray(corner)
  gl.vertexAttribPointer(corner, 2, gl.FLOAT, false, 0, 0)
  gl.enable(gl.BLEND)
  gl.blendFunc(gl.CONSTANT_ALPHA, gl.ONE_MINUS_CONSTANT_ALPHA)
  return {
    gl,
    itself: program,
    texel: gl.getUniformLocation(program, 'texel')!,
    share: gl.getUniformLocation(program, 'share')!,
  }
}

function compiled(gl: WebGLRenderingContext, kind: number, source: string): WebGLShader {
  const shader = gl.createShader(kind)!
  gl.shaderSource(shader, source)
  gl.compileShader(shader)
  return shader
}
