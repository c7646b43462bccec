-- SPDX-License-Identifier: Apache-2.0
-- For wrk: sends the requests of a file in random order, and prints what came of them as one line of JSON.
-- Arguments: the file (requests as they go over the wire, each ended by a NUL), the status that is no failure (0: any
-- below 500), and a seed.
local threads, requests, expected = {}, {}, 200
others = 0 -- global: done() reads it out of each thread

function setup(thread)
   table.insert(threads, thread)
   thread:set("number", #threads)
end

function init(args)
   local file = assert(io.open(args[1], "rb"))
   for text in file:read("*a"):gmatch("([^%z]+)") do
      requests[#requests + 1] = text
   end
   file:close()
   expected = tonumber(args[2])
   math.randomseed(tonumber(args[3]) * 100 + number)
end

function request()
   return requests[math.random(#requests)]
end

function response(status)
   if status ~= expected and (expected > 0 or status >= 500) then
      others = others + 1
   end
end

function done(summary, latency)
   local errors, wrong = summary.errors, 0
   for _, thread in ipairs(threads) do
      wrong = wrong + thread:get("others")
   end
   io.write(string.format('\nJSON {"requests": %d, "seconds": %f, "p50_us": %d, "p99_us": %d, "max_us": %d, ' ..
      '"wrong_status": %d, "socket_errors": %d}\n', summary.requests, summary.duration / 1e6,
      latency:percentile(50), latency:percentile(99), latency.max, wrong,
      errors.connect + errors.read + errors.write + errors.timeout))
end
