SELECT
  told.entity_id AS entity_id,
  told.revision AS revision,
  told.restated AS restated,
  CAST(COUNT(DISTINCT told.event_id) AS bigint) AS events
FROM (
  SELECT past.entity_id AS entity_id, past.revision AS revision, past.restated AS restated, past.event_id AS event_id
  FROM past
  UNION ALL
  SELECT
    entry_keys.entity_id AS entity_id, entry_keys.revision AS revision, entry_keys.restated AS restated,
    entry_keys.event_id AS event_id
  FROM entry_keys
  WHERE EXISTS (
    SELECT 1 FROM past
    WHERE past.entity_id = entry_keys.entity_id AND past.revision = entry_keys.revision
      AND past.restated = entry_keys.restated
  )
) AS told
GROUP BY told.entity_id, told.revision, told.restated
HAVING COUNT(DISTINCT told.event_id) > 1
