#!lua flags=no-writes
--- Read jobs, without values that are too large for their reader. Ends when it has read 8 MB, so that no call blocks
-- Redis for long; the first job is always read.
-- @key first hash rq:job:<id> the first of them; only routes the call in a Cluster
-- @arg prefix  string
-- @arg largest int    bytes that a payload may have, see lib/fields
-- @arg ids...  string
-- @reply {[jobs: bytes[][], leftOut: bytes[]]} of as many jobs as were read, names and values of the hash; empty if
--   there is no such job, or its key is no hash. Of each value that was left out: the index of the job, name, bytes
-- @include lib/fields

local prefix, largest = ARGV[1], tonumber(ARGV[2])
local MOST_READ = 8 * 1024 * 1024

local jobs, leftOut, read = {}, {}, 0
for at = 3, #ARGV do
  local key = prefix .. 'job:' .. ARGV[at]
  local n = #jobs + 1
  if redis.call('TYPE', key).ok ~= 'hash' then
    jobs[n] = {}
  else
    local fields, bytes, without = readShown(key, largest)
    jobs[n] = fields
    for of = 1, without and #without or 0, 2 do
      local last = #leftOut
      leftOut[last + 1], leftOut[last + 2], leftOut[last + 3] = tostring(n - 1), without[of], tostring(without[of + 1])
    end
    read = read + bytes
    if read > MOST_READ then break end
  end
end
return { jobs, leftOut }
