SELECT
  positions.projection AS projection,
  positions.version AS version,
  positions."partition" AS "partition",
  positions."position" AS "position",
  positions.applied AS applied,
  positions.decoded - positions.applied AS superseded,
  positions.quarantined AS quarantined,
  positions.not_a_record AS not_a_record,
  nullif(positions.updated_at, '') AS updated_at
FROM positions
