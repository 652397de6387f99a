-- Asks for the paths of a file (PATHS) one after the other, with a key (KEY), and says how many failed.
local paths, at = {}, 0
for line in io.lines(os.getenv("PATHS")) do paths[#paths + 1] = line end
function init() math.randomseed(1); at = math.random(#paths) end
function request()
  at = at % #paths + 1
  local headers = { ["Authorization"] = "Bearer " .. os.getenv("KEY"), ["Host"] = "localhost" }
  local coding = os.getenv("ACCEPT_ENCODING") or ""
  if coding ~= "" then headers["Accept-Encoding"] = coding end
  return wrk.format("GET", paths[at], headers)
end
function done(summary, latency)
  io.write(string.format("RESULT %.1f %.3f %.3f %d\n", summary.requests * 1e6 / summary.duration,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000, summary.errors.status))
end
