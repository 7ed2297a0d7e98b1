-- The load: pages in turn, and in between, when asked to, paths never seen
-- before. Arguments: the number of pages; gzip or identity; every how many
-- requests one is for a new path, 0 for never; the last number that was used.
local hot, turn, asked = {}, 0, 0
local count, every, fresh

function init(args)
  count, every, fresh = tonumber(args[1]), tonumber(args[3]), tonumber(args[4])
  if args[2] == "gzip" then wrk.headers["Accept-Encoding"] = "gzip" end
  for i = 0, count - 1 do
    hot[i] = wrk.format("GET", "/posts/" .. i)
  end
end

function request()
  asked = asked + 1
  if every > 0 and asked % every == 0 then
    fresh = fresh + 1
    return wrk.format("GET", string.format("/posts/%d", fresh))
  end
  turn = turn + 1
  if turn == count then turn = 0 end
  return hot[turn]
end

-- What wrk prints is rounded; this is not. Times are in microseconds.
function done(summary, latency)
  local e = summary.errors
  io.write(string.format(
    '\nfigures {"requests":%d,"bytes":%.0f,"micros":%d,"p50":%d,"p99":%d,"connect":%d,"read":%d,"write":%d,"status":%d,"timeout":%d}\n',
    summary.requests, summary.bytes, summary.duration, latency:percentile(50), latency:percentile(99),
    e.connect, e.read, e.write, e.status, e.timeout))
end
