-- The rows whose members lie in a part of a sorted set.
local rows, set, skipped = argument(), argument(), tonumber(argument())
local descending = argument() == '1'
local lower, upper, limit = argument(), argument(), tonumber(argument())
local members
if descending then
  members = redis.call('ZREVRANGEBYLEX', set, upper, lower, 'LIMIT', 0, limit)
else
  members = redis.call('ZRANGEBYLEX', set, lower, upper, 'LIMIT', 0, limit)
end
local found = {}
-- In steps: Lua passes no more than some thousand arguments.
for first = 1, #members, 1000 do
  local keys = {}
  for i = first, math.min(first + 999, #members) do
    keys[#keys + 1] = key_in(members[i], skipped)
  end
  for _, row in ipairs(redis.call('HMGET', rows, unpack(keys))) do
    found[#found + 1] = row
  end
end
return found
