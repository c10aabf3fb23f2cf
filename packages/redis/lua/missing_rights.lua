#!lua flags=no-writes
--- Find out what the user of this connection may not do. No command is run.
-- @key queues set rq:queues only routes the call in a Cluster
-- @arg prefix string
-- @arg key    string
-- @arg calls... string a whole call: its name, of two words with a subcommand, a slash, its arguments behind spaces,
--   `%k` for the key. Redis 7.0 crashes when words are missing
-- @reply {string[] | null} the names of those that it may not send; `publish`, or channels such as `&rq:notify:*` that
--   it may not use; null if the server cannot say

local prefix, key = ARGV[1], ARGV[2]
if not redis.acl_check_cmd then return false end

--- A command that the server does not have is not allowed either.
local function isAllowed(...)
  local isKnown, allowed = pcall(redis.acl_check_cmd, ...)
  return isKnown and allowed
end

local missing = {}
for at = 3, #ARGV do
  local name, rest = string.match(ARGV[at], '^([^/]+)/?(.*)$')
  local words = {}
  for word in string.gmatch(name .. ' ' .. rest, '%S+') do words[#words + 1] = word == '%k' and key or word end
  if not isAllowed(unpack(words)) then missing[#missing + 1] = name end
end
local channels = {}
for _, kind in ipairs({ 'notify', 'events', 'listeners', 'pubsub' }) do
  local start = prefix .. kind .. ':'
  if not isAllowed('publish', start .. 'x', 'x') then channels[#channels + 1] = '&' .. start .. '*' end
end
if #channels == 4 then channels = { 'publish' } end
for _, right in ipairs(channels) do missing[#missing + 1] = right end
return missing
