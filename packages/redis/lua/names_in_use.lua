#!lua flags=no-writes
--- Read which functions the schedules of a queue enqueue, and which jobs its workers know by name. Of very many, some.
-- @key workers set rq:workers:<q>
-- @arg prefix string
-- @arg queue  string
-- @reply {[schedules: string[], workers: int, shown: string[]]} name and function of each schedule that has a next
--   tick, soonest first; how many workers the queue has; of workers whose record is there, name and `job_names`, empty
--   for one that shows none
-- @include lib/attempt

local workersKey = KEYS[1]
local prefix, queue = ARGV[1], ARGV[2]
local MOST_READ = 250

local schedules, shown = {}, {}
for _, name in ipairs(attempt('ZRANGE', prefix .. 'schedules:' .. queue, 0, MOST_READ - 1) or {}) do
  schedules[#schedules + 1] = name
  schedules[#schedules + 1] = attempt('HGET', prefix .. 'schedule:' .. name, 'func') or ''
end

local workers = attempt('SCARD', workersKey) or 0
for _, key in ipairs(attempt('SRANDMEMBER', workersKey, MOST_READ) or {}) do
  if attempt('HEXISTS', key, 'birth') == 1 then
    shown[#shown + 1] = string.sub(key, #(prefix .. 'worker:') + 1)
    shown[#shown + 1] = attempt('HGET', key, 'job_names') or ''
  else
    workers = workers - 1
  end
end
return { schedules, workers, shown }
