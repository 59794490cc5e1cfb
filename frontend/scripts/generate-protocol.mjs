// Writes packages/client/src/protocol.{schema.json,ts} from backend/protocol.py.
// `--check` writes nothing and fails when the committed files are out of date.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { compile } from 'json-schema-to-typescript'

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..')
const target = join(root, 'frontend', 'packages', 'client', 'src')
const check = process.argv.includes('--check')

function python() {
  const local = join(root, '.venv', 'bin', 'python')
  return process.env.PYTHON ?? (existsSync(local) ? local : 'python3')
}

function readSchema() {
  const program = 'import json; from backend.protocol import json_schema; print(json.dumps(json_schema()))'
  return JSON.parse(execFileSync(python(), ['-c', program], { cwd: root, encoding: 'utf8' }))
}

const isMessage = (definition) => definition.properties?.type?.const !== undefined
const fromServer = (definition) => definition.properties?.seq !== undefined
const isNullable = (property) => property.anyOf?.some((option) => option.type === 'null') ?? false

// Pydantic calls every field with a default optional. On the wire the tag is always there, and the
// server writes all its fields but those that may be null.
function tighten(definition) {
  if (!isMessage(definition)) return definition
  const names = Object.keys(definition.properties)
  const required = names.filter((name) =>
    fromServer(definition)
      ? !isNullable(definition.properties[name])
      : name === 'type' || definition.required?.includes(name),
  )
  return { ...definition, required }
}

// The compiler makes one alias per titled field and drowns the page; and it reads tuples in the older
// spelling.
function simplified(node, isField = false) {
  if (Array.isArray(node)) return node.map((item) => simplified(item))
  if (node === null || typeof node !== 'object') return node
  const entries = Object.entries(node)
    .filter(([key]) => !(isField && key === 'title'))
    .map(([key, value]) => {
      if (key === 'prefixItems') return ['items', simplified(value)]
      if (key !== 'properties') return [key, simplified(value)]
      const fields = Object.entries(value).map(([name, field]) => [name, simplified(field, true)])
      return [key, Object.fromEntries(fields)]
    })
  return Object.fromEntries(entries)
}

async function types(schema) {
  const definitions = Object.fromEntries(
    Object.entries(schema.$defs).map(([name, definition]) => [name, tighten(definition)]),
  )
  const union = (accept) => ({
    oneOf: Object.keys(definitions)
      .filter((name) => isMessage(definitions[name]) && accept(definitions[name]))
      .map((name) => ({ $ref: `#/$defs/${name}` })),
  })
  const page = simplified({
    $defs: {
      ...definitions,
      ClientMessage: { title: 'ClientMessage', ...union((one) => !fromServer(one)) },
      ServerMessage: { title: 'ServerMessage', ...union(fromServer) },
    },
  })
  const text = await compile(page, 'Protocol', {
    additionalProperties: false,
    bannerComment: '/* Generated from backend/protocol.py by `npm run generate`. Do not edit. */',
    declareExternallyReferenced: true,
    unreachableDefinitions: true,
    format: true,
    style: { semi: false, singleQuote: true, printWidth: 100 },
  })
  return text
    .replace(/\n \*\n \* This interface was referenced by [^]*?\n \*\//g, '\n */')
    .replace(/\/\*\*\n \* This interface was referenced by [^]*?\n \*\/\n/g, '')
    .replace(/export interface Protocol \{[^]*?\n\}\n/, '')
}

const schema = readSchema()
const outputs = {
  'protocol.schema.json': `${JSON.stringify(schema, null, 2)}\n`,
  'protocol.ts': await types(schema),
}
for (const [name, text] of Object.entries(outputs)) {
  const path = join(target, name)
  const current = existsSync(path) ? readFileSync(path, 'utf8') : ''
  if (current === text) continue
  if (check) {
    console.error(`${name} is out of date: run \`npm run generate\` in frontend/`)
    process.exitCode = 1
  } else {
    writeFileSync(path, text)
    console.log(`wrote ${name}`)
  }
}
