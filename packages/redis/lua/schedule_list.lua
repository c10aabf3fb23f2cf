#!lua flags=no-writes
--- List schedules by name, in the order of their bytes, each without the job that it enqueues. Ends when it has read
-- 8 MB, so that no call blocks Redis for long; the first schedule is always read.
-- @key schedules zset rq:schedules names
-- @arg prefix string
-- @arg after  string name to begin behind; empty: with the first one
-- @arg most   int    > 0
-- @arg fields... string of the hash of a schedule
-- @reply {[after: string | null, rows: string[][]]} where the next call begins, null: nowhere; of each schedule
--   its name, the id of its newest job, the status of that job, and its fields: empty where it has none
-- @include lib/attempt

local schedulesKey = KEYS[1]
local prefix, after, most = ARGV[1], ARGV[2], tonumber(ARGV[3])
local fields = { unpack(ARGV, 4) }
local MOST_READ = 8 * 1024 * 1024

local names = redis.call('ZRANGE', schedulesKey, after == '' and '-' or '(' .. after, '+', 'BYLEX', 'LIMIT', 0, most)
local rows, read, last = {}, 0, #names == most and names[most] or false
for _, name in ipairs(names) do
  local values = attempt('HMGET', prefix .. 'schedule:' .. name, unpack(fields))
  if values and values[1] then
    local id = (attempt('ZRANGE', prefix .. 'schedule-jobs:' .. name, -1, -1) or {})[1] or ''
    local status = id ~= '' and attempt('HGET', prefix .. 'job:' .. id, 'status') or ''
    local row = { name, id, status }
    for at = 1, #fields do
      row[#row + 1] = values[at] or ''
      read = read + #row[#row]
    end
    rows[#rows + 1] = row
  end
  if read > MOST_READ then
    last = name
    break
  end
end
return { last, rows }
