--- Who has the name of a worker.
-- @include lib/attempt
-- @include lib/time

--- The instance other than `instance` that has a worker's record and counts as alive; nil if there is none. Its
-- `aliveUntil` and `untilMs` are nil for a worker of another program, which lives for as long as its record.
local function otherInstance(key, instance, nowMs)
  local known = attempt('HMGET', key, 'birth', 'death', 'instance', 'alive_until') or {}
  if not known[1] or known[2] or known[3] == instance then return nil end
  local seconds = tonumber(known[4] or nil)
  local untilMs = seconds and math.floor(seconds * 1000)
  if untilMs and untilMs <= nowMs then return nil end
  return { aliveUntil = known[4] or nil, untilMs = untilMs }
end
