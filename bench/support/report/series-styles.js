// How each server looks in every picture. The colours are those of Okabe and Ito, which colour-blind
// people can tell apart, and two more; symbols and dashes differ, too. Ours stands out.
export const SERIES_STYLES = {
  'node-asgi': { title: 'node-asgi', color: '#d55e00', symbol: 'circle', width: 3.5, type: 'solid' },
  proxy: { title: 'proxy → uvicorn', color: '#0072b2', symbol: 'rect', width: 1.5, type: 'solid' },
  relay: { title: 'relay → uvicorn', color: '#8c510a', symbol: 'emptyRect', width: 1.5, type: 'dashed' },
  uvicorn: { title: 'uvicorn', color: '#009e73', symbol: 'triangle', width: 1.5, type: 'solid' },
  granian: { title: 'granian', color: '#cc79a7', symbol: 'diamond', width: 1.5, type: 'solid' },
  gunicorn: { title: 'gunicorn', color: '#b8a000', symbol: 'emptyTriangle', width: 1.5, type: 'solid' },
  'node:http': { title: 'bare node:http', color: '#000000', symbol: 'emptyCircle', width: 1.5, type: 'dashed' },
  peer: { title: '@platformatic/python-node', color: '#56b4e9', symbol: 'emptyRect', width: 1.5, type: 'solid' },
  floor: { title: 'bare asyncio loop', color: '#777777', symbol: 'emptyDiamond', width: 1.5, type: 'dotted' }
}
