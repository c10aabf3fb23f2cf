#!lua flags=allow-oom
--- Take the turn to tidy what no other worker has tidied for an interval, and keep a turn for another interval: queues,
-- and what all queues share.
-- @key shared string rq:maintenance the instance whose turn it is
-- @arg prefix   string
-- @arg instance string
-- @arg forMs    int
-- @arg queues... string names
-- @reply {[shared: flag, queues: string[]]} whether it is the caller's turn to tidy what is shared; and which queues
-- @include lib/attempt

local sharedKey = KEYS[1]
local prefix, instance, forMs = ARGV[1], ARGV[2], ARGV[3]

local function take(key)
  local holder = attempt('GET', key)
  if holder and holder ~= instance then return false end
  redis.call('SET', key, instance, 'PX', forMs)
  return true
end

local taken = {}
for at = 4, #ARGV do
  if take(prefix .. 'maintenance:' .. ARGV[at]) then taken[#taken + 1] = ARGV[at] end
end
return { take(sharedKey) and 1 or 0, taken }
