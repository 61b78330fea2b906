// How each server looks in every chart. The colours are those of Okabe and Ito, which colour-blind
// people can tell apart, and two more. Symbols and dashes differ, too, and node-asgi stands out.

const THIN = { width: 1.5, type: 'solid' }

export const SERIES_STYLES = {
  'node-asgi': { ...THIN, title: 'node-asgi', color: '#d55e00', symbol: 'circle', width: 3.5 },
  proxy: { ...THIN, title: 'proxy → uvicorn', color: '#0072b2', symbol: 'rect' },
  relay: {
    ...THIN, title: 'relay → uvicorn', color: '#8c510a', symbol: 'emptyRect', type: 'dashed'
  },
  uvicorn: { ...THIN, title: 'uvicorn', color: '#009e73', symbol: 'triangle' },
  granian: { ...THIN, title: 'granian', color: '#cc79a7', symbol: 'diamond' },
  gunicorn: { ...THIN, title: 'gunicorn', color: '#b8a000', symbol: 'emptyTriangle' },
  'node:http': {
    ...THIN, title: 'bare node:http', color: '#000000', symbol: 'emptyCircle', type: 'dashed'
  },
  'express.static': {
    ...THIN, title: 'express.static', color: '#000000', symbol: 'emptyCircle', type: 'dashed'
  },
  peer: { ...THIN, title: '@platformatic/python-node', color: '#56b4e9', symbol: 'emptyRect' },
  floor: {
    ...THIN, title: 'bare asyncio loop', color: '#777777', symbol: 'emptyDiamond', type: 'dotted'
  }
}
