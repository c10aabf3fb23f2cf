--- Redis's own clock: seconds, and milliseconds.
local function clock()
  local time = redis.call('TIME')
  local seconds = tonumber(time[1])
  return seconds, seconds * 1000 + math.floor(tonumber(time[2]) / 1000)
end

--- Epoch milliseconds as a score in seconds that keeps them.
local function score(ms)
  return string.format('%.3f', ms / 1000)
end
