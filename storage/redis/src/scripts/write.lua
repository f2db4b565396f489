-- Makes changes in their order, all or none. Answers how many rows each removed, -1 for one that
-- stored a row; -2 alone when a row to insert was there.
local tables = {}
for number = 1, tonumber(argument()) do
  local t = { rows = argument(), keys = argument(), key = numbers(argument()), indexes = {} }
  for i = 1, tonumber(argument()) do
    t.indexes[i] = { set = argument(), places = numbers(argument()) }
  end
  tables[number] = t
end

local undo = {}

-- Puts a row, or false for none, in the place of the one under the key, which is the answer.
local function replace(t, key, row)
  local old = redis.call('HGET', t.rows, key)
  local old_values, new_values = old and split(old), row and split(row)
  for _, index in ipairs(t.indexes) do
    local gone = old and pick(old_values, index.places) .. key
    local come = row and pick(new_values, index.places) .. key
    if gone ~= come then
      if gone then
        redis.call('ZREM', index.set, gone)
      end
      if come then
        redis.call('ZADD', index.set, 0, come)
      end
    end
  end
  if row then
    redis.call('HSET', t.rows, key, row)
    if not old then
      redis.call('ZADD', t.keys, 0, key)
    end
  elseif old then
    redis.call('HDEL', t.rows, key)
    redis.call('ZREM', t.keys, key)
  end
  return old
end

local function change(t, key, row)
  local old = replace(t, key, row)
  undo[#undo + 1] = { t, key, old }
  return old
end

local done = {}
while at < #ARGV do
  local what, t = argument(), tables[tonumber(argument())]
  local outcome = -1
  if what == 'put' then
    local row = argument()
    change(t, pick(split(row), t.key), row)
  elseif what == 'insert' then
    local row = argument()
    if change(t, pick(split(row), t.key), row) then
      -- Nobody has seen anything: a script is alone until its end.
      for i = #undo, 1, -1 do
        replace(undo[i][1], undo[i][2], undo[i][3])
      end
      return { -2 }
    end
  elseif what == 'delete' then
    outcome = change(t, argument(), false) and 1 or 0
  elseif what == 'part' then
    local number, lower, upper = tonumber(argument()), argument(), argument()
    local set, skipped = t.keys, 0
    if number > 0 then
      set, skipped = t.indexes[number].set, #t.indexes[number].places
    end
    local members = redis.call('ZRANGEBYLEX', set, lower, upper)
    for _, member in ipairs(members) do
      change(t, key_in(member, skipped), false)
    end
    outcome = #members
  else
    outcome = 0
  end
  done[#done + 1] = outcome
end
return done
