-- For wrk.js: sends one kind of request, and prints the result as one line of JSON.
--
--   wrk … -s wrk.lua URL -- METHOD PIECE TIMES ["name: value" …]
--
-- The body is PIECE repeated TIMES times, because a large body does not fit on a command line.

function init(args)
  wrk.method = args[1]
  local times = tonumber(args[3])
  if times > 0 then wrk.body = args[2]:rep(times) end
  for i = 4, #args do
    local name, value = args[i]:match("^(.-): (.*)$")
    wrk.headers[name] = value
  end
end

function done(summary, latency)
  local numbers = {
    { "requests", summary.requests },
    { "bytes", summary.bytes },
    { "micros", summary.duration },
    { "p50", latency:percentile(50) },
    { "p90", latency:percentile(90) },
    { "p99", latency:percentile(99) },
    { "p999", latency:percentile(99.9) },
    { "max", latency.max },
  }
  for kind, count in pairs(summary.errors) do
    numbers[#numbers + 1] = { kind .. "Errors", count }
  end
  local parts = {}
  for i, pair in ipairs(numbers) do
    parts[i] = string.format('"%s":%d', pair[1], pair[2])
  end
  io.write("{" .. table.concat(parts, ",") .. "}\n")
end
