#!lua flags=allow-oom
--- Read the jobs of a group. Members whose job is gone are dropped, and the group with its last member.
-- @key group set rq:group:<g>
-- @arg prefix string
-- @arg name   string
-- @reply {string[]} ids

local groupKey = KEYS[1]
local prefix, name = ARGV[1], ARGV[2]

local members = {}
for _, id in ipairs(redis.call('SMEMBERS', groupKey)) do
  if redis.call('EXISTS', prefix .. 'job:' .. id) == 1 then
    members[#members + 1] = id
  else
    redis.call('SREM', groupKey, id)
  end
end
if #members == 0 then redis.call('SREM', prefix .. 'groups', name) end
return members
