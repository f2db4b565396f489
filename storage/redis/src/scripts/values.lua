-- Rows and the members of sorted sets are encoded values, one after the other. This finds where
-- they end: see sestina_storage::ordered.
local function skip(octets, place)
  local tag = string.byte(octets, place)
  if tag == 1 or tag == 4 or tag == 5 then
    return place + 1
  elseif tag == 3 or tag == 7 then
    return place + 9
  end
  local _, last = string.find(octets, '\0\0', place + 1, true)
  return last + 1
end

-- The encoded values one by one.
local function split(row)
  local values, place = {}, 1
  while place <= #row do
    local after = skip(row, place)
    values[#values + 1] = string.sub(row, place, after - 1)
    place = after
  end
  return values
end

-- Some of the values, together.
local function pick(values, places)
  local some = {}
  for i, place in ipairs(places) do
    some[i] = values[place]
  end
  return table.concat(some)
end

-- The key at the end of a member, behind so many values.
local function key_in(member, count)
  local place = 1
  for _ = 1, count do
    place = skip(member, place)
  end
  return string.sub(member, place)
end

local function numbers(text)
  local all = {}
  for digits in string.gmatch(text, '%d+') do
    all[#all + 1] = tonumber(digits)
  end
  return all
end

local at = 0
local function argument()
  at = at + 1
  return ARGV[at]
end
